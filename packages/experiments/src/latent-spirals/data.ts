/** Spirals as both models see them: what is observed of each, and where it goes on. */
import { hostArray, type HostArray } from '@node-ode/core';
import { bidirectionalSpirals, type SpiralPieces } from '@node-ode/datasets';

/** A batch of series on the host. */
export interface HostSeries {
  readonly t: HostArray;
  readonly y: HostArray;
  readonly mask: HostArray;
}

/** Spirals of one split. */
export interface Spirals {
  /** Observed points alone, at times of each spiral: t [samples, observed], y and mask [samples, observed, 2]. */
  readonly observed: HostSeries;
  /** The same points among all times of a piece, which are the same for all: t [points]. */
  readonly grid: HostSeries;
  /** The points without noise, at all times of a piece and at those after it: [samples, points, 2], [samples, future, 2]. */
  readonly truth: HostArray;
  readonly future: HostArray;
  /** The times after a piece: [future]. */
  readonly futureT: HostArray;
  readonly direction: HostArray;
}

/**
 * Both splits, the same spirals whatever the number of observed points. Pieces to test on leave room for 100 points behind them;
 * those to train on lie anywhere: otherwise the last fifth of the spirals, where clockwise ones widen from a radius of 3 to
 * one of 15, would be asked of models that never saw any of it.
 */
export function spirals(options: { readonly observed: number; readonly train: number; readonly test: number }): {
  readonly train: Spirals;
  readonly test: Spirals;
} {
  const { observed, train, test } = options;
  return {
    train: spiralsOf(bidirectionalSpirals({ seed: 0, observed, future: 1, train, test }).all('train')),
    test: spiralsOf(bidirectionalSpirals({ seed: 0, observed, train, test }).all('test')),
  };
}

function spiralsOf({ t, y, mask, truth, future, futureT, direction }: SpiralPieces): Spirals {
  const [samples = 0, points = 0] = t.shape;
  const twice = filled([samples, points, 2], (i) => mask.data[Math.floor(i / 2)] ?? 0);
  const row = (x: HostArray): HostArray => hostArray(x.data.slice(0, x.shape[1]), [x.shape[1] ?? 0], 'f32');
  return {
    observed: observedOf({ t, y, mask: twice }, mask),
    grid: { t: row(t), y, mask: twice },
    ...{ truth, future, futureT: row(futureT), direction },
  };
}

/** The observed points of each series, side by side: all series have equally many. */
function observedOf({ t, y }: HostSeries, isObserved: HostArray): HostSeries {
  const [samples = 0] = t.shape;
  const places = Array.from(isObserved.data.keys()).filter((i) => isObserved.data[i] === 1);
  const count = places.length / samples;
  return {
    t: filled([samples, count], (i) => t.data[places[i] ?? 0] ?? NaN),
    y: filled([samples, count, 2], (i) => y.data[2 * (places[i >> 1] ?? 0) + (i % 2)] ?? NaN),
    mask: filled([samples, count, 2], () => 1),
  };
}

function filled(shape: readonly number[], of: (i: number) => number): HostArray {
  const length = shape.reduce((a, b) => a * b, 1);
  return hostArray(
    Float32Array.from({ length }, (_, i) => of(i)),
    shape,
    'f32',
  );
}

/** Some series of a batch. */
export const someOf = <T extends HostArray>(x: T, indices: Int32Array): HostArray => {
  const size = x.data.length / (x.shape[0] ?? 1);
  return filled(
    [indices.length, ...x.shape.slice(1)],
    (i) => x.data[(indices[Math.floor(i / size)] ?? 0) * size + (i % size)] ?? NaN,
  );
};
