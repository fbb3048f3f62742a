/** Noise drawn on the host: an input of the graph, so that a run is its seed's on every engine. */
import { array, type FloatDType, type HostArray, type Random } from '@node-ode/core';

/** A distribution of mean 0 and covariance I. */
export type NoiseKind = 'rademacher' | 'gaussian';

const draws: Readonly<Record<NoiseKind, (random: Random) => number>> = {
  rademacher: (random) => (random.uniform() < 0.5 ? -1 : 1),
  gaussian: (random) => random.normal(),
};

/** An array of independent elements, in row-major order. */
export function drawNoise(
  kind: NoiseKind,
  random: Random,
  shape: readonly number[],
  dtype: FloatDType = 'f32',
): HostArray {
  const length = shape.reduce((product, extent) => product * extent, 1);
  return array(
    Float64Array.from({ length }, () => draws[kind](random)),
    { shape, dtype },
  );
}
