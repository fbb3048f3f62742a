/** Weights of the benchmarks' networks: made once from a seed, as f32 numbers, so that everyone computes with the same. */
import { random, toNested, type Random } from '@node-ode/core';
import { mlp, normal, zeros, type Initializer } from '@node-ode/nn';
import type { LayerWeights } from './problem.ts';

/** Standard normal rows, rounded to f32. */
export const normalRows = (rng: Random, rows: number, columns: number): readonly (readonly number[])[] =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(rng.normal())));

const layersOf = (
  sizes: readonly number[],
  seed: number,
  inits: { readonly weightInit?: Initializer; readonly biasInit?: Initializer },
): readonly LayerWeights[] =>
  mlp({ sizes, ...inits })
    .init(random(seed))
    .map(({ weight, bias }) => ({
      weight: toNested(weight) as readonly (readonly number[])[],
      bias: bias === undefined ? [] : (toNested(bias) as readonly number[]),
    }));

/** Uniform on ±gain/√inputs; with gain 1 the default of PyTorch and of equinox. */
export const uniformLayers = (sizes: readonly number[], seed: number, gain = 1): readonly LayerWeights[] =>
  layersOf(sizes, seed, {}).map(({ weight, bias }) => ({
    weight: weight.map((row) => row.map((x) => Math.fround(gain * x))),
    bias: bias.map((x) => Math.fround(gain * x)),
  }));

/** Weights normal with standard deviation 0.1, no biases: how torchdiffeq's ode_demo starts. */
export const demoLayers = (sizes: readonly number[], seed: number): readonly LayerWeights[] =>
  layersOf(sizes, seed, { weightInit: normal({ std: 0.1 }), biasInit: zeros() });

type Matrix2 = readonly [readonly [number, number], readonly [number, number]];

/**
 * A network x → tanh(x·W₁)·W₂ of two features that is about x → x·A, as a trained one would be: W₁ is random, small enough
 * to stay in tanh's steep part where |x| ≲ 1/`scale`, and W₂ = W₁⁺·A, with W₁⁺ = W₁ᵀ(W₁W₁ᵀ)⁻¹.
 */
export function layersLike(matrix: Matrix2, hidden: number, scale: number, seed: number): readonly LayerWeights[] {
  const rng = random(seed);
  const columns = normalRows(rng, hidden, 2).map(([a = NaN, b = NaN]) => [scale * a, scale * b] as const);
  const gram = (i: 0 | 1, j: 0 | 1): number => columns.reduce((sum, column) => sum + column[i] * column[j], 0);
  const [xx, xy, yy] = [gram(0, 0), gram(0, 1), gram(1, 1)];
  const determinant = xx * yy - xy * xy;
  const second = columns.map(([a, b]) => {
    const [p, q] = [(a * yy - b * xy) / determinant, (b * xx - a * xy) / determinant];
    return [0, 1].map((k) => Math.fround(p * (matrix[0][k] ?? NaN) + q * (matrix[1][k] ?? NaN)));
  });
  return [
    { weight: [0, 1].map((i) => columns.map((column) => Math.fround(column[i] ?? NaN))), bias: columns.map(() => 0) },
    { weight: second, bias: [0, 0] },
  ];
}
