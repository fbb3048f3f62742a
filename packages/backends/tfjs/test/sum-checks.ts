/** Sums of many elements, which one f32 after the other would lose the last bits of. */
import { array, compile, type Tensor } from '@node-ode/core';
import { expect, it } from 'vitest';
import type { TfjsBackend } from '../src/index.ts';

interface Case {
  readonly name: string;
  readonly shape: readonly number[];
  /** Its elements are all one number. */
  readonly fn: (x: Tensor) => Tensor;
  /** That number for elements of 1. */
  readonly count: number;
  /** The factors in each product. */
  readonly factors?: number;
}

const n = 65536;

const cases: readonly Case[] = [
  { name: 'a sum of all', shape: [n], fn: (x) => x.sum(), count: n },
  { name: 'a sum of rows', shape: [3, n], fn: (x) => x.sum({ axes: [1] }), count: n },
  { name: 'a sum of columns', shape: [n, 3], fn: (x) => x.sum({ axes: [0], keepDims: true }), count: n },
  { name: 'a sum over axes that are apart', shape: [256, 2, 256], fn: (x) => x.sum({ axes: [2, 0] }), count: n },
  { name: 'a sum over axes in the middle', shape: [2, 256, 1, 256, 3], fn: (x) => x.sum({ axes: [1, 3] }), count: n },
  { name: 'a mean of all', shape: [n], fn: (x) => x.mean(), count: 1 },
  { name: 'a mean of columns', shape: [n, 2], fn: (x) => x.mean({ axes: [0] }), count: 1 },
  { name: 'a product', shape: [2, n], fn: (x) => x.matmul(x.transpose([1, 0])), count: n, factors: 2 },
  { name: 'a product aᵀb', shape: [n, 2], fn: (x) => x.matmul(x, { transposeA: true }), count: n, factors: 2 },
  { name: 'a product abᵀ', shape: [2, n], fn: (x) => x.matmul(x, { transposeB: true }), count: n, factors: 2 },
  {
    name: 'a product with a bias, of a length that no block divides',
    shape: [1, 65537],
    fn: (x) => x.matmul(x, { transposeB: true }).add(array([0])),
    count: 65537,
    factors: 2,
  },
  {
    name: 'products of many',
    shape: [2, n, 1],
    fn: (x) => x.matmul(x, { transposeA: true }),
    count: n,
    factors: 2,
  },
];

/** Off by at most this of what they are: blocks of a product, and TensorFlow's sums of pairs, are f32. */
const bound = { own: 2 ** -23, blocks: 2e-5 };

/** Registers the tests. */
export function checkSums(engine: () => Promise<TfjsBackend>, sums: keyof typeof bound): void {
  it.each(cases)('$name keeps its digits', async ({ shape, fn, count, factors = 1 }) => {
    const backend = await engine();
    const x = array(new Float32Array(shape.reduce((a, b) => a * b)).fill(1.1), { shape });
    const { data } = await (await compile(backend, fn)(x)).read();
    const exact = count * Math.fround(1.1) ** factors;
    for (const y of data) expect(Math.abs(y / exact - 1)).toBeLessThan(factors > 1 ? bound.blocks : bound[sums]);
    await backend.dispose();
  });
}
