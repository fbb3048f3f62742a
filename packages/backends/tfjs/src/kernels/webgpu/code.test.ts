// WGSL in pieces: its numbers are uniforms, its text is what is compiled.
import { describe, expect, it } from 'vitest';
import { code, element, joined, programOf, whole } from './code.ts';
import { broadcastStrides, offset } from './index-expressions.ts';

describe('code', () => {
  it('has its numbers as uniforms, by their types, and one that is used twice once', () => {
    const inner = whole(7);
    const body = code`let line = index / ${inner} % ${3}; result[line] = ${element(0.5, 'float32')} + A[index % ${inner}];`;
    expect(programOf(body)).toEqual({
      text: 'let line = index / uniforms.number0 % uniforms.number1; result[line] = uniforms.number2 + A[index % uniforms.number0];',
      members: 'number0 : i32, number1 : i32, number2 : f32, ',
      values: [
        { type: 'int32', data: [7] },
        { type: 'int32', data: [3] },
        { type: 'float32', data: [0.5] },
      ],
    });
  });

  it('does not take equal numbers for one: programs do not depend on what is equal by chance', () => {
    const textOf = (a: number, b: number): string => programOf(code`${a} * ${b}`).text;
    expect(textOf(2, 2)).toBe(textOf(2, 3));
  });

  it('is the same text for other extents and strides', () => {
    const textOf = (own: readonly number[], shape: readonly number[]): string =>
      programOf(offset('index', shape, broadcastStrides(own, shape))).text;
    expect(textOf([3, 1, 5], [3, 4, 5])).toBe(textOf([7, 1, 2], [7, 9, 2]));
    expect(textOf([3, 4, 5], [3, 4, 5])).toBe('index');
    expect(textOf([], [3, 4])).toBe('0');
  });

  it('is joined by a text', () => {
    expect(programOf(joined([code`a`, code`${1}`], ' + ')).text).toBe('a + uniforms.number0');
  });

  it('has booleans as 0 and 1, and what is no number', () => {
    expect(element(NaN, 'bool').value).toBe(1);
    expect(element(-(2 ** 31), 'int32').value).toBe(-(2 ** 31));
    expect(element(-0, 'float32').value).toBe(-0);
  });
});
