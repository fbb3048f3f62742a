// What indices out of range do where nothing can be raised.
import { array, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { apply } from '../../test/single-node.ts';

const i32 = (values: readonly number[], shape: readonly number[] = [values.length]): HostArray =>
  array(Int32Array.from(values), { shape });

/** The largest i32. */
const most = 2 ** 31 - 1;

describe('at indices out of range, on webgpu', () => {
  const bad = i32([1, 3, -1, most, -most - 1]);
  const at = async (x: HostArray): Promise<readonly number[]> =>
    Array.from((await apply('gather', { axis: 0 }, [x, bad], 'webgpu')).data);

  it('gathers NaN, 0 or false', async () => {
    expect(await at(array([1, 2, 3], { dtype: 'f32' }))).toEqual([2, NaN, NaN, NaN, NaN]);
    expect(await at(array([1, 2, 3], { dtype: 'i32' }))).toEqual([2, 0, 0, 0, 0]);
    expect(await at(array([1, 1, 1], { dtype: 'bool' }))).toEqual([1, 0, 0, 0, 0]);
  });

  it('adds NaN, and replaces no row', async () => {
    const updates = array([1, 2], { shape: [1, 2], dtype: 'f32' });
    const sums = await apply('scatterAdd', { axis: 1, size: 3 }, [updates, i32([1, 5])], 'webgpu');
    expect(Array.from(sums.data)).toEqual([NaN, 1, 0]);
    const x = array([1, 2, 3], { dtype: 'f32' });
    const after = await apply('setRow', {}, [x, i32([7], []), array(9, { dtype: 'f32' })], 'webgpu');
    expect(Array.from(after.data)).toEqual([1, 2, 3]);
  });
});
