/** Composites that are one operator: against the reference engine, at sizes where exponentials overflow. */
import { array } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { arraysOf, operatorsOf } from '../../test/arrays.ts';
import { apply, expectReference, singleNode } from '../../test/single-node.ts';
import { emitModel } from './emit-model.ts';

const make = arraysOf(17);

describe.each(['f32', 'f64'] as const)('of %s', (dtype) => {
  const rows = [
    [1, NaN, 2],
    [-Infinity, 3],
    [-Infinity, -Infinity],
    [Infinity, -1],
    [1000, 999, 1001],
    [-1000, -1001],
  ];

  it.each(['mean', 'logSumExp'] as const)('%s over any axes', async (op) => {
    for (const keepDims of [false, true]) {
      for (const axes of [[], [0], [1], [0, 2], [0, 1, 2]]) {
        await expectReference(op, { axes, keepDims }, [make([3, 4, 5], dtype)], { slack: 4 });
      }
    }
    await expectReference(op, { axes: [1], keepDims: false }, [make([0, 3], dtype)]);
    for (const row of rows) {
      await expectReference(op, { axes: [0], keepDims: false }, [array(row, { dtype })]);
      // Rows of a matrix take another path through the runtime than a vector.
      const twice = array([...row, ...row], { shape: [2, row.length], dtype });
      await expectReference(op, { axes: [1], keepDims: false }, [twice]);
    }
  });

  it.each(['softmax', 'logSoftmax'] as const)('%s along any axis', async (op) => {
    for (const axis of [0, 1, 2]) await expectReference(op, { axis }, [make([3, 4, 5], dtype)], { slack: 4 });
    await expectReference(op, { axis: 1 }, [make([0, 3], dtype)]);
    for (const row of rows) await expectReference(op, { axis: 0 }, [array(row, { dtype })], { slack: 4 });
  });

  it('softplus, which neither overflows nor loses NaN', async () => {
    const x = [0, -0, 1e-7, 1, -1, 30, -30, 88, 100, -100, 709, 711, 1e4, -1e4, 1e30, NaN, Infinity, -Infinity];
    await expectReference('softplus', {}, [array(x, { dtype })]);
    await expectReference('softplus', {}, [make([33, 3], dtype)]);
  });
});

it('softplus keeps its digits where e^x is small', async () => {
  const { data } = await apply('softplus', {}, [array([-30, -700], { dtype: 'f64' })]);
  expect((data[0] ?? 0) / Math.log1p(Math.exp(-30))).toBeCloseTo(1, 14);
  expect((data[1] ?? 0) / Math.exp(-700)).toBeCloseTo(1, 14);
  const { data: single } = await apply('softplus', {}, [array([-30, -80])]);
  expect((single[0] ?? 0) / Math.exp(-30)).toBeCloseTo(1, 6);
  expect((single[1] ?? 0) / Math.exp(-80)).toBeCloseTo(1, 6);
});

it('is one node where ONNX has one', () => {
  const x = make([3, 4], 'f32');
  const of = (graph: ReturnType<typeof singleNode>): readonly string[] =>
    operatorsOf(emitModel(graph.graph, { provider: 'cpu' }).graph.nodes);
  expect(of(singleNode('mean', { axes: [1], keepDims: false }, [x]))).toEqual(['ReduceMean']);
  expect(of(singleNode('logSumExp', { axes: [1], keepDims: false }, [x]))).toEqual(['ReduceLogSumExp']);
  expect(of(singleNode('softmax', { axis: 1 }, [x]))).toEqual(['Softmax']);
  expect(of(singleNode('logSoftmax', { axis: 1 }, [x]))).toEqual(['LogSoftmax']);
  expect(operatorsOf(emitModel(singleNode('softplus', {}, [x]).graph, { provider: 'cuda' }).graph.nodes)).toEqual([
    'Softplus',
  ]);
});
