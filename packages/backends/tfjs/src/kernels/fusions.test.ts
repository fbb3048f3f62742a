/** Products and convolutions with what follows them in one kernel. */
import {
  array,
  conv2d,
  optimize,
  lower,
  random,
  sizeOf,
  traceFunction,
  type Graph,
  type HostArray,
  type Shape,
  type Tensor,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { expectSame, lowered } from '../../test/lowered.ts';
import { backendNames } from '../../test/runtimes.ts';
import { findFusions } from './fusions.ts';

const rng = random(5);
const normal = (shape: Shape): HostArray =>
  array(
    Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    { shape },
  );

/** The graph of a function of tensors of these shapes. */
const graphOf = (f: (...xs: Tensor[]) => Tensor, shapes: readonly Shape[]): Graph =>
  optimize(
    lower(
      traceFunction(
        f,
        shapes.map((shape) => ({ shape })),
      ).graph,
      new Set(),
    ),
  );

const kernelsOf = async (graph: Graph, name: string): Promise<readonly string[]> =>
  (await lowered(graph, name)).builder.calls.map(({ kernel }) => kernel).filter((kernel) => kernel !== 'Reshape');

interface Case {
  readonly note: string;
  readonly shapes: readonly Shape[];
  readonly kernels: readonly string[];
  readonly f: (...xs: Tensor[]) => Tensor;
}

const dense: readonly Shape[] = [[20, 3], [3, 5], [5]];
const images: readonly Shape[] = [
  [2, 3, 6, 6],
  [4, 3, 3, 3],
  [4, 1, 1],
];

/** What `wasm` makes of it. */
const cases: readonly Case[] = [
  { note: 'a bias', shapes: dense, kernels: ['NodeOdeDense'], f: (x, w, b) => x!.matmul(w!).add(b!) },
  { note: 'a bias in front', shapes: dense, kernels: ['NodeOdeDense'], f: (x, w, b) => b!.add(x!.matmul(w!)) },
  {
    note: 'a sigmoid',
    shapes: dense,
    kernels: ['NodeOdeDense'],
    f: (x, w, b) => x!.matmul(w!).add(b!).sigmoid(),
  },
  {
    note: 'a relu, which stays apart for NaN',
    shapes: dense,
    kernels: ['NodeOdeDense', 'Relu'],
    f: (x, w, b) => x!.matmul(w!).add(b!).relu(),
  },
  {
    note: 'a sum that is used twice',
    shapes: dense,
    kernels: ['NodeOdeDense', 'Sigmoid', 'Multiply'],
    f: (x, w, b) => {
      const z = x!.matmul(w!).add(b!);
      return z.sigmoid().mul(z);
    },
  },
  {
    note: 'a product that is used twice',
    shapes: dense,
    kernels: ['BatchMatMul', 'Add', 'Multiply'],
    f: (x, w, b) => {
      const z = x!.matmul(w!);
      return z.add(b!).mul(z);
    },
  },
  {
    note: 'a bias of rows',
    shapes: [
      [20, 3],
      [3, 5],
      [20, 1],
    ],
    kernels: ['BatchMatMul', 'Add'],
    f: (x, w, b) => x!.matmul(w!).add(b!),
  },
  {
    note: 'a bias that widens the result',
    shapes: [
      [1, 3],
      [3, 5],
      [7, 5],
    ],
    kernels: ['BatchMatMul', 'Add'],
    f: (x, w, b) => x!.matmul(w!).add(b!),
  },
  {
    note: 'a bias that is computed',
    shapes: dense,
    kernels: ['BatchMatMul', 'Tanh', 'Add'],
    f: (x, w, b) => x!.matmul(w!).add(b!.tanh()),
  },
  {
    note: 'a bias of another shape',
    shapes: [
      [20, 3],
      [3, 5],
      [5, 1],
    ],
    kernels: ['NodeOdeDense'],
    f: (x, w, b) => x!.matmul(w!).add(b!.reshape([1, 5])),
  },
  {
    note: 'a batch of matrices, and a transposed one',
    shapes: [[2, 4, 3], [5, 3], [5]],
    kernels: ['Transpose', 'NodeOdeDense'],
    f: (x, w, b) => x!.matmul(w!, { transposeB: true }).add(b!),
  },
  {
    note: 'a convolution with a bias',
    shapes: images,
    kernels: ['Slice', 'Transpose', 'Transpose', 'FusedConv2D', 'Transpose'],
    f: (x, k, b) => conv2d(x!, k!, { padding: 'same' }).add(b!),
  },
  {
    note: 'a convolution with a bias and a sigmoid',
    shapes: images,
    kernels: ['Slice', 'Transpose', 'Transpose', 'FusedConv2D', 'Transpose'],
    f: (x, k, b) => conv2d(x!, k!, { padding: 'same' }).add(b!).sigmoid(),
  },
];

describe.each(backendNames)('on %s', (name) => {
  it.each(cases)('gives the same with $note', async ({ f, shapes }) => {
    const graph = graphOf(f, shapes);
    const inputs = shapes.map(normal);
    await expectSame(graph, inputs, name, 5);
    // What is not finite stays in its row or image.
    const holed = Float32Array.from(inputs[0]!.data);
    holed[0] = NaN;
    holed[holed.length - 1] = Infinity;
    await expectSame(graph, [array(holed, { shape: shapes[0]! }), ...inputs.slice(1)], name, 5);
  });
});

describe('on wasm', () => {
  it.each(cases)('is as few kernels as there are for $note', async ({ f, shapes, kernels }) => {
    expect(await kernelsOf(graphOf(f, shapes), 'wasm')).toEqual(kernels);
  });
});

describe('where nothing is gained', () => {
  it.each(['cpu', 'tensorflow', 'unknown'])('fuses nothing on %s', (name) => {
    const [{ f, shapes }] = cases as readonly [Case];
    expect(findFusions(graphOf(f, shapes), name, () => true).at.size).toBe(0);
  });

  it('fuses nothing without the kernels', () => {
    for (const { f, shapes } of cases) expect(findFusions(graphOf(f, shapes), 'wasm', () => false).at.size).toBe(0);
  });

  it('applies a relu on webgpu, and no sigmoid', () => {
    const last = (f: Case['f']): string | undefined => {
      const { at } = findFusions(graphOf(f, dense), 'webgpu', () => true);
      return [...at.keys()][0]?.op;
    };
    expect(last((x, w, b) => x!.matmul(w!).add(b!).relu())).toBe('maximum');
    expect(last((x, w, b) => x!.matmul(w!).add(b!).sigmoid())).toBe('add');
  });
});
