/** Movement of elements, against the reference engine: every dtype, empty axes, and what costs no node. */
import { array, sizeOf, type DType } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { arraysOf, operatorsOf } from '../../test/arrays.ts';
import { apply, expectReference, singleNode } from '../../test/single-node.ts';
import { emitModel } from './emit-model.ts';

const dtypes = ['f32', 'f64', 'i32', 'bool'] as const satisfies readonly DType[];
const make = arraysOf(11);

describe.each(dtypes)('of %s', (dtype) => {
  it.each([
    [
      [2, 3, 4],
      [4, 6],
    ],
    [[1], []],
    [[], [1, 1]],
    [
      [2, 0],
      [5, 0, 1],
    ],
    [[0, 3], [0]],
  ])('reshapes %j to %j', async (from, to) => {
    await expectReference('reshape', { shape: to }, [make(from, dtype)]);
  });

  it.each([
    [[], [3, 2]],
    [[3], [2, 3]],
    [
      [2, 1, 3],
      [2, 4, 3],
    ],
    [[1], [0]],
    [
      [3, 1],
      [2, 3, 0],
    ],
    [[4], [4]],
  ])('broadcasts %j to %j', async (from, to) => {
    await expectReference('broadcastTo', { shape: to }, [make(from, dtype)]);
  });

  it.each([
    [
      [3, 5],
      [1, 0],
    ],
    [
      [3, 9, 5],
      [0, 2, 1],
    ],
    [
      [2, 3, 4, 5],
      [3, 1, 0, 2],
    ],
    [
      [0, 4],
      [1, 0],
    ],
    [[], []],
  ])('transposes %j by %j', async (shape, perm) => {
    await expectReference('transpose', { perm }, [make(shape, dtype)]);
  });

  it.each([
    [
      [4, 5],
      [0, 3],
      [4, 1],
    ],
    [
      [4, 5],
      [1, 2],
      [0, 2],
    ],
    [
      [4, 5],
      [0, 0],
      [4, 5],
    ],
    [
      [0, 3],
      [0, 1],
      [0, 2],
    ],
    [[], [], []],
  ])('slices %j from %j, %j elements', async (shape, starts, sizes) => {
    await expectReference('slice', { starts, sizes }, [make(shape, dtype)]);
  });

  it.each([
    [
      [2, 3],
      [1, 0],
      [0, 2],
    ],
    [
      [0, 2],
      [1, 1],
      [1, 0],
    ],
    [[3], [0], [0]],
    [[], [], []],
  ])('pads %j by %j and %j', async (shape, before, after) => {
    await expectReference('pad', { before, after, value: dtype === 'bool' ? 1 : -2 }, [make(shape, dtype)]);
  });

  it.each([
    [0, [3, 2]],
    [1, [1, 4, 2]],
    [2, [2, 0, 3]],
    [1, [0, 0]],
    [0, [4]],
  ])('concatenates along axis %i extents %j', async (axis, extents) => {
    const parts = extents.map((extent) =>
      make(
        [2, 3, 4].map((other, i) => (i === axis ? extent : other)),
        dtype,
      ),
    );
    await expectReference('concat', { axis }, parts);
  });
});

it.each(['f32', 'f64', 'i32'] as const)('counts along an axis in %s', async (dtype) => {
  const cases = [
    [[7], 0],
    [[3, 4], 0],
    [[3, 4], 1],
    [[2, 3, 2], 1],
    [[0], 0],
  ] as const;
  for (const [shape, axis] of cases) await expectReference('iota', { shape, axis, dtype }, []);
});

it('broadcasts a constant without its elements', async () => {
  const args = [{ splat: 2.5, shape: [1, 3], dtype: 'f32' }] as const;
  const result = await apply('broadcastTo', { shape: [2, 3] }, args);
  expect(Array.from(result.data)).toEqual(new Array<number>(sizeOf([2, 3])).fill(2.5));
});

it('keeps NaN, infinities and the sign of zero', async () => {
  const x = array([NaN, Infinity, -Infinity, -0], { shape: [2, 2], dtype: 'f32' });
  const result = await apply('transpose', { perm: [1, 0] }, [x]);
  expect(Array.from(result.data)).toEqual([NaN, -Infinity, Infinity, -0]);
});

it('has shapes as operands, so that an export can make them dynamic', () => {
  const { graph } = singleNode('slice', { starts: [0, 1], sizes: [4, 2] }, [make([4, 5], 'f32')]);
  const { nodes, initializers } = emitModel(graph, { provider: 'cpu' }).graph;
  expect(operatorsOf(nodes)).toEqual(['Slice']);
  // Only the axis that is cut is mentioned.
  expect(initializers.map(({ tensor }) => [tensor.elementType, ...Array.from(tensor.data, Number)])).toEqual([
    ['int64', 1],
    ['int64', 3],
  ]);
});

it('moves booleans as i32 where a provider moves none, and gathers where it has no slice', () => {
  const operators = (op: 'concat' | 'slice'): readonly string[] => {
    const { graph } =
      op === 'concat'
        ? singleNode('concat', { axis: 0 }, [make([2], 'bool'), make([2], 'bool')])
        : singleNode('slice', { starts: [1, 1], sizes: [2, 2] }, [make([4, 4], 'i32')]);
    return operatorsOf(emitModel(graph, { provider: 'webgpu' }).graph.nodes);
  };
  expect(operators('concat')).toEqual(['Cast', 'Cast', 'Concat', 'Cast']);
  expect(operators('slice')).toEqual(['Gather', 'Gather']);
});
