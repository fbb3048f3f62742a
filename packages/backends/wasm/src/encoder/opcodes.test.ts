/** Every arithmetic instruction does what its name says: a wrong opcode would be another instruction, or none. */
import { roundTiesToEven } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { i32, load } from './code.ts';
import { ModuleBuilder } from './module.ts';
import { plainOpcodes, type MemoryOp, type PlainOp } from './opcodes.ts';

type Element = 'i32' | 'i64' | 'f32' | 'f64';

const arrays = { i32: Int32Array, i64: BigInt64Array, f32: Float32Array, f64: Float64Array } as const;
const samples: Readonly<Record<Element, readonly (readonly [number, number])[]>> = {
  i32: [
    [7, -3],
    [-8, 5],
    [0, 31],
    [6, 6],
    [-1, 2],
    [2 ** 31 - 1, 3],
  ],
  i64: [
    [7, -3],
    [-8, 5],
    [0, 31],
    [6, 6],
    [-1, 2],
    [2 ** 40, 3],
  ],
  f32: [
    [1.5, -2.25],
    [-3.5, 3.5],
    [0.5, 0.5],
    [-0, 0],
    [NaN, 1],
    [7.75, -1],
  ],
  f64: [
    [1.5, -2.25],
    [-3.5, 3.5],
    [0.5, 0.5],
    [-0, 0],
    [NaN, 1],
    [7.75, -1],
  ],
};

const unsigned = (x: number, type: Element): number => (x < 0 ? x + 2 ** (type === 'i64' ? 64 : 32) : x);
const clz64 = (x: number): number => (x < 0 ? 0 : 64 - BigInt(x).toString(2).length + (x === 0 ? 1 : 0));
const ctz = (x: number, bits: number): number =>
  x === 0 ? bits : [...Array(bits).keys()].find((i) => BigInt(x) & (1n << BigInt(i)))!;
const bitwise =
  (f: (a: bigint, b: bigint) => bigint) =>
  (x: number, y: number): number =>
    Number(f(BigInt(x), BigInt(y)));
const shiftBy = (y: number, type: Element): bigint => BigInt.asUintN(type === 'i64' ? 6 : 5, BigInt(y));

type Meaning = (x: number, y: number, type: Element) => number;

/** What the endings of names mean; a comparison of vectors gives all bits for true. */
const arithmetic: Readonly<Record<string, Meaning>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  div_s: (x, y) => Math.trunc(x / y),
  div_u: (x, y, t) => Math.floor(unsigned(x, t) / unsigned(y, t)),
  rem_s: (x, y) => x % y,
  rem_u: (x, y, t) =>
    Number(BigInt.asUintN(t === 'i64' ? 64 : 32, BigInt(x)) % BigInt.asUintN(t === 'i64' ? 64 : 32, BigInt(y))),
  and: bitwise((a, b) => a & b),
  or: bitwise((a, b) => a | b),
  xor: bitwise((a, b) => a ^ b),
  shl: (x, y, t) => Number(BigInt(x) << shiftBy(y, t)),
  shr_s: (x, y, t) => Number(BigInt(x) >> shiftBy(y, t)),
  shr_u: (x, y, t) => Number(BigInt.asUintN(t === 'i64' ? 64 : 32, BigInt(x)) >> shiftBy(y, t)),
  clz: (x, _, t) => (t === 'i64' ? clz64(x) : Math.clz32(x)),
  ctz: (x, _, t) => ctz(x, t === 'i64' ? 64 : 32),
  abs: Math.abs,
  neg: (x) => -x,
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  nearest: roundTiesToEven,
  sqrt: Math.sqrt,
  min: (x, y) => Math.min(x, y),
  max: (x, y) => Math.max(x, y),
  min_s: (x, y) => Math.min(x, y),
  max_s: (x, y) => Math.max(x, y),
  pmin: (x, y) => (y < x ? y : x),
  pmax: (x, y) => (x < y ? y : x),
  copysign: (x, y) => (Object.is(Math.sign(y), -0) || y < 0 ? -Math.abs(x) : Math.abs(x)),
};

const comparisons: Readonly<Record<string, (x: number, y: number, type: Element) => boolean>> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  gt: (x, y) => x > y,
  le: (x, y) => x <= y,
  ge: (x, y) => x >= y,
  lt_s: (x, y) => x < y,
  gt_s: (x, y) => x > y,
  le_s: (x, y) => x <= y,
  ge_s: (x, y) => x >= y,
  lt_u: (x, y, t) => unsigned(x, t) < unsigned(y, t),
  gt_u: (x, y, t) => unsigned(x, t) > unsigned(y, t),
  le_u: (x, y, t) => unsigned(x, t) <= unsigned(y, t),
  ge_u: (x, y, t) => unsigned(x, t) >= unsigned(y, t),
  eqz: (x) => x === 0,
};

