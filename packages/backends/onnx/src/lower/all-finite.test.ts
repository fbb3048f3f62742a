/** Whether all is finite: as few nodes as there are, the reference engine's answer, places, kinds and sizes of leaves. */
import { array, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { apply, expectReference, singleNode } from '../../test/single-node.ts';
import { countNodes } from '../model/count-nodes.ts';
import { emitModel, type EmitOptions } from './emit-model.ts';

const ones = (shape: readonly number[], dtype: 'f32' | 'f64' = 'f32'): HostArray =>
  array(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 1),
    { shape, dtype },
  );

const nodes = (leaves: readonly HostArray[], options: EmitOptions = { provider: 'cpu' }) =>
  countNodes(emitModel(singleNode('allFinite', {}, leaves).graph, options).graph);

describe('takes', () => {
  const [sum, scalarSum] = [
    { Mul: 1, ReduceSum: 1, Equal: 1 },
    { Mul: 1, Equal: 1 },
  ];
  const row = { Concat: 1, ...sum };

  it('three nodes for one leaf, two for a scalar', () => {
    expect(nodes([ones([2, 3])])).toEqual(sum);
    expect(nodes([ones([])])).toEqual(scalarSum);
  });

  it('four for several, and one for each that is no row where they are of different kinds', () => {
    expect(nodes([ones([3]), ones([4]), ones([5])])).toEqual(row);
    expect(nodes([ones([3, 2]), ones([4, 2]), ones([3, 2])])).toEqual(row);
    expect(nodes([ones([3, 2]), ones([3, 4])])).toEqual({ ...row, Reshape: 2 });
    expect(nodes([ones([]), ones([])])).toEqual({ ...row, Reshape: 2 });
    expect(nodes([ones([3]), ones([2, 2]), ones([])])).toEqual({ ...row, Reshape: 2 });
  });

  it('two more for each that is long, but not in a file', () => {
    const leaves = [ones([3]), ones([4]), ones([2048]), ones([2049]), ones([50, 50])];
    expect(nodes(leaves)).toEqual({ Concat: 1, Mul: 3, ReduceSum: 3, Sum: 1, Equal: 1 });
    expect(nodes(leaves, { provider: 'cpu', portable: true })).toEqual({ ...row, Reshape: 1 });
    expect(nodes(leaves, { provider: 'webgpu' })).toEqual({ ...row, Reshape: 1 });
  });

  it('each dtype by itself', () => {
    expect(nodes([ones([3]), ones([2], 'f64')])).toEqual({ Mul: 2, ReduceSum: 2, Equal: 2, And: 1 });
  });
});

describe.each(['f32', 'f64'] as const)('of %s', (dtype) => {
  it.each([
    [[1e38, 3e38, -3e38], 1],
    [[0, -0, 1e-45], 1],
    [[1, Infinity, 2], 0],
    [[-Infinity, Infinity, 0], 0],
    [[1, 2, NaN], 0],
  ])('%j is %d, alone or with others', async (values, expected) => {
    const leaf = array(values, { dtype });
    const matrix = array([values, values], { dtype });
    for (const leaves of [
      [leaf],
      [leaf, ones([2, 2], dtype)],
      [ones([], dtype), ones([0], dtype), leaf],
      [ones([2, 3], dtype), matrix],
    ]) {
      expect((await apply('allFinite', {}, leaves)).data[0]).toBe(expected);
    }
  });

  it('is told of every element of long leaves', async () => {
    for (const shape of [[2048], [2049], [64, 64]]) {
      const leaf = ones(shape, dtype);
      await expectReference('allFinite', {}, [leaf, leaf, ones([3], dtype)]);
      for (const at of [0, leaf.data.length >> 1, leaf.data.length - 1]) {
        const spoilt = ones(shape, dtype);
        spoilt.data[at] = NaN;
        await expectReference('allFinite', {}, [ones([3], dtype), leaf, spoilt]);
      }
    }
  });
});

it('of leaves without elements is true', async () => {
  for (const leaves of [[ones([0])], [ones([0]), ones([2, 0])], []]) {
    expect((await apply('allFinite', {}, leaves)).data[0]).toBe(1);
  }
});

it('of leaves of two dtypes looks at both', async () => {
  const bad = (dtype: 'f32' | 'f64'): HostArray => array([1, NaN], { dtype });
  await expectReference('allFinite', {}, [ones([3]), ones([2], 'f64')]);
  await expectReference('allFinite', {}, [bad('f32'), ones([2], 'f64')]);
  await expectReference('allFinite', {}, [ones([3]), bad('f64')]);
});
