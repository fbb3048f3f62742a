/** Reductions against the reference engine: every set of axes, empty axes, and NaN, which ONNX Runtime's extrema pass over. */
import { array, type DType } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { arraysOf, operatorsOf } from '../../test/arrays.ts';
import { runGraph } from '../../test/run-graph.ts';
import { apply, expectReference, singleNode } from '../../test/single-node.ts';
import { emitModel } from './emit-model.ts';

const make = arraysOf(13);
const subsets = [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]];

describe.each(['f32', 'f64', 'i32'] as const satisfies readonly DType[])('of %s', (dtype) => {
  it.each(['sum', 'reduceMax', 'reduceMin'] as const)('%s over any axes', async (op) => {
    for (const keepDims of [false, true]) {
      for (const axes of subsets) await expectReference(op, { axes, keepDims }, [make([3, 4, 5], dtype)], { slack: 4 });
    }
    await expectReference(op, { axes: [], keepDims: false }, [make([], dtype)]);
    await expectReference(op, { axes: [1], keepDims: false }, [make([0, 3], dtype)]);
    await expectReference(op, { axes: [1, 3], keepDims: false }, [make([2, 3, 2, 4], dtype)], { slack: 4 });
    await expectReference(op, { axes: [1], keepDims: false }, [make([67, 33], dtype)], { slack: 40 });
  });

  it('sums nothing to zero', async () => {
    await expectReference('sum', { axes: [0], keepDims: false }, [make([0], dtype)]);
    await expectReference('sum', { axes: [1], keepDims: true }, [make([2, 0], dtype)]);
  });

  it('counts elements', async () => {
    for (const axes of subsets) await expectReference('size', { axes }, [make([3, 4, 5], dtype)]);
    await expectReference('size', { axes: [0] }, [make([0, 3], dtype)]);
    await expectReference('size', { axes: [] }, [make([], dtype)]);
  });
});

describe.each(['f32', 'f64'] as const)('extrema of %s', (dtype) => {
  const largest = dtype === 'f32' ? 3.4e38 : 1.7e308;
  const rows = [
    [1, NaN, 2],
    [NaN, -Infinity],
    [-Infinity, 3],
    [-Infinity, -Infinity],
    [Infinity, -1],
    // The bound of the sum of magnitudes overflows, and must not show.
    [largest, largest, -1],
    [-largest, -largest],
    [1e-40, 3e-42],
    [0, -0],
  ];

  it.each(rows.map((row) => [row]))('of %j', async (row) => {
    for (const op of ['reduceMax', 'reduceMin'] as const) {
      await expectReference(op, { axes: [0], keepDims: false }, [array(row, { dtype })], { slack: 0 });
    }
  });

  it('keep a NaN in its row and its column', async () => {
    const x = make([50, 37], dtype);
    x.data[3 * 37 + 5] = NaN;
    for (const axes of [[0], [1], [0, 1]]) {
      await expectReference('reduceMax', { axes, keepDims: true }, [x], { slack: 0 });
      await expectReference('reduceMin', { axes, keepDims: true }, [x], { slack: 0 });
    }
  });
});

it('keeps the ends of i32', async () => {
  const ends = array([2 ** 31 - 1, -(2 ** 31), 2 ** 24 + 1], { dtype: 'i32' });
  expect((await apply('reduceMax', { axes: [0], keepDims: false }, [ends])).data[0]).toBe(2 ** 31 - 1);
  expect((await apply('reduceMin', { axes: [0], keepDims: false }, [ends])).data[0]).toBe(-(2 ** 31));
});

it('counts by a constant that an export can replace', () => {
  const { graph } = singleNode('size', { axes: [0, 1] }, [make([3, 4], 'f32')]);
  const { nodes, initializers } = emitModel(graph, { provider: 'cpu' }).graph;
  expect(operatorsOf(nodes)).toEqual(['Squeeze', 'Cast']);
  expect(initializers.map(({ tensor }) => [tensor.elementType, ...Array.from(tensor.data, Number)])).toEqual([
    ['int64', 12],
  ]);
});

describe('the sum of the rows of a matrix', () => {
  const rows = array([
    [1, Infinity, 3],
    [4, 5, NaN],
  ]);

  it.each([true, false])('is a product with ones, its columns apart: keepDims %j', async (keepDims) => {
    const { graph, inputs } = singleNode('sum', { axes: [0], keepDims }, [rows]);
    const operators = emitModel(graph, { provider: 'cpu' }).graph.nodes.map(({ opType }) => opType);
    expect(operators).toEqual(['Expand', keepDims ? 'Gemm' : 'MatMul']);
    expect([...((await runGraph(graph, inputs))[0]?.data ?? [])]).toEqual([5, Infinity, NaN]);
  });
});
