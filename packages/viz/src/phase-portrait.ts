/** Phase portraits: trajectories in the plane over the vector field that moves them. */
import { ShapeError } from '@node-ode/core';
import { clip } from './clip.ts';
import type { Figure } from './figure.ts';
import { frame, type FrameOptions, type Plot } from './frame.ts';
import { ink } from './palette.ts';
import { checkSeries, drawSeries, heights, legendEntries, type Series } from './series.ts';
import { element, round } from './svg.ts';

/** Vectors (uᵢ, vᵢ) at points (xᵢ, yᵢ). */
export interface SampledField {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly u: ArrayLike<number>;
  readonly v: ArrayLike<number>;
}

/** A vector field: vectors at points, or a function that is asked on a grid over the picture. */
export type Field = SampledField | ((x: number, y: number) => readonly [number, number]);

/** What a phase portrait shows. */
export interface PhasePortraitOptions extends FrameOptions {
  readonly trajectories?: readonly Series[];
  /** Observations, drawn as markers unless they say otherwise. */
  readonly points?: readonly Series[];
  readonly field?: Field;
  /** Arrows along the longer side, for a field given as a function; 20 by default. */
  readonly arrows?: number;
}

interface Arrow {
  readonly x: number;
  readonly y: number;
  readonly u: number;
  readonly v: number;
}

/**
 * Trajectories and points in the plane over arrows of a vector field. Arrows point as the field does in the picture;
 * their length grows with the root of its strength, so that weak flow still shows its direction.
 *
 * @throws ShapeError if parts of a series or of the field differ in length.
 * @example
 * const { svg } = phasePortrait({
 *   x: { label: 'position', unit: 'm', domain: [-1, 1] },
 *   y: { label: 'velocity', unit: 'm/s', domain: [-1, 1] },
 *   field: (x, v) => [v, -x],
 * });
 */
export function phasePortrait(options: PhasePortraitOptions): Figure {
  const { trajectories = [], points = [], field, arrows = 20 } = options;
  const series = [...trajectories, ...points.map((p) => ({ points: true, ...p }))];
  checkSeries('phasePortrait', series);
  const sampled = field === undefined || typeof field === 'function' ? [] : [...vectors(field)];
  return frame(options, {
    xs: [...series.flatMap(({ x }) => Array.from(x)), ...sampled.map(({ x }) => x)],
    ys: [...heights(series), ...sampled.map(({ y }) => y)],
    entries: legendEntries(series),
    draw: (plot) => {
      const all = typeof field === 'function' ? sample(field, plot, arrows) : sampled;
      return [clip(plot, [drawArrows(all, plot)]), ...drawSeries(series, plot)];
    },
  });
}

function vectors({ x, y, u, v }: SampledField): Arrow[] {
  if ([y, u, v].some(({ length }) => length !== x.length)) {
    const lengths = [x, y, u, v].map(({ length }) => length).join(', ');
    throw new ShapeError('phasePortrait', `the field's x, y, u and v have ${lengths} values`, {
      expected: 'as many of each',
    });
  }
  return Array.from({ length: x.length }, (_, i) => ({
    x: x[i] ?? NaN,
    y: y[i] ?? NaN,
    u: u[i] ?? NaN,
    v: v[i] ?? NaN,
  }));
}

/** The field at the centres of cells that are about square in the picture. */
function sample(field: (x: number, y: number) => readonly [number, number], plot: Plot, arrows: number): Arrow[] {
  const cell = Math.max(plot.width, plot.height) / arrows;
  const [columns, rows] = [Math.max(1, Math.round(plot.width / cell)), Math.max(1, Math.round(plot.height / cell))];
  const at = ([low, high]: readonly [number, number], i: number, n: number): number =>
    low + ((high - low) * (i + 0.5)) / n;
  return Array.from({ length: columns * rows }, (_, i) => {
    const [x, y] = [at(plot.x.domain, i % columns, columns), at(plot.y.domain, Math.floor(i / columns), rows)];
    const [u, v] = field(x, y);
    return { x, y, u, v };
  });
}

/** Arrows in pixels: each is centred on its point and stays within its share of the area. */
function drawArrows(list: readonly Arrow[], plot: Plot): string {
  const [xUnit, yUnit] = [plot.width / span(plot.x.domain), -plot.height / span(plot.y.domain)];
  const placed = list
    .map(({ x, y, u, v }) => ({ x: plot.x.place(x), y: plot.y.place(y), u: u * xUnit, v: v * yUnit }))
    .filter((arrow) => Object.values(arrow).every(Number.isFinite));
  const strongest = Math.max(...placed.map(({ u, v }) => Math.hypot(u, v)));
  if (!(strongest > 0)) return '';
  const longest = 0.92 * Math.sqrt((plot.width * plot.height) / placed.length);
  const d = placed
    .filter(({ u, v }) => Math.hypot(u, v) > 0)
    .map(({ x, y, u, v }) => {
      const strength = Math.hypot(u, v);
      const length = Math.max(4, longest * Math.sqrt(strength / strongest));
      return arrowPath(x, y, (u / strength) * length, (v / strength) * length);
    });
  return element('path', {
    d: d.join(''),
    fill: 'none',
    stroke: ink.field,
    'stroke-width': 1.1,
    'stroke-linecap': 'round',
  });
}

const span = ([low, high]: readonly [number, number]): number => high - low;

/** A shaft centred on a point, with a head of two strokes. */
function arrowPath(x: number, y: number, dx: number, dy: number): string {
  const [tipX, tipY] = [x + dx / 2, y + dy / 2];
  const length = Math.hypot(dx, dy);
  const head = Math.min(5, 0.45 * length) / length;
  const barb = (side: number): string =>
    `M${round(tipX)},${round(tipY)}l${round(head * (-dx - side * 0.5 * dy))},${round(head * (-dy + side * 0.5 * dx))}`;
  return `M${round(x - dx / 2)},${round(y - dy / 2)}L${round(tipX)},${round(tipY)}${barb(1)}${barb(-1)}`;
}
