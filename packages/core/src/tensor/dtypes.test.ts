import { describe, expect, it } from 'vitest';
import { bool, evaluate, f32, f64, i32, refusal } from '../../test/support.ts';
import { concat, select, stack } from './functions.ts';
import { constant, type Tensor } from './tensor.ts';

const one = advice('one dtype', 'Convert one of them with .cast(dtype); only JavaScript numbers adapt by themselves.');
function advice(expected: string, advised: string): string {
  return `; expected ${expected}. ${advised}`;
}

describe('dtypes', () => {
  it('f32 with f64 throws, whatever the operation', async () => {
    const [x, y] = [constant(1, [2], 'f32'), constant(1, [2], 'f64')];
    const refused = (of: () => unknown): Promise<string> => refusal(of);
    expect(await refused(() => x.add(y))).toBe(`DTypeError: add: operands are f32[2] and f64[2]${one}`);
    expect(await refused(() => x.less(y))).toBe(`DTypeError: less: operands are f32[2] and f64[2]${one}`);
    expect(await refused(() => select(constant(true), x, y))).toBe(
      `DTypeError: select: operands are f32[2] and f64[2]${one}`,
    );
    expect(await refused(() => concat([x, y]))).toBe(`DTypeError: concat: operands are f32[2] and f64[2]${one}`);
    expect(await refused(() => stack([x, y]))).toMatch(/^DTypeError: concat: operands are f32\[1,2\] and f64\[1,2\]/);
    expect(await refused(() => x.reshape([1, 2]).matmul(y.reshape([2, 1])))).toMatch(
      /^DTypeError: matmul: operands are f32\[1,2\] and f64\[2,1\]/,
    );
  });

  it('a float with i32 throws', async () => {
    expect(await refusal(() => constant(1, [], 'f64').mul(i32(2)))).toBe(
      `DTypeError: mul: operands are f64[] and i32[]${one}`,
    );
    expect(await refusal(() => constant(1, [], 'i32').equal(f32(2)))).toBe(
      `DTypeError: equal: operands are i32[] and f32[]${one}`,
    );
  });

  it('a host array keeps its dtype', async () => {
    expect(await refusal(() => constant(1, [], 'f64').add(f32([1])))).toBe(
      `DTypeError: add: operands are f64[] and f32[1]${one}`,
    );
    expect(await evaluate((x: Tensor) => x.add(f64([0.1])), f64(0.2))).toEqual([0.1 + 0.2]);
  });

  it('a JavaScript number takes the dtype of the tensor', async () => {
    for (const dtype of ['f32', 'f64', 'i32'] as const) expect(constant(1, [], dtype).add(2).dtype).toBe(dtype);
    expect(await evaluate((x: Tensor) => x.add(0.1), f32(0))).toBe(Math.fround(0.1));
    expect(await evaluate((x: Tensor) => x.add(0.1), f64(0))).toBe(0.1);
    expect(await evaluate((x: Tensor) => x.add(-7), i32(0))).toBe(-7);
  });

  it.each([0.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1])('%d is no i32', async (x) => {
    expect(await refusal(() => constant(1, [], 'i32').add(x))).toBe(
      `DTypeError: add: the JavaScript value ${x} with a i32 tensor; expected an integer of 32 bits. Convert the tensor with .cast(dtype).`,
    );
  });

  it('booleans and numbers do not mix', async () => {
    const end = 'Convert the tensor with .cast(dtype).';
    expect(await refusal(() => constant(true).and(1))).toBe(
      `DTypeError: and: the JavaScript value 1 with a bool tensor; expected true or false. ${end}`,
    );
    expect(await refusal(() => constant(1).add(true))).toBe(
      `DTypeError: add: the JavaScript value true with a f32 tensor; expected a number. ${end}`,
    );
    expect(await refusal(() => constant(true).add(bool(true)))).toBe(
      "DTypeError: add: an operand is bool[]; expected f32 or f64 or i32. Convert it with .cast('f32').",
    );
  });

  it.each<readonly [string, (x: Tensor) => Tensor]>([
    ['exp', (x) => x.exp()],
    ['pow', (x) => x.pow(2)],
    ['softmax', (x) => x.softmax()],
    ['matmul', (x) => x.reshape([1, 2]).matmul(x.reshape([2, 1]))],
    ['isFinite', (x) => x.isFinite()],
  ])('%s wants floats', async (name, of) => {
    const shape = name === 'matmul' ? '1,2' : '2';
    expect(await refusal(() => of(constant(1, [2], 'i32')))).toBe(
      `DTypeError: ${name}: an operand is i32[${shape}]; expected f32 or f64. Convert it with .cast('f32').`,
    );
  });

  it('not and a condition want booleans', async () => {
    expect(await refusal(() => constant(1).not())).toBe(
      "DTypeError: not: an operand is f32[]; expected bool. Convert it with .cast('bool').",
    );
    expect(await refusal(() => select(constant(1), 1, 2))).toBe(
      "DTypeError: select: an operand is f32[]; expected bool. Convert it with .cast('bool').",
    );
  });

  it('arithmetic in f32 rounds after every operation', async () => {
    const [a, b] = [Math.fround(0.1), Math.fround(0.2)];
    const x = await evaluate((s: Tensor, t: Tensor) => s.add(t).mul(t).sub(s), f32(0.1), f32(0.2));
    expect(x).toBe(Math.fround(Math.fround(Math.fround(a + b) * b) - a));
  });
});
