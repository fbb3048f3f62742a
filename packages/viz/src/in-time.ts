/** States and densities in time: panels at some times beside each other, or one moment of a flow as a frame of an animation. */
import { OptionError, ShapeError } from '@node-ode/core';
import type { Axis } from './axis.ts';
import type { Cells } from './cells.ts';
import type { ColourMap } from './colour-map.ts';
import { extentOf, spreadOver, timeTitle } from './extent.ts';
import type { Figure } from './figure.ts';
import { checkParticles, type Particles } from './flow-lines.ts';
import type { FrameOptions } from './frame.ts';
import { grid } from './grid.ts';
import { heatMap } from './heat-map.ts';
import { phasePortrait, type Field } from './phase-portrait.ts';
import { scatter } from './scatter.ts';
import type { Series } from './series.ts';

/** How panels are laid out; each is `width` × `height`, 240 × 260 by default. */
export interface PanelOptions extends FrameOptions {
  /** When: one for each row of what is shown. */
  readonly times: ArrayLike<number>;
  /** How many of the times are shown, the first and the last among them; 4 by default. */
  readonly panels?: number;
  /** Panels in a row; all by default. */
  readonly columns?: number;
}

/** What the evolution of features shows: points of classes at several times. */
export interface FeatureEvolutionOptions extends PanelOptions {
  readonly particles: readonly Particles[];
}

/**
 * Points of classes at times, such as the features of a Neural ODE on their way from input to output: a panel for each time,
 * all over one range.
 *
 * @throws ShapeError if there are not as many rows of points as times, or not as many points in each.
 * @example
 * const { svg } = featureEvolution({
 *   x: { label: 'h₁' },
 *   y: { label: 'h₂' },
 *   times: [0, 1],
 *   panels: 2,
 *   particles: [{ name: 'class A', x: [[0, 1], [2, 3]], y: [[0, 0], [1, 1]] }],
 * });
 */
export function featureEvolution(options: FeatureEvolutionOptions): Figure {
  const { particles, times } = options;
  checkTimes('featureEvolution', particles, times);
  const framed = { ...size, ...options, ...fixedAxes(options, particles) };
  return panels('featureEvolution', options, (k) => {
    const series = particles.map(({ name, x, y, colour }, i) => ({
      name,
      x: x[k] ?? [],
      y: y[k] ?? [],
      points: (x[k]?.length ?? 0) > mostMarkers ? ('dots' as const) : true,
      colour: colour ?? i,
    }));
    return scatter({ ...framed, title: timeTitle(times[k] ?? NaN), series });
  });
}

/** What the evolution of a density shows. */
export interface DensityEvolutionOptions extends PanelOptions {
  readonly cells: Cells;
  /** A row for each time, of one value for each cell. */
  readonly values: readonly ArrayLike<number>[];
  /** What the colours measure; `density` by default, from zero to the largest of all times. */
  readonly value?: Axis;
  /** `viridis` by default. */
  readonly colours?: ColourMap;
}

/**
 * A density over the plane at times: a panel for each, all in one scale of colours, whose bar stands beside the last of a row.
 *
 * @throws ShapeError if there are not as many rows of values as times, or not a value for each cell.
 * @example
 * const square = cells({ x: [-3, 3], y: [-3, 3] });
 * const spreading = (variance: number) =>
 *   square.centres.x.map((x, i) => Math.exp(-(x ** 2 + (square.centres.y[i] ?? 0) ** 2) / (2 * variance)) / (2 * Math.PI * variance));
 * const { svg } = densityEvolution({
 *   x: { label: 'z₁' },
 *   y: { label: 'z₂' },
 *   cells: square,
 *   times: [0, 1],
 *   panels: 2,
 *   values: [spreading(0.2), spreading(1)],
 * });
 */
export function densityEvolution(options: DensityEvolutionOptions): Figure {
  const { values, times, columns = Infinity } = options;
  if (values.length !== times.length) {
    throw new ShapeError('densityEvolution', `${values.length} densities at ${times.length} times`, {
      expected: 'one for each time',
    });
  }
  const value = { label: 'density', domain: [0, extentOf(values)[1]] as const, ...options.value };
  return panels('densityEvolution', options, (k, position, count) => {
    const title = timeTitle(times[k] ?? NaN);
    const panel = { ...size, ...options, equal: true, title, values: values[k] ?? [], value };
    const plain = heatMap({ ...panel, bar: false });
    if ((position + 1) % columns !== 0 && position !== count - 1) return plain;
    return heatMap({ ...panel, height: plain.height, width: plain.width + roomForBar });
  });
}

/** One moment of a flow. */
export interface FlowAtOptions extends FrameOptions {
  readonly particles: readonly Particles[];
  /** When the particles are where their rows say; they grow or they fall. */
  readonly times: ArrayLike<number>;
  /** The moment that is shown, between the first and the last of the times. */
  readonly time: number;
  /** For how long before the moment a particle's path is shown; none by default. */
  readonly trail?: number;
  /** What moves the particles at this moment. */
  readonly field?: Field;
  /** Arrows along the longer side, for a field given as a function; 20 by default. */
  readonly arrows?: number;
}

