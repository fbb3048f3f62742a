/** Lowerings of the element-wise primitives, and of conversions. */
import {
  broadcastShapes,
  type BinaryPrimitive,
  type ComparisonPrimitive,
  type LogicParams,
  type Primitive,
  type UnaryPrimitive,
} from '@node-ode/core';
import { Arithmetic, binary, filled, unary } from './arithmetic.ts';
import type { KernelBuilder, Lowering, Register, TfDType } from './contract.ts';
import { tfDType } from '../dtypes.ts';
import { pairwiseName } from './in-memory/pairwise.ts';
import { product, quotient, remainder } from './special/division.ts';
import { extremum } from './special/extremum.ts';
import { erf, round } from './special/one-number.ts';
import { power } from './special/power.ts';

/** A function of one register. */
type Unary = (a: Arithmetic, x: Register) => Register;
/** A function of two registers that broadcast. */
type Binary = (a: Arithmetic, x: Register, y: Register) => Register;

const ofOne =
  <P extends Primitive>(formula: Unary): Lowering<P> =>
  (builder, [x]) =>
    formula(new Arithmetic(builder), x!);

const ofTwo =
  <P extends Primitive>(formula: Binary): Lowering<P> =>
  (builder, [x, y]) =>
    formula(new Arithmetic(builder), x!, y!);

const unaryKernel = <P extends Primitive>(kernel: string, dtype?: TfDType): Lowering<P> =>
  ofOne(({ builder }, x) => unary(builder, kernel, x, dtype));

const binaryKernel = <P extends Primitive>(kernel: string, dtype?: TfDType): Lowering<P> =>
  ofTwo(({ builder }, x, y) => binary(builder, kernel, x, y, dtype));

/** −1, 0 or 1; NaN for NaN. tfjs's kernels make 0 of NaN, on wasm of small numbers too. */
function sign(a: Arithmetic, x: Register): Register {
  if (x.dtype === 'int32') return unary(a.builder, 'Sign', x);
  const zero = a.number(0, x);
  return a.where(a.less(x, zero), a.number(-1, x), a.where(a.less(zero, x), a.number(1, x), x));
}

/** tfjs's kernel takes ten times as long on `cpu` as a product of ours. */
const negative: Unary = (a, x) =>
  x.dtype === 'float32' && a.builder.has(pairwiseName) ? a.mul(x, a.number(-1, x)) : a.neg(x);

/** Converts; to booleans by a comparison, as some backends cut numbers down to bytes. */
function cast(builder: KernelBuilder, x: Register, dtype: TfDType): Register {
  if (x.dtype === dtype) return x;
  if (dtype === 'bool') return binary(builder, 'NotEqual', x, filled(builder, 0, x.dtype), 'bool');
  const result = builder.call('Cast', { x }, { dtype }, { shape: x.shape, dtype });
  // The JavaScript backend calls the integers themselves floats, in an array of integers: only the product makes floats of them.
  const isRenamed = builder.backendName === 'cpu' && dtype === 'float32';
  return isRenamed ? binary(builder, 'Multiply', result, filled(builder, 1, dtype)) : result;
}

/** tfjs's kernel takes three of one shape, and on wasm reads booleans as if they had four bytes: they are combined by logic. */
function select(builder: KernelBuilder, [condition, whenTrue, whenFalse]: readonly Register[]): Register {
  if (whenTrue!.dtype === 'bool') {
    const a = new Arithmetic(builder);
    return a.or(a.and(condition!, whenTrue!), a.and(a.not(condition!), whenFalse!));
  }
  const shape = broadcastShapes('select', condition!.shape, whenTrue!.shape, whenFalse!.shape);
  const whole = (x: Register): Register => builder.lower('broadcastTo', [x], { shape });
  const { dtype } = whenTrue!;
  const operands = { condition: whole(condition!), t: whole(whenTrue!), e: whole(whenFalse!) };
  return builder.call('Select', operands, {}, { shape, dtype });
}

type Elementwise = UnaryPrimitive | BinaryPrimitive | ComparisonPrimitive | keyof LogicParams | 'cast' | 'select';

export const elementwise: { readonly [P in Elementwise]: Lowering<P> } = {
  neg: ofOne(negative),
  abs: unaryKernel('Abs'),
  sign: ofOne(sign),
  exp: unaryKernel('Exp'),
  expm1: unaryKernel('Expm1'),
  log: unaryKernel('Log'),
  log1p: unaryKernel('Log1p'),
  sqrt: unaryKernel('Sqrt'),
  sin: unaryKernel('Sin'),
  cos: unaryKernel('Cos'),
  tan: unaryKernel('Tan'),
  tanh: unaryKernel('Tanh'),
  sigmoid: unaryKernel('Sigmoid'),
  erf: ofOne(erf),
  floor: unaryKernel('Floor'),
  ceil: unaryKernel('Ceil'),
  round: ofOne(round),

  add: binaryKernel('Add'),
  sub: binaryKernel('Sub'),
  mul: ofTwo(product),
  div: ofTwo(quotient),
  rem: ofTwo(remainder),
  pow: ofTwo(power),
  maximum: ofTwo((a, x, y) => extremum(a, 'Maximum', x, y)),
  minimum: ofTwo((a, x, y) => extremum(a, 'Minimum', x, y)),
  atan2: binaryKernel('Atan2'),

  equal: binaryKernel('Equal', 'bool'),
  notEqual: binaryKernel('NotEqual', 'bool'),
  less: binaryKernel('Less', 'bool'),
  lessEqual: binaryKernel('LessEqual', 'bool'),
  greater: binaryKernel('Greater', 'bool'),
  greaterEqual: binaryKernel('GreaterEqual', 'bool'),

  not: unaryKernel('LogicalNot'),
  and: binaryKernel('LogicalAnd', 'bool'),
  or: binaryKernel('LogicalOr', 'bool'),
  isFinite: unaryKernel('IsFinite', 'bool'),

  cast: (builder, [x], { params }) => cast(builder, x!, tfDType('cast', params.dtype)),
  select: (builder, inputs) => select(builder, inputs),
};
