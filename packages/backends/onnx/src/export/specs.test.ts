import { array } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { chooseSizes, numbersOf, readSpecs } from './specs.ts';

describe('specs', () => {
  const specs = [
    { y0: { shape: ['batch', 2] }, w: array([[1, 2]]) },
    1e-3,
    { shape: ['time'] },
    { shape: ['time', 'batch'] },
  ];
  const named = readSpecs(specs);

  it('name extents, each read where it stands first', () => {
    expect(named.extents).toEqual(['batch', 'time']);
    expect(named.sources).toEqual([
      { name: 'batch', leaf: 1, axis: 0 },
      { name: 'time', leaf: 3, axis: 0 },
    ]);
  });

  it('have numbers for names when the function is traced', () => {
    expect(named.at({ batch: 5, time: 7 })).toEqual([
      { y0: { shape: [5, 2] }, w: array([[1, 2]]) },
      1e-3,
      { shape: [7] },
      { shape: [7, 5] },
    ]);
  });

  it.each(['', 'a b', '2*batch', '1x'])("refuse the name '%s'", (name) => {
    expect(() => readSpecs([{ shape: [name] }])).toThrow(
      `exportOnnx: the extent '${name}' of argument [0]; expected a number, or a name of letters, digits and underscores`,
    );
  });
});

describe('sizes', () => {
  it('are three primes for each name, and nothing else has them', () => {
    const numbers = numbersOf([{ shape: ['batch', 13] }, array(new Float32Array(17))]);
    expect(numbers).toEqual(new Set([13, 17]));
    expect(chooseSizes(['batch', 'time'], numbers, {})).toEqual({ batch: [11, 19, 23], time: [29, 31, 37] });
    expect(chooseSizes(['batch', 'time'], numbers, { time: [11, 4, 8] })).toEqual({
      batch: [19, 23, 29],
      time: [11, 4, 8],
    });
  });

  it('that tell nothing are refused', () => {
    const choose = (sizes: readonly number[]): unknown => chooseSizes(['batch'], new Set(), { batch: sizes as never });
    for (const sizes of [
      [1, 2, 3],
      [2, 2, 3],
      [2, 3],
      [2, 3, 4.5],
    ]) {
      expect(() => choose(sizes)).toThrow(
        `sizes.batch = [${sizes.join(', ')}]; expected three different sizes from 2 on`,
      );
    }
    expect(() => chooseSizes(['batch'], new Set(), { batch: 5 as never })).toThrow('sizes.batch = 5; expected three');
    expect(() => chooseSizes(['batch'], new Set(), { time: [2, 3, 4] })).toThrow(
      "sizes for 'time'; expected sizes for batch",
    );
    expect(() => chooseSizes([], new Set(), { time: [2, 3, 4] })).toThrow('expected named extents in the specs');
  });

  it('of more names than there are primes are refused', () => {
    const names = Array.from({ length: 9 }, (_, i) => `n${i}`);
    expect(() => chooseSizes(names, new Set(), {})).toThrow('exportOnnx: 9 named extents');
  });
});