/**
 * Particles at one moment of a flow, on straight lines between the times that are known, with the tails of their paths and the
 * vector field that moves them. Axes have one range for all times: give it to `animate`.
 *
 * @throws ShapeError if there are not as many rows of points as times, or not as many points in each.
 * @throws OptionError if `time` is not between the first and the last of the times, or `trail` is negative.
 * @example
 * const particles = [{ name: 'samples', x: [[0, 1], [2, 3]], y: [[0, 0], [1, 1]] }];
 * const flow = animate((time) =>
 *   flowAt({ x: { label: 'z₁' }, y: { label: 'z₂' }, particles, times: [0, 1], time, trail: 0.2 }),
 * );
 */
export function flowAt(options: FlowAtOptions): Figure {
  const { particles, times, time, trail = 0 } = options;
  checkTimes('flowAt', particles, times);
  checkMoment(times, time, trail);
  const since = Array.from(times).filter((t) => t !== time && between(t, time - direction(times) * trail, time));
  const first = clamp(times, time - direction(times) * trail);
  const trails = trail === 0 ? [] : particles.map((group, i) => tail(group, i, times, [first, ...since, time]));
  const heads = particles.map(({ name, colour, x, y }, i): Series => ({
    name,
    x: at(x, times, time),
    y: at(y, times, time),
    points: 'dots',
    colour: colour ?? i,
  }));
  return phasePortrait({
    title: timeTitle(time),
    ...options,
    ...fixedAxes(options, particles),
    trajectories: trails,
    points: heads,
  });
}

const size = { width: 240, height: 260 };
/** Enough for a bar with its numbers and its name. */
const roomForBar = 120;
/** Panels are small: more points than this are dots. */
const mostMarkers = 60;

function panels(
  operation: string,
  { title, times, panels: count = 4, columns, ...options }: PanelOptions,
  draw: (index: number, position: number, count: number) => Figure,
): Figure {
  if (!Number.isInteger(count) || count < 1) {
    throw new OptionError(operation, `panels ${count}`, { expected: 'a positive integer' });
  }
  if (options.x.scale === 'log' || options.y.scale === 'log') {
    throw new OptionError(operation, 'a logarithmic axis', { expected: 'linear axes x and y' });
  }
  const shown = spreadOver(times.length, count);
  const drawn = shown.map((index, position) => draw(index, position, shown.length));
  return grid(drawn, {
    columns: columns ?? Math.max(1, drawn.length),
    gap: 0,
    ...(title === undefined ? {} : { title }),
  });
}

/** The axes with the range of all times. */
const fixedAxes = ({ x, y }: Pick<FrameOptions, 'x' | 'y'>, particles: readonly Particles[]) => ({
  x: { domain: extentOf(particles.flatMap((group) => group.x)), ...x },
  y: { domain: extentOf(particles.flatMap((group) => group.y)), ...y },
});

function checkTimes(operation: string, particles: readonly Particles[], times: ArrayLike<number>): void {
  for (const group of particles) {
    checkParticles(operation, group);
    if (group.x.length !== times.length) {
      throw new ShapeError(operation, `“${group.name}” is at ${group.x.length} places for ${times.length} times`, {
        expected: 'one row of positions for each time',
      });
    }
  }
}

const last = (times: ArrayLike<number>): number => times[times.length - 1] ?? NaN;
const direction = (times: ArrayLike<number>): 1 | -1 => (last(times) < (times[0] ?? NaN) ? -1 : 1);
const between = (value: number, a: number, b: number): boolean => value >= Math.min(a, b) && value <= Math.max(a, b);
const clamp = (times: ArrayLike<number>, value: number): number => {
  const [low, high] = [Math.min(times[0] ?? NaN, last(times)), Math.max(times[0] ?? NaN, last(times))];
  return Math.min(high, Math.max(low, value));
};

function checkMoment(times: ArrayLike<number>, time: number, trail: number): void {
  if (!between(time, times[0] ?? NaN, last(times))) {
    throw new OptionError('flowAt', `time ${time}`, { expected: `a time from ${times[0]} to ${last(times)}` });
  }
  if (!(trail >= 0)) throw new OptionError('flowAt', `trail ${trail}`, { expected: 'zero or more' });
}

/** Positions at a time, on straight lines between the rows before and after it. */
function at(rows: readonly ArrayLike<number>[], times: ArrayLike<number>, time: number): number[] {
  const after = Math.max(
    1,
    Array.from(times).findIndex((t, k) => k > 0 && between(time, times[k - 1] ?? NaN, t)),
  );
  const [from = NaN, to = from] = [times[after - 1], times[after]];
  const [before, next] = [rows[after - 1] ?? [], rows[after] ?? rows[after - 1] ?? []];
  const part = to === from ? 0 : (time - from) / (to - from);
  return Array.from({ length: before.length }, (_, i) => {
    const start = before[i] ?? NaN;
    return start + part * ((next[i] ?? NaN) - start);
  });
}

/** The paths of a group over some moments, as one line with gaps between particles. */
function tail(
  { x, y, colour }: Particles,
  index: number,
  times: ArrayLike<number>,
  moments: readonly number[],
): Series {
  const [xs, ys] = [x, y].map((rows) => moments.map((moment) => at(rows, times, moment)));
  const joined = (rows: readonly number[][] = []): number[] =>
    Array.from({ length: x[0]?.length ?? 0 }, (_, i) => [...rows.map((row) => row[i] ?? NaN), NaN]).flat();
  return { name: '', x: joined(xs), y: joined(ys), width: 1.2, opacity: 0.4, colour: colour ?? index };
}
