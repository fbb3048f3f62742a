/** Data sets of trajectories of a differential equation. */
import {
  allocate,
  hostArray,
  OptionError,
  type FloatDType,
  type HostArray,
  type OptionNames,
  type Random,
} from '@node-ode/core';
import type { HostDynamics } from '../../spiral/extrapolate.ts';
import { atLeast, generated, generateNames, type Generated, type GenerateOptions } from '../generated.ts';
import { statesAt } from './solve.ts';

/** Observed trajectories. */
export interface TrajectorySample {
  /** Increasing times, for each sample its own, from 0; shape [samples, times]. `perSample` solves take them as they are. */
  readonly t: HostArray;
  /** What was observed: states, with noise if it was asked for; shape [samples, times, dimensions]. */
  readonly y: HostArray;
  /** The states themselves; shape [samples, times, dimensions]. */
  readonly truth: HostArray;
}

/** Which times trajectories are observed at, and how well. */
export interface TrajectoryOptions extends GenerateOptions {
  /** Times of a trajectory; 100 by default. */
  readonly points?: number;
  /** The last time, or what irregular times are less than. */
  readonly end?: number;
  /** Irregular times: the first is 0, the others are uniform in (0, end), other ones for each sample; false by default. */
  readonly irregular?: boolean;
  /** Standard deviation of the Gaussian noise on each component; 0 by default. */
  readonly noise?: number;
  /** Where all trajectories start; by default they start at random, as each generator says. */
  readonly y0?: readonly number[];
}

/** The names of its options; a system adds its parameters. */
export const trajectoryNames: OptionNames<TrajectoryOptions> = {
  ...generateNames,
  points: true,
  end: true,
  irregular: true,
  noise: true,
  y0: true,
};

/** A system of differential equations. */
export interface System {
  readonly name: string;
  /** Names of the state's components. */
  readonly components: readonly string[];
  /** The last time, by default. */
  readonly end: number;
  readonly dynamics: HostDynamics;
  /** A state to start from. */
  readonly start: (random: Random) => readonly number[];
}

/**
 * Trajectories of any system dy/dt = f(t, y) in plain numbers, solved to about the precision of doubles (Gragg's extrapolation, of
 * order 16). For a sample start, times and noise are drawn, in this order.
 *
 * @throws OptionError if an option is out of range; ExecutionError if the system is stiff or its solution ends.
 * @example
 * const decay = trajectories(
 *   { name: 'decay', components: ['x'], end: 1, dynamics: (_t, [x = 0]) => [-x], start: (random) => [random.uniform()] },
 *   { points: 20, noise: 0.01, seed: 1 },
 * );
 * decay.all('train').y.shape; // [100, 20, 1]
 */
export function trajectories(system: System, options: TrajectoryOptions = {}): Generated<TrajectorySample> {
  const { name, components, dynamics } = system;
  const { points = 100, irregular = false, y0, dtype = 'f32', train = 100, test = 20 } = options;
  const end = options.end ?? system.end;
  const noise = atLeast(name, 'noise', options.noise ?? 0, 0);
  if (!Number.isInteger(points) || points < 2 || !(end > 0 && Number.isFinite(end))) {
    throw new OptionError(name, `points ${points}, end ${end}`, {
      expected: 'at least two points, and an end after 0',
    });
  }
  if (y0 !== undefined && (y0.length !== components.length || !y0.every(Number.isFinite))) {
    throw new OptionError(name, `y0 [${y0.join(', ')}]`, { expected: `finite numbers: ${components.join(', ')}` });
  }
  return generated(name, { ...options, train, test }, (random, count) => {
    const size = [count, points, components.length] as const;
    const [t, truth, y] = [allocate(dtype, count * points), zeros(size, dtype), zeros(size, dtype)];
    for (let i = 0; i < count; i++) {
      const start = y0 ?? system.start(random);
      const times = irregular ? irregularTimes(random, points, end, dtype) : evenTimes(points, end);
      const states = statesAt(dynamics, start, times).flat();
      t.set(times, i * points);
      truth.data.set(states, i * states.length);
      y.data.set(noise === 0 ? states : states.map((value) => value + noise * random.normal()), i * states.length);
    }
    return { t: hostArray(t, [count, points], dtype), y, truth };
  });
}

const zeros = (shape: readonly [number, number, number], dtype: FloatDType): HostArray =>
  hostArray(allocate(dtype, shape[0] * shape[1] * shape[2]), shape, dtype);

/** From 0 to `end`, both included. */
export const evenTimes = (points: number, end: number): number[] =>
  Array.from({ length: points }, (_, i) => (end * i) / (points - 1));

/** Increasing even when they are rounded to the dtype. */
function irregularTimes(random: Random, points: number, end: number, dtype: FloatDType): number[] {
  const round = dtype === 'f32' ? Math.fround : (x: number) => x;
  const times = new Set([0]);
  for (let tries = 0; times.size < points; tries++) {
    if (tries > 100 * points) {
      throw new OptionError('trajectories', `points ${points} at irregular times`, {
        expected: `fewer than there are times of ${dtype}`,
      });
    }
    times.add(round(end * random.uniform()));
  }
  return [...times].sort((a, b) => a - b);
}
