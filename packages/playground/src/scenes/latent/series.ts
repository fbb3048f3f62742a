/** Pieces of spirals as the latent ODE sees them: a few noisy points of each, and times that all have in common. */
import { hostArray, type HostArray } from '@node-ode/core';
import type { SpiralPieces } from '@node-ode/datasets';

/** Series side by side. */
export interface HostSeries {
  readonly t: HostArray;
  readonly y: HostArray;
  readonly mask: HostArray;
}

/** Some pieces. */
export interface Pieces {
  readonly count: number;
  /** The observed points alone, each series at times of its own: [pieces, observed]. */
  readonly observed: HostSeries;
  /** The same points among the times of all: t [points], y and mask [pieces, points, 2]. */
  readonly grid: HostSeries;
  /** Without noise, with what comes after: [pieces, points + future, 2]. */
  readonly truth: HostArray;
  some(indices: ArrayLike<number>): Omit<Pieces, 'some'>;
}

/** Spirals have radii of up to 5.7: networks like numbers near one. */
const scale = 1 / 4;

/** Pieces, scaled. All have equally many observed points. */
export function piecesOf({ t, y, mask, truth, future }: SpiralPieces): Pieces {
  const [count = 0, points = 0] = t.shape;
  const after = future.shape[1] ?? 0;
  const places = Array.from(mask.data.keys()).filter((i) => mask.data[i] === 1);
  const observed = places.length / count;
  const one = (i: number): number => scale * (y.data[i] ?? NaN);
  return pieces({
    count,
    observed: {
      t: filled([count, observed], (i) => t.data[places[i] ?? 0] ?? NaN),
      y: filled([count, observed, 2], (i) => one(2 * (places[i >> 1] ?? 0) + (i % 2))),
      mask: filled([count, observed, 2], () => 1),
    },
    grid: {
      t: filled([points], (k) => t.data[k] ?? NaN),
      y: filled([count, points, 2], one),
      mask: filled([count, points, 2], (i) => mask.data[i >> 1] ?? 0),
    },
    truth: filled([count, points + after, 2], (i) => {
      const [piece, place] = [Math.floor(i / (2 * (points + after))), i % (2 * (points + after))];
      const within = place < 2 * points;
      const value = within
        ? truth.data[2 * points * piece + place]
        : future.data[2 * after * piece + place - 2 * points];
      return scale * (value ?? NaN);
    }),
  });
}

const pieces = (all: Omit<Pieces, 'some'>): Pieces => ({
  ...all,
  some: (indices) => ({
    count: indices.length,
    observed: {
      t: rows(all.observed.t, indices),
      y: rows(all.observed.y, indices),
      mask: rows(all.observed.mask, indices),
    },
    grid: { t: all.grid.t, y: rows(all.grid.y, indices), mask: rows(all.grid.mask, indices) },
    truth: rows(all.truth, indices),
  }),
});

/** Some rows of an array. */
function rows(array: HostArray, indices: ArrayLike<number>): HostArray {
  const size = array.data.length / (array.shape[0] ?? 1);
  return filled(
    [indices.length, ...array.shape.slice(1)],
    (i) => array.data[(indices[Math.floor(i / size)] ?? 0) * size + (i % size)] ?? NaN,
  );
}

function filled(shape: readonly number[], of: (i: number) => number): HostArray {
  const length = shape.reduce((a, b) => a * b, 1);
  return hostArray(
    Float32Array.from({ length }, (_, i) => of(i)),
    shape,
    'f32',
  );
}