const unary = new Set(['clz', 'ctz', 'abs', 'neg', 'ceil', 'floor', 'trunc', 'nearest', 'sqrt', 'eqz']);
const [inputAt, secondAt, outputAt] = [0, 16, 32];

/** Runs an instruction on words in memory. */
function run(
  name: PlainOp,
  operands: readonly MemoryOp[],
  result: MemoryOp,
  shiftCount?: number,
): (x: ArrayBufferView, y: ArrayBufferView) => ArrayBuffer {
  const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 1 });
  const f = module.function('run', [], []);
  f.i32(outputAt);
  operands.forEach((operand, i) => f.emit(load(operand, i32(i === 0 ? inputAt : secondAt))));
  if (shiftCount !== undefined) f.i32(shiftCount);
  f.op(name).memory(result);
  module.export(f);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  const bytes = new Uint8Array(memory.buffer);
  return (x, y) => {
    bytes.set(new Uint8Array(x.buffer), inputAt);
    bytes.set(new Uint8Array(y.buffer), secondAt);
    (instance.exports['run'] as () => void)();
    return memory.buffer.slice(outputAt, outputAt + 16);
  };
}

const filled = (type: Element, x: number): ArrayBufferView => {
  if (type === 'i64') return new BigInt64Array(2).fill(BigInt(x));
  return new arrays[type](type === 'f64' ? 2 : 4).fill(x);
};

const numbers = (type: Element, buffer: ArrayBuffer): number[] =>
  Array.from(new arrays[type](buffer) as ArrayLike<number | bigint>, Number);

/** A number as the type holds it. */
const held = (type: Element, x: number): number => {
  if (type === 'i64') return Number(BigInt.asIntN(64, BigInt(x)));
  return type === 'i32' ? Number(BigInt.asIntN(32, BigInt(x))) : type === 'f32' ? Math.fround(x) : x;
};

const split = (name: string): { readonly prefix: string; readonly ending: string } => {
  const [prefix = '', ending = ''] = name.split('.');
  return { prefix, ending };
};

const named = (Object.keys(plainOpcodes) as PlainOp[]).map((name) => ({ name, ...split(name) }));
const scalar = named.filter(
  ({ prefix, ending }) => prefix in arrays && (ending in arithmetic || ending in comparisons),
);
const vector = named.filter(
  ({ prefix, ending }) => /^[if]\d\dx\d$/.test(prefix) && (ending in arithmetic || ending in comparisons),
);

describe('instructions on scalars', () => {
  it.each(scalar)('$name', ({ name, prefix, ending }) => {
    const type = prefix as Element;
    const isComparison = ending in comparisons;
    const word: MemoryOp = `${type}.load`;
    const result: MemoryOp = isComparison ? 'i32.store' : `${type}.store`;
    const compute = run(name, unary.has(ending) ? [word] : [word, word], result);
    for (const [x, y] of samples[type]) {
      const output = compute(filled(type, x), filled(type, y));
      const expected = isComparison
        ? Number(comparisons[ending]!(x, y, type))
        : held(type, arithmetic[ending]!(x, y, type));
      expect(numbers(isComparison ? 'i32' : type, output)[0], `${x}, ${y}`).toBe(
        type.startsWith('i') ? expected + 0 : expected,
      );
    }
  });
});

describe('instructions on vectors', () => {
  it.each(vector)('$name', ({ name, prefix, ending }) => {
    const type = prefix.slice(0, 3) as Element;
    const isComparison = ending in comparisons;
    const isShift = ending.startsWith('sh');
    for (const [x, y] of samples[type]) {
      const count = Math.abs(y);
      const compute = run(
        name,
        unary.has(ending) || isShift ? ['v128.load'] : ['v128.load', 'v128.load'],
        'v128.store',
        isShift ? count : undefined,
      );
      const output = compute(filled(type, x), filled(type, y));
      const integers: Element = type === 'f32' ? 'i32' : type === 'f64' ? 'i64' : type;
      const expected = isComparison
        ? -Number(comparisons[ending]!(x, y, type)) + 0
        : held(type, arithmetic[ending]!(x, isShift ? count : y, type));
      const lanes = numbers(isComparison ? integers : type, output);
      expect(lanes, `${x}, ${y}`).toEqual(lanes.map(() => (type.startsWith('i') ? expected + 0 : expected)));
    }
  });
});

