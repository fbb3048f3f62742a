/** Flow lines: the paths of particles in the plane, such as samples that a flow carries from noise to data. */
import { ShapeError } from '@node-ode/core';
import type { Figure } from './figure.ts';
import { frame, type FrameOptions } from './frame.ts';
import { checkSeries, drawSeries, legendEntries, type Series } from './series.ts';

/** Particles at several times: x[k] and y[k] are the positions of all of them at time k. */
export interface Particles {
  /** Shown in the legend; an empty name is not. */
  readonly name: string;
  readonly x: readonly ArrayLike<number>[];
  readonly y: readonly ArrayLike<number>[];
  /** Index into the palette, the position in the list by default. */
  readonly colour?: number;
}

/** What flow lines show. */
export interface FlowLinesOptions extends FrameOptions {
  readonly particles: readonly Particles[];
  /** Of the lines, from 0 to 1; 0.35 by default. */
  readonly opacity?: number;
}

/**
 * A faded line for the path of each particle, and a dot where it ends.
 *
 * @throws ShapeError if there are not as many particles at each time, or as many times for x as for y.
 * @example
 * const { svg } = flowLines({
 *   x: { label: 'z₁' },
 *   y: { label: 'z₂' },
 *   equal: true,
 *   particles: [{ name: 'samples', x: [[0, 1], [0.5, 1.2]], y: [[0, 0], [0.4, -0.3]] }],
 * });
 */
export function flowLines(options: FlowLinesOptions): Figure {
  const { opacity = 0.35 } = options;
  options.particles.forEach((group) => checkParticles('flowLines', group));
  const lines = options.particles.map((group, i) => pathsOf(group, i, opacity));
  const ends = options.particles.map((group, i) => endsOf(group, i));
  checkSeries('flowLines', [...lines, ...ends]);
  return frame(options, {
    xs: lines.flatMap(({ x }) => Array.from(x)),
    ys: lines.flatMap(({ y }) => Array.from(y)),
    entries: legendEntries(ends),
    draw: (plot) => drawSeries([...lines, ...ends], plot),
  });
}

/** @throws ShapeError if there are not as many particles at each time, or as many times for x as for y. */
export function checkParticles(operation: string, { name, x, y }: Particles): void {
  const count = x[0]?.length ?? 0;
  if (x.length === y.length && [...x, ...y].every(({ length }) => length === count)) return;
  const sizes = (rows: readonly ArrayLike<number>[]): string => rows.map(({ length }) => length).join(', ');
  throw new ShapeError(operation, `“${name}” has ${sizes(x)} x values and ${sizes(y)} y values at its times`, {
    expected: 'as many at each',
  });
}

/** All paths as one line with gaps between them. */
function pathsOf({ x, y, colour }: Particles, index: number, opacity: number): Series {
  const count = x[0]?.length ?? 0;
  const joined = (rows: readonly ArrayLike<number>[]): number[] =>
    Array.from({ length: count }, (_, i) => [...rows.map((row) => row[i] ?? NaN), NaN]).flat();
  return { name: '', x: joined(x), y: joined(y), width: 1, opacity, colour: colour ?? index };
}

const endsOf = ({ name, x, y, colour }: Particles, index: number): Series => ({
  name,
  x: x.at(-1) ?? [],
  y: y.at(-1) ?? [],
  points: 'dots',
  colour: colour ?? index,
});
