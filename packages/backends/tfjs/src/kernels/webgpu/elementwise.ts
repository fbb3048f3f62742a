/** Element-wise primitives in WGSL: one expression in `a`, `b` and `c`, the elements at one place of the operands. */
import {
  broadcastShapes,
  type BinaryPrimitive,
  type ComparisonPrimitive,
  type LogicParams,
  type UnaryPrimitive,
} from '@node-ode/core';
import type { KernelBuilder, Lowering, Register, TfDType } from '../contract.ts';
import { code, joined } from './code.ts';
import { broadcastStrides, offset } from './index-expressions.ts';
import { wgsl } from './program.ts';

/** Expressions in f32, and in i32 where the primitive has integers. */
interface Meaning {
  readonly float: string;
  readonly int?: string;
}

const unary: { readonly [P in UnaryPrimitive]: Meaning } = {
  neg: { float: '-a', int: '-a' },
  abs: { float: 'abs(a)', int: 'abs(a)' },
  sign: { float: 'sign_(a)', int: 'sign(a)' },
  exp: { float: 'exp_(a)' },
  expm1: { float: 'expm1_(a)' },
  log: { float: 'log_(a)' },
  log1p: { float: 'log1p_(a)' },
  sqrt: { float: 'sqrt_(a)' },
  sin: { float: 'sin_(a)' },
  cos: { float: 'cos_(a)' },
  tan: { float: 'tan_(a)' },
  tanh: { float: 'tanh_(a)' },
  sigmoid: { float: 'sigmoid_(a)' },
  erf: { float: 'erf_(a)' },
  floor: { float: 'floor(a)' },
  ceil: { float: 'ceil(a)' },
  round: { float: 'round(a)' },
};

const binary: { readonly [P in BinaryPrimitive]: Meaning } = {
  add: { float: 'a + b', int: 'a + b' },
  sub: { float: 'a - b', int: 'a - b' },
  mul: { float: 'a * b', int: 'a * b' },
  div: { float: 'a / b', int: 'a / b' },
  rem: { float: 'rem_(a, b)', int: 'a % b' },
  pow: { float: 'pow_(a, b)' },
  maximum: { float: 'maximum_(a, b)', int: 'max(a, b)' },
  minimum: { float: 'minimum_(a, b)', int: 'min(a, b)' },
  atan2: { float: 'atan2_(a, b)' },
};

const comparison: { readonly [P in ComparisonPrimitive]: string } = {
  equal: 'a == b',
  notEqual: 'a != b',
  less: 'a < b',
  lessEqual: 'a <= b',
  greater: 'a > b',
  greaterEqual: 'a >= b',
};

const logic: { readonly [P in keyof LogicParams]: string } = {
  not: 'a == 0',
  and: 'a != 0 && b != 0',
  or: 'a != 0 || b != 0',
  isFinite: '(bitcast<u32>(a) & 0x7f800000u) != 0x7f800000u',
};

/** One expression at each place of the shape that the operands broadcast to. */
function apply(builder: KernelBuilder, operands: readonly Register[], expression: string, dtype: TfDType): Register {
  const shape = broadcastShapes('broadcast', ...operands.map((x) => x.shape));
  const elements = operands.map((x, i) => {
    const at = offset('index', shape, broadcastStrides(x.shape, shape));
    return code`let ${'abc'[i] ?? ''} = ${'ABC'[i] ?? ''}[${at}];`;
  });
  return wgsl(builder, operands, code`${joined(elements, ' ')} result[index] = ${expression};`, { shape, dtype });
}

const arithmetic =
  <P extends UnaryPrimitive | BinaryPrimitive>({ float, int = float }: Meaning): Lowering<P> =>
  (builder, inputs) => {
    const { dtype } = inputs[0]!;
    return apply(builder, inputs, dtype === 'int32' ? int : float, dtype);
  };

const truth = (condition: string): string => `select(0, 1, ${condition})`;

const compared =
  <P extends ComparisonPrimitive>(op: ComparisonPrimitive): Lowering<P> =>
  (builder, inputs) => {
    const isFloat = inputs[0]?.dtype === 'float32';
    const isNumber = op === 'notEqual' ? '|| isnan(a) || isnan(b)' : '&& !isnan(a) && !isnan(b)';
    return apply(builder, inputs, truth(isFloat ? `(${comparison[op]}) ${isNumber}` : comparison[op]), 'bool');
  };

const logical =
  <P extends keyof LogicParams>(op: P): Lowering<P> =>
  (builder, inputs) =>
    apply(builder, inputs, truth(logic[op]), 'bool');

const casts: { readonly [to in TfDType]: { readonly [from in TfDType]: string } } = {
  float32: { float32: 'a', int32: 'f32(a)', bool: 'f32(a)' },
  int32: { float32: 'toInteger(a)', int32: 'a', bool: 'a' },
  bool: { float32: truth('a != 0.0f || isnan(a)'), int32: truth('a != 0'), bool: 'a' },
};

/** Elements as another dtype. Booleans are stored as integers: one tensor can be both. */
export function castTo(builder: KernelBuilder, x: Register, dtype: TfDType): Register {
  if (x.dtype === dtype) return x;
  if (x.dtype === 'bool' && dtype === 'int32') return builder.call('Cast', { x }, { dtype }, { shape: x.shape, dtype });
  return apply(builder, [x], casts[dtype][x.dtype], dtype);
}

/** The elements of one tensor or another. */
export const select = (builder: KernelBuilder, inputs: readonly Register[]): Register =>
  apply(builder, inputs, 'select(c, b, a != 0)', inputs[1]!.dtype);

type Elementwise = UnaryPrimitive | BinaryPrimitive | ComparisonPrimitive | keyof LogicParams;

export const elementwise: { readonly [P in Elementwise]: Lowering<P> } = {
  neg: arithmetic(unary.neg),
  abs: arithmetic(unary.abs),
  sign: arithmetic(unary.sign),
  exp: arithmetic(unary.exp),
  expm1: arithmetic(unary.expm1),
  log: arithmetic(unary.log),
  log1p: arithmetic(unary.log1p),
  sqrt: arithmetic(unary.sqrt),
  sin: arithmetic(unary.sin),
  cos: arithmetic(unary.cos),
  tan: arithmetic(unary.tan),
  tanh: arithmetic(unary.tanh),
  sigmoid: arithmetic(unary.sigmoid),
  erf: arithmetic(unary.erf),
  floor: arithmetic(unary.floor),
  ceil: arithmetic(unary.ceil),
  round: arithmetic(unary.round),
  add: arithmetic(binary.add),
  sub: arithmetic(binary.sub),
  mul: arithmetic(binary.mul),
  div: arithmetic(binary.div),
  rem: arithmetic(binary.rem),
  pow: arithmetic(binary.pow),
  maximum: arithmetic(binary.maximum),
  minimum: arithmetic(binary.minimum),
  atan2: arithmetic(binary.atan2),
  equal: compared('equal'),
  notEqual: compared('notEqual'),
  less: compared('less'),
  lessEqual: compared('lessEqual'),
  greater: compared('greater'),
  greaterEqual: compared('greaterEqual'),
  not: logical('not'),
  and: logical('and'),
  or: logical('or'),
  isFinite: logical('isFinite'),
};
