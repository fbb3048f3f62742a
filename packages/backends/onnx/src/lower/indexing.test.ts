/** Indexing, against the reference engine and by hand: duplicates, bad indices, NaN. */
import { array, type DType, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { arraysOf, operatorsOf } from '../../test/arrays.ts';
import { apply, expectReference, singleNode } from '../../test/single-node.ts';
import { emitModel } from './emit-model.ts';

const make = arraysOf(12);
const i32 = (values: readonly number[], shape: readonly number[] = [values.length]): HostArray =>
  array(values, { shape, dtype: 'i32' });
const numbers = ['f32', 'f64', 'i32'] as const satisfies readonly DType[];
const most = 2 ** 31 - 1;

describe.each([...numbers, 'bool'] as const)('of %s', (dtype) => {
  it('gathers along each axis, at indices of every rank', async () => {
    const x = make([4, 3, 5], dtype);
    for (const axis of [0, 1, 2]) {
      for (const indices of [i32([2], []), i32([0, 2, 2, 1]), i32([2, 0, 1, 1, 0, 2], [2, 3]), i32([])]) {
        await expectReference('gather', { axis }, [x, indices]);
      }
    }
  });

  it('replaces one row', async () => {
    for (const row of [[], [3], [2, 3], [0]]) {
      for (const index of [0, 2, 4]) {
        await expectReference('setRow', {}, [make([5, ...row], dtype), i32([index], []), make(row, dtype)]);
      }
    }
  });
});

describe.each(numbers)('of %s', (dtype) => {
  it('adds what has one index', async () => {
    for (const axis of [0, 1, 2]) {
      for (const indices of [i32([2], []), i32([3, 0, 3, 3]), i32([1, 1, 0, 3, 1, 0], [2, 3]), i32([])]) {
        const shape = [2, 3].flatMap((extent, i) => (i === axis ? [...indices.shape, extent] : [extent]));
        const updates = make(axis === 2 ? [2, 3, ...indices.shape] : shape, dtype);
        await expectReference('scatterAdd', { axis, size: 4 }, [updates, indices], { slack: 4 });
      }
    }
    await expectReference('scatterAdd', { axis: 0, size: 4 }, [make([2, 0], dtype), i32([1, 1])]);
  });

  it('finds the first largest', async () => {
    for (const [shape, axis] of [
      [[7], 0],
      [[3, 4, 5], 0],
      [[3, 4, 5], 1],
      [[3, 4, 5], 2],
      [[0, 3], 1],
    ] as const) {
      await expectReference('argMax', { axis }, [make(shape, dtype)]);
    }
    const ties = await apply('argMax', { axis: 1 }, [array([1, 3, 3, 2, 2, 2], { shape: [2, 3], dtype })]);
    expect(Array.from(ties.data)).toEqual([1, 0]);
  });

  it('sums up, from either end', async () => {
    for (const reverse of [false, true]) {
      await expectReference('cumsum', { axis: 0, reverse }, [make([7], dtype)], { slack: 10 });
      await expectReference('cumsum', { axis: 1, reverse }, [make([3, 4, 5], dtype)], { slack: 10 });
      await expectReference('cumsum', { axis: 0, reverse }, [make([0, 2], dtype)]);
    }
  });
});

it.each(['f32', 'f64'] as const)('takes a NaN of %s for the largest, wherever it is', async (dtype) => {
  const x = array([1, 2, NaN, 3, 4, NaN, Infinity, 5, NaN, -Infinity, -Infinity, -Infinity], { shape: [4, 3], dtype });
  expect(Array.from((await apply('argMax', { axis: 0 }, [x])).data)).toEqual([2, 2, 0]);
  expect(Array.from((await apply('argMax', { axis: 1 }, [x])).data)).toEqual([2, 2, 2, 0]);
});

it.each([-1, -3, -4, 3, most, -most, -most - 1])('fails at index %i of 3', async (index) => {
  const x = array([1, 2, 3], { dtype: 'f32' });
  const at = i32([1, index]);
  await expect(apply('gather', { axis: 0 }, [x, at])).rejects.toThrow(/indices element out of data bounds/);
  const updates = array([1, 2], { dtype: 'f32' });
  await expect(apply('scatterAdd', { axis: 0, size: 3 }, [updates, at])).rejects.toThrow(/indice/);
  const rows = array([[1, 2]].flat(), { shape: [1, 2], dtype: 'f32' });
  await expect(apply('scatterAdd', { axis: 1, size: 3 }, [rows, at])).rejects.toThrow(/indice/);
  await expect(apply('setRow', {}, [x, i32([index], []), array(7, { dtype: 'f32' })])).rejects.toThrow(/indice/);
});

it('does not guard an index that is known', () => {
  const index = { splat: 2, shape: [], dtype: 'i32' } as const;
  const operators = (at: typeof index | HostArray): readonly string[] =>
    operatorsOf(
      emitModel(singleNode('gather', { axis: 0 }, [make([5], 'f32'), at]).graph, { provider: 'cpu' }).graph.nodes,
    );
  expect(operators(index)).toEqual(['Cast', 'Gather']);
  expect(operators(i32([2], []))).toEqual(['Cast', 'Cast', 'Gather']);
});

it('chooses NaN where the provider raises nothing', () => {
  const { graph } = singleNode('gather', { axis: 0 }, [make([5, 2], 'f32'), i32([1, 9])]);
  const { nodes, initializers } = emitModel(graph, { provider: 'webgpu' }).graph;
  expect(operatorsOf(nodes).at(-1)).toBe('Where');
  expect(initializers.some(({ tensor }) => tensor.elementType === 'float' && Number.isNaN(tensor.data[0]))).toBe(true);
});