/** Conversions: operands and results of other types, with an example of each. */
const conversions: readonly (readonly [
  name: PlainOp,
  from: Element,
  to: Element,
  x: number,
  expected: readonly number[],
])[] = [
  ['i32.wrap_i64', 'i64', 'i32', 2 ** 32 + 5, [5]],
  ['i64.extend_i32_s', 'i32', 'i64', -5, [-5]],
  ['i64.extend_i32_u', 'i32', 'i64', -1, [2 ** 32 - 1]],
  ['f32.convert_i32_s', 'i32', 'f32', -5, [-5]],
  ['f32.demote_f64', 'f64', 'f32', 0.1, [Math.fround(0.1)]],
  ['f64.convert_i32_s', 'i32', 'f64', -5, [-5]],
  ['f64.convert_i64_s', 'i64', 'f64', -(2 ** 40), [-(2 ** 40)]],
  ['f64.promote_f32', 'f32', 'f64', 0.5, [0.5]],
  ['i32.reinterpret_f32', 'f32', 'i32', 1, [0x3f800000]],
  ['i64.reinterpret_f64', 'f64', 'i64', 1, [Number(0x3ff0000000000000n)]],
  ['f32.reinterpret_i32', 'i32', 'f32', 0x3f800000, [1]],
  ['f64.reinterpret_i64', 'i64', 'f64', Number(0x3ff0000000000000n), [1]],
  ['i32.trunc_sat_f32_s', 'f32', 'i32', -1e20, [-(2 ** 31)]],
  ['i32.trunc_sat_f64_s', 'f64', 'i32', 1e20, [2 ** 31 - 1]],
  ['i64.trunc_sat_f32_s', 'f32', 'i64', -2.5, [-2]],
  ['i64.trunc_sat_f64_s', 'f64', 'i64', 2 ** 40 + 0.5, [2 ** 40]],
];

const vectorConversions: readonly (readonly [
  name: PlainOp,
  from: Element,
  to: Element,
  x: number,
  expected: readonly number[],
])[] = [
  ['f32x4.demote_f64x2_zero', 'f64', 'f32', 1.5, [1.5, 1.5, 0, 0]],
  ['f64x2.promote_low_f32x4', 'f32', 'f64', 1.5, [1.5, 1.5]],
  ['i32x4.trunc_sat_f32x4_s', 'f32', 'i32', -2.5, [-2, -2, -2, -2]],
  ['f32x4.convert_i32x4_s', 'i32', 'f32', -3, [-3, -3, -3, -3]],
  ['i32x4.trunc_sat_f64x2_s_zero', 'f64', 'i32', 2.5, [2, 2, 0, 0]],
  ['f64x2.convert_low_i32x4_s', 'i32', 'f64', -3, [-3, -3]],
  ['i64x2.extend_low_i32x4_s', 'i32', 'i64', -3, [-3, -3]],
  ['i64x2.extend_high_i32x4_s', 'i32', 'i64', -3, [-3, -3]],
  ['i64x2.extend_low_i32x4_u', 'i32', 'i64', -1, [2 ** 32 - 1, 2 ** 32 - 1]],
];

describe('conversions', () => {
  it.each(conversions)('%s', (name, from, to, x, expected) => {
    const output = run(name, [`${from}.load`], `${to}.store`)(filled(from, x), filled(from, 0));
    expect(numbers(to, output).slice(0, 1)).toEqual(expected);
  });

  it.each(vectorConversions)('%s', (name, from, to, x, expected) => {
    const output = run(name, ['v128.load'], 'v128.store')(filled(from, x), filled(from, 0));
    expect(numbers(to, output)).toEqual(expected);
  });
});

const masks: readonly (readonly [name: PlainOp, x: number, expected: number])[] = [
  ['v128.any_true', 0, 0],
  ['v128.any_true', 8, 1],
  ['i32x4.all_true', 8, 1],
  ['i32x4.bitmask', -1, 15],
  ['i64x2.all_true', 8, 1],
  ['i64x2.bitmask', -1, 3],
];

const bits: readonly (readonly [name: PlainOp, x: number, y: number, expected: number])[] = [
  ['v128.not', 5, 0, ~5],
  ['v128.and', 12, 10, 8],
  ['v128.andnot', 12, 10, 4],
  ['v128.or', 12, 10, 14],
  ['v128.xor', 12, 10, 6],
];

describe('masks', () => {
  it.each(masks)('%s of %d', (name, x, expected) => {
    const output = run(name, ['v128.load'], 'i32.store')(filled('i32', x), filled('i32', 0));
    expect(numbers('i32', output)[0]).toBe(expected);
  });

  it.each(bits)('%s', (name, x, y, expected) => {
    const output = run(
      name,
      name === 'v128.not' ? ['v128.load'] : ['v128.load', 'v128.load'],
      'v128.store',
    )(filled('i32', x), filled('i32', y));
    expect(numbers('i32', output)).toEqual([expected, expected, expected, expected]);
  });

  it('bitselect takes bits of the first where the mask is set', () => {
    const output = run(
      'v128.bitselect',
      ['v128.load', 'v128.load', 'v128.load'],
      'v128.store',
    )(filled('i32', 12), filled('i32', 10));
    // (12 & 10) | (10 & ~10): the mask is the second operand again
    expect(numbers('i32', output)).toEqual([8, 8, 8, 8]);
  });
});
