/** Spirals of both directions: the data of the latent ODE of Chen et al. 2018. */
import {
  allocate,
  hostArray,
  OptionError,
  requireKnownOptions,
  type HostArray,
  type OptionNames,
} from '@node-ode/core';
import { atLeast, generated, generateNames, type Generated, type GenerateOptions } from '../generated.ts';

/** Pieces of spirals, their observations, and how they go on. */
export interface SpiralPieces {
  /** Times of the observed piece from its start, the same for all; shape [samples, points]. */
  readonly t: HostArray;
  /** Observed points, with noise; shape [samples, points, 2]. */
  readonly y: HostArray;
  /** 1 where a point is observed, else 0; shape [samples, points]. The first point is always observed. */
  readonly mask: HostArray;
  /** The points themselves; shape [samples, points, 2]. */
  readonly truth: HostArray;
  /** Times after the observed piece; shape [samples, future]. */
  readonly futureT: HostArray;
  /** The points after it, without noise: what an extrapolation is compared with; shape [samples, future, 2]. */
  readonly future: HostArray;
  /** 0 clockwise (winding in), 1 counter-clockwise (winding out), i32; shape [samples]. */
  readonly direction: HostArray;
}

/** How spirals are cut and observed. */
export interface BidirectionalSpiralOptions extends GenerateOptions {
  /** Points of a piece; 100 by default. */
  readonly points?: number;
  /** How many of them are observed, at random without repetition; all by default. The paper has 30, 50 and 100. */
  readonly observed?: number;
  /** Points after the piece; 100 by default. */
  readonly future?: number;
  /** Standard deviation of the Gaussian noise; 0.3 by default, as in the example. */
  readonly noise?: number;
}

const spiralNames: OptionNames<BidirectionalSpiralOptions> = {
  ...generateNames,
  points: true,
  observed: true,
  future: true,
  noise: true,
};

const [start, end, total] = [0, 6 * Math.PI, 500];
const [inner, growth] = [0, 0.3];

/** Where a spiral is at the k-th of its 500 angles. */
function pointOf(direction: number, k: number): readonly [number, number] {
  const angle = start + ((end - start) * k) / (total - 1);
  if (direction === 1) {
    const radius = inner + growth * angle;
    return [radius * Math.cos(angle) + 5, radius * Math.sin(angle)];
  }
  const backwards = end + 1 - angle;
  const radius = inner + (growth * 50) / backwards;
  return [radius * Math.cos(backwards) - 5, radius * Math.sin(backwards)];
}

/**
 * Spirals (Chen et al., "Neural Ordinary Differential Equations", 2018, section 5.1, with the constants of torchdiffeq's
 * latent_ode example): over 500 angles z from 0 to 6π, r = 0.3 z, (r cos z + 5, r sin z) counter-clockwise, or with
 * w = 6π + 1 − z, r = 15 / w, (r cos w − 5, r sin w) clockwise, each with probability ½. A sample is a piece of consecutive
 * points whose start is uniform among those that leave room for `future`; times are the angles since its start. For each sample
 * direction, start, observed points and noise are drawn, in this order.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const { t, y, mask } = bidirectionalSpirals({ observed: 30 }).all('train'); // [1000, 100], [1000, 100, 2], [1000, 100]
 */
export function bidirectionalSpirals(options: BidirectionalSpiralOptions = {}): Generated<SpiralPieces> {
  requireKnownOptions('bidirectionalSpirals', options, spiralNames);
  const { points = 100, observed = points, future = 100, dtype = 'f32' } = options;
  const noise = atLeast('bidirectionalSpirals', 'noise', options.noise ?? 0.3, 0);
  const isPossible = [points, observed, future].every(Number.isInteger) && observed >= 1 && observed <= points;
  if (!isPossible || points < 2 || future < 1 || points + future > total) {
    throw new OptionError('bidirectionalSpirals', `points ${points}, observed ${observed}, future ${future}`, {
      expected: `integers: at least 2 points, 1 … points of them observed, at least 1 after them, and at most ${total} together`,
    });
  }
  const step = (end - start) / (total - 1);
  return generated('bidirectional-spirals', options, (random, count) => {
    const make = (...shape: readonly number[]): HostArray =>
      hostArray(
        allocate(
          dtype,
          shape.reduce((size, extent) => size * extent, count),
        ),
        [count, ...shape],
        dtype,
      );
    const sample = {
      t: make(points),
      y: make(points, 2),
      mask: make(points),
      truth: make(points, 2),
      futureT: make(future),
      future: make(future, 2),
      direction: hostArray(new Int32Array(count), [count], 'i32'),
    };
    for (let i = 0; i < count; i++) {
      const direction = random.integer(2);
      const first = random.integer(total - points - future + 1);
      const chosen = random.shuffle(points - 1).subarray(0, observed - 1);
      sample.direction.data[i] = direction;
      sample.mask.data[i * points] = 1;
      for (const k of chosen) sample.mask.data[i * points + k + 1] = 1;
      for (let k = 0; k < points; k++) {
        const at = i * points + k;
        const point = pointOf(direction, first + k);
        sample.t.data[at] = k * step;
        sample.truth.data.set(point, 2 * at);
        sample.y.data.set(
          point.map((value) => value + noise * random.normal()),
          2 * at,
        );
      }
      for (let k = 0; k < future; k++) {
        const at = i * future + k;
        sample.futureT.data[at] = (points + k) * step;
        sample.future.data.set(pointOf(direction, first + points + k), 2 * at);
      }
    }
    return sample;
  });
}
