import { array, allocate, type DType } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { range, runCode } from '../../test/run-kernel.ts';
import { copyBytes, fillElements } from './index.ts';

const dtypes: readonly DType[] = ['f32', 'f64', 'i32', 'bool'];

/** None, less than a vector, whole vectors, parts of one, the straight code's end, loops, and the bulk instructions. */
const lengths = [
  0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 32, 33, 36, 37, 63, 64, 65, 127, 128, 129, 130, 255, 256, 257, 600,
];

describe('copyBytes', () => {
  it.each(['f32', 'f64'] as const)('copies any number of elements of %s, and nothing else', (dtype) => {
    for (const length of lengths) {
      const x = range(dtype, length);
      const copied = runCode(
        (f, inputs, output) => {
          copyBytes(f, output.address, inputs[0]!.address, x.data.byteLength);
        },
        [x],
        x,
      );
      expect(copied, `${length}`).toEqual(x);
    }
  });

  it('leaves what is copied to itself as it is', () => {
    for (const length of lengths) {
      const x = range('f32', length);
      const copied = runCode(
        (f, _, output) => {
          copyBytes(f, output.address, output.address, x.data.byteLength);
        },
        [x],
        x,
        { inPlace: 0 },
      );
      expect(copied, `${length}`).toEqual(x);
    }
  });
});

describe('fillElements', () => {
  it.each(dtypes)('fills any number of elements of %s, and nothing else', (dtype) => {
    for (const value of [0, -0, 1, -1, 7, ...(dtype === 'f32' || dtype === 'f64' ? [0.1, NaN, -Infinity] : [])]) {
      for (const length of lengths) {
        const expected = array(allocate(dtype, length).fill(dtype === 'bool' && value !== 0 ? 1 : value), { dtype });
        const filled = runCode(
          (f, _, output) => {
            fillElements(f, output.address, dtype, value, length);
          },
          [],
          expected,
        );
        expect(filled, `${length} of ${value}`).toEqual(expected);
      }
    }
  });
});
