import { array, traceFunction, type HostArray, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../../test/run-graph.ts';
import { countNodes } from '../model/count-nodes.ts';
import type { Provider } from './contract.ts';
import { emitModel } from './emit-model.ts';

type Fn = (...args: Tensor[]) => unknown;

const trace = (fn: Fn, args: readonly HostArray[]) => traceFunction(fn, args as never).graph;

const nodes = (fn: Fn, args: readonly HostArray[], provider: Provider = 'cpu') =>
  countNodes(emitModel(trace(fn, args), { provider }).graph);

const run = async (fn: Fn, args: readonly HostArray[]) =>
  (await runGraph(trace(fn, args), args)).map(({ data }) => [...data]);

const a = array([
  [1, 2],
  [3, 4],
]);
const b = array([
  [5, 6, 7],
  [8, 9, 10],
]);

describe('a product with a bias', () => {
  it('is one Gemm, the bias on either side and of any shape that broadcasts', async () => {
    for (const bias of [array([1, 2, 3]), array([[1, 2, 3]]), array([[1], [2]]), array(1)]) {
      expect(nodes((x, y, c) => x!.matmul(y!).add(c!), [a, b, bias])).toEqual({ Gemm: 1 });
      expect(nodes((x, y, c) => c!.add(x!.matmul(y!)), [a, b, bias])).toEqual({ Gemm: 1 });
    }
    expect(await run((x, y, c) => x!.matmul(y!).add(c!), [a, b, array([[10], [20]])])).toEqual([
      [31, 34, 37, 67, 74, 81],
    ]);
  });

  it('transposes in place', async () => {
    const fn: Fn = (x, y, c) => x!.matmul(y!, { transposeA: true, transposeB: true }).add(c!);
    const args = [
      b,
      array([
        [1, 0],
        [0, 1],
        [1, 1],
      ]),
      array([1, 2, 3]),
    ];
    expect(nodes(fn, args)).toEqual({ Gemm: 1 });
    expect(await run(fn, args)).toEqual([[6, 10, 16, 7, 11, 18, 8, 12, 20]]);
  });

  it('stays apart where the product is used again, is batched, or the bias widens it', () => {
    const used: Fn = (x, y, c) => {
      const product = x!.matmul(y!);
      return [product, product.add(c!)];
    };
    expect(nodes(used, [a, b, array([1, 2, 3])])['Add']).toBe(1);
    expect(nodes((x, y, c) => x!.matmul(y!).add(c!), [array([[[1, 2]]]), b, array([1, 2, 3])])['Add']).toBe(1);
    expect(
      nodes(
        (x, y, c) => x!.matmul(y!).add(c!),
        [
          array([[1, 2]]),
          b,
          array([
            [1, 2, 3],
            [4, 5, 6],
          ]),
        ],
      )['Add'],
    ).toBe(1);
  });
});

describe('a cube', () => {
  const fn: Fn = (x) => x!.mul(x!).mul(x!);

  it('is one Pow on the CPU, with the bits of two products', async () => {
    expect(nodes(fn, [a])).toEqual({ Pow: 1 });
    const values = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i) * 10 ** (i % 9));
    const cubes = values.map((x) => Math.fround(Math.fround(x * x) * x));
    expect(await run(fn, [array(values)])).toEqual([[...cubes]]);
    expect(await run(fn, [array([-2, -0, Infinity, -Infinity, NaN])])).toEqual([[-8, -0, Infinity, -Infinity, NaN]]);
  });

  it('is two products elsewhere, and where the square is used again', () => {
    expect(nodes(fn, [a], 'webgpu')).toEqual({ Mul: 2 });
    expect(countNodes(emitModel(trace(fn, [a]), { provider: 'cpu', portable: true }).graph)).toEqual({ Mul: 2 });
    const used: Fn = (x) => {
      const square = x!.mul(x!);
      return [square, square.mul(x!)];
    };
    expect(nodes(used, [a])).toEqual({ Mul: 2 });
  });
});
