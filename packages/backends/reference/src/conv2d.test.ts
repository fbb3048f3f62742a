import type { ConvParams } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { apply, F32, F64, range } from '../test/builder.ts';

const plain: ConvParams = { strides: [1, 1], padBefore: [0, 0], padAfter: [0, 0], dilations: [1, 1], groups: 1 };

describe('conv2d', () => {
  it('is a cross-correlation: the kernel is not flipped', () => {
    expect(apply('conv2d', [F64([[[[1, 2, 4]]]]), F64([[[[10, 1]]]])], plain)).toEqual([[[[12, 24]]]]);
  });

  it('sums over input channels, for each output channel and each sample', () => {
    const x = range('f64', 2, 2, 1, 2); // [[0 1], [2 3]] and [[4 5], [6 7]]
    const kernel = F64([
      [[[1]], [[10]]],
      [[[0]], [[1]]],
    ]);
    expect(apply('conv2d', [x, kernel], plain)).toEqual([
      [[[20, 31]], [[2, 3]]],
      [[[64, 75]], [[6, 7]]],
    ]);
  });

  it('steps, spreads and pads', () => {
    const row = F64([[[[1, 2, 3, 4, 5]]]]);
    const sum = F64([[[[1, 1]]]]);
    expect(apply('conv2d', [row, sum], { ...plain, strides: [1, 2] })).toEqual([[[[3, 7]]]]);
    expect(apply('conv2d', [row, sum], { ...plain, dilations: [1, 3] })).toEqual([[[[5, 7]]]]);
    expect(apply('conv2d', [row, sum], { ...plain, padBefore: [0, 2], padAfter: [0, 1] })).toEqual([
      [[[0, 1, 3, 5, 7, 9, 5]]],
    ]);
    expect(apply('conv2d', [row, sum], { ...plain, padBefore: [1, 0] })).toEqual([
      [
        [
          [0, 0, 0, 0],
          [3, 5, 7, 9],
        ],
      ],
    ]);
  });

  it('keeps groups of channels apart', () => {
    const x = F64([[[[1]], [[10]], [[100]], [[1000]]]]);
    const kernel = F64([
      [[[1]], [[2]]],
      [[[3]], [[4]]],
    ]);
    expect(apply('conv2d', [x, kernel], { ...plain, groups: 2 })).toEqual([[[[21]], [[4300]]]]);
  });

  it('accumulates f32 in double precision', () => {
    expect(apply('conv2d', [F32([[[[1e8, 1, -1e8]]]]), F32([[[[1, 1, 1]]]])], plain)).toEqual([[[[1]]]]);
  });

  it('of no samples or no channels has zeros or nothing', () => {
    expect(apply('conv2d', [range('f64', 0, 1, 2, 2), range('f64', 1, 1, 1, 1)], plain)).toEqual([]);
    expect(apply('conv2d', [range('f64', 1, 0, 1, 2), range('f64', 1, 0, 1, 1)], plain)).toEqual([[[[0, 0]]]]);
  });
});
