/** Orthogonal matrices, uniformly distributed (Saxe et al. 2014). */
import { array } from '@node-ode/core';
import { requireFinite } from '../options.ts';
import type { Initializer } from './initializer.ts';
import { fans } from './variance-scaling.ts';

/**
 * gain·Q, with orthonormal columns if a weight [inputs, outputs] is tall and orthonormal rows if it is wide; axes behind the
 * first are taken as one, so that the filters of a kernel [outputs, inputs, height, width] are orthonormal. Q is uniform (Haar): the Q of a normal matrix whose R has a positive diagonal.
 *
 * @throws ShapeError, when used, if the shape has fewer than two axes.
 * @example
 * const weight = orthogonal()(random(0), [50, 50]);
 */
export function orthogonal({ gain = 1 }: { readonly gain?: number } = {}): Initializer {
  requireFinite('orthogonal', 'gain', gain);
  return (random, shape, dtype = 'f32') => {
    fans(shape);
    const [rows = 1, ...rest] = shape;
    const columns = rest.reduce((product, extent) => product * extent, 1);
    const [long, short] = rows >= columns ? [rows, columns] : [columns, rows];
    const vectors = Array.from({ length: short }, () => Float64Array.from({ length: long }, () => random.normal()));
    orthonormalize(vectors);
    const data = new Float64Array(rows * columns);
    vectors.forEach((vector, j) =>
      vector.forEach((value, i) => {
        data[rows >= columns ? i * columns + j : j * columns + i] = gain * value;
      }),
    );
    return array(data, { shape, dtype });
  };
}

/** Gram–Schmidt in place, each vector projected twice, which is enough for orthogonality to rounding. */
function orthonormalize(vectors: readonly Float64Array[]): void {
  vectors.forEach((vector, j) => {
    for (let pass = 0; pass < 2; pass++) {
      for (const earlier of vectors.slice(0, j)) {
        const overlap = dot(earlier, vector);
        earlier.forEach((value, i) => (vector[i]! -= overlap * value));
      }
    }
    const norm = Math.sqrt(dot(vector, vector));
    vector.forEach((value, i) => (vector[i] = value / norm));
  });
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
