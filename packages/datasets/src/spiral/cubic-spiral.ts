/** The cubic spiral of torchdiffeq's ode_demo: y' = (y³)A, from (2, 0), t from 0 to 25. */
import {
  array,
  OptionError,
  random as generator,
  requireKnownOptions,
  type Dataset,
  type FloatDType,
  type HostArray,
  type Random,
} from '@node-ode/core';
import { chunks, inOrder, iterable, positiveInteger, splitOf } from '../memory/splits.ts';
import { extrapolate } from './extrapolate.ts';

/** Windows of the trajectory: where they start, the times since then, and the states at those. */
export interface SpiralSample {
  /** Shape [batch, 2]. */
  readonly y0: HostArray;
  /** Times since the window's start, the same for all, the first 0; shape [time]. */
  readonly t: HostArray;
  /** Shape [time, batch, 2]. */
  readonly y: HostArray;
}

/** A data set with the trajectory that it was cut from. */
export interface CubicSpiral extends Dataset<SpiralSample> {
  /** Without noise: `t` of shape [points], `y` of shape [points, 2]. */
  readonly trajectory: { readonly t: HostArray; readonly y: HostArray };
  /** `batchSize` different windows of `train` at random, independently of earlier ones: ode_demo's batch. */
  draw(random: Random, batchSize?: number): SpiralSample;
}

/** What the spiral is made of. */
export interface CubicSpiralOptions {
  /** Evenly spaced times from 0 to 25, both included; 1000 by default. */
  readonly points?: number;
  /** Standard deviation of the Gaussian noise on the states of `train`; 0 by default. */
  readonly noise?: number;
  /** Of the noise; 0 by default. */
  readonly seed?: number;
  /** Times in a window; 10 by default. */
  readonly batchTime?: number;
  /** `f32` by default. */
  readonly dtype?: FloatDType;
}

const end = 25;
const start = [2, 0];
/** A of y' = (y³)A, where y is a row and y³ its elementwise cube. */
const matrix = { xx: -0.1, xy: 2, yx: -2, yy: -0.1 };

const dynamics = (_t: number, [x = NaN, y = NaN]: readonly number[]): number[] => {
  const [x3, y3] = [x ** 3, y ** 3];
  return [matrix.xx * x3 + matrix.yx * y3, matrix.xy * x3 + matrix.yy * y3];
};

/** The states at evenly spaced times, exact to about 1e-12. */
function solve(points: number): number[][] {
  const states = [start];
  const interval = end / (points - 1);
  // steps no longer than the 0.025 for which the extrapolation is exact to rounding
  const substeps = Math.ceil(interval / 0.025 - 1e-9);
  const h = interval / substeps;
  for (let i = 1, y = start; i < points; i++) {
    for (let k = 0; k < substeps; k++) y = extrapolate(dynamics, 0, y, h);
    states.push(y);
  }
  return states;
}

/**
 * The data of torchdiffeq's ode_demo. The split `train` has a sample for each window of `batchTime` consecutive points
 * (as in ode_demo, but for the last one); `test` has one sample, the whole trajectory without noise.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const spiral = cubicSpiral();
 * const { y0, t, y } = spiral.draw(random(42)); // shapes [20, 2], [10], [10, 20, 2]
 */
export function cubicSpiral(options: CubicSpiralOptions = {}): CubicSpiral {
  requireKnownOptions('cubicSpiral', options, {
    points: true,
    noise: true,
    seed: true,
    batchTime: true,
    dtype: true,
  });
  const { points = 1000, noise = 0, seed = 0, batchTime = 10, dtype = 'f32' } = options;
  positiveInteger('cubicSpiral', 'batchTime', batchTime);
  if (!Number.isInteger(points) || points < batchTime + 1 || points < 2 || !(noise >= 0)) {
    throw new OptionError('cubicSpiral', `points ${points}, batchTime ${batchTime}, noise ${noise}`, {
      expected: 'an integer number of points that exceeds batchTime, and noise that is not negative',
    });
  }
  const times = Array.from({ length: points }, (_, i) => (end * i) / (points - 1));
  const exact = solve(points);
  const source = generator(seed);
  const observed = noise === 0 ? exact : exact.map((y) => y.map((value) => value + noise * source.normal()));

  const windows = (states: readonly number[][], starts: ArrayLike<number>, length: number): SpiralSample => {
    const from = Array.from(starts);
    const rows = Array.from({ length }, (_, k) => from.flatMap((s) => states[s + k] ?? []));
    return {
      y0: array(rows[0] ?? [], { dtype, shape: [from.length, 2] }),
      t: array(times.slice(0, length), { dtype }),
      y: array(rows.flat(), { dtype, shape: [length, from.length, 2] }),
    };
  };
  const splits = {
    train: { count: points - batchTime, at: (starts: ArrayLike<number>) => windows(observed, starts, batchTime) },
    test: { count: 1, at: () => windows(exact, [0], points) },
  };
  const split = (name: string) => splitOf('cubic-spiral', splits, name);
  return {
    name: 'cubic-spiral',
    splits: Object.keys(splits),
    trajectory: { t: array(times, { dtype }), y: array(exact.flat(), { dtype, shape: [points, 2] }) },
    size: (name) => split(name).count,
    all: (name) => split(name).at(inOrder(split(name).count)),
    batches: (name, { batchSize, random, dropLast = false }) => {
      const { count, at } = split(name);
      positiveInteger('cubic-spiral.batches', 'batchSize', batchSize);
      const indices = random === undefined ? inOrder(count) : random.shuffle(count);
      return iterable(function* () {
        for (const starts of chunks(indices, batchSize, dropLast)) yield at(starts);
      });
    },
    draw: (random, batchSize = 20) => {
      const { count, at } = splits.train;
      positiveInteger('cubic-spiral.draw', 'batchSize', batchSize);
      if (batchSize > count) {
        throw new OptionError('cubic-spiral.draw', `batchSize ${batchSize}`, { expected: `at most ${count} windows` });
      }
      return at(random.shuffle(count).subarray(0, batchSize));
    },
  };
}
