/** Lowerings of the element-wise primitives, of constants and of conversions: one operator each where ONNX has it. */
import {
  sameShape,
  type BinaryPrimitive,
  type ComparisonPrimitive,
  type LogicParams,
  type NodeOf,
  type Primitive,
  type TensorType,
  type UnaryPrimitive,
} from '@node-ode/core';
import { Arithmetic, broadcastNames, cast } from './arithmetic.ts';
import type { Emitter, Lowering, Operand } from './contract.ts';
import type { Kernel } from './kernels.ts';
import { erf } from './special/erf.ts';
import { exp, expm1, log, log1p, sigmoid } from './special/exponential.ts';
import { extremum } from './special/extremum.ts';
import { integerRemainder, magnitude, negated, quotient } from './special/integer.ts';
import { power } from './special/power.ts';
import { remainder, round, sign } from './special/rounding.ts';
import { atan2, cos, sin, tan } from './special/trigonometric.ts';

const outputType = (node: NodeOf<Primitive>): TensorType => node.outputs[0]?.type as TensorType;

/** A function of one operand as nodes. */
type UnaryFormula = (a: Arithmetic, x: string, emitter: Emitter, type: TensorType) => string;

const unary =
  <P extends Primitive>(formula: UnaryFormula): Lowering<P> =>
  (emitter, node, operands) => {
    const { name, type } = operands[0] as Operand;
    return formula(new Arithmetic(emitter, node.op, type.dtype), name, emitter, type);
  };

/** A function of two operands as nodes; `x` and `y` broadcast to the shape of the result. */
type BinaryFormula = (a: Arithmetic, x: string, y: string, emitter: Emitter, operands: readonly Operand[]) => string;

const binary =
  <P extends Primitive>(formula: BinaryFormula): Lowering<P> =>
  (emitter, node, operands) => {
    const [x, y] = broadcastNames(operands, outputType(node).shape) as [string, string];
    const { dtype } = (operands[0] as Operand).type;
    return formula(new Arithmetic(emitter, node.op, dtype), x, y, emitter, operands);
  };

const unaryKernel = <P extends Primitive>(kernel: Kernel): Lowering<P> => unary((a, x) => a.apply(kernel, [x]));

const binaryKernel = <P extends Primitive>(kernel: Kernel): Lowering<P> => binary((a, x, y) => a.apply(kernel, [x, y]));

const not = (a: Arithmetic, x: string): string => a.apply('Not', [x]);

/** i32 divides by rules of its own. */
const division =
  (integers: typeof quotient, floats: (a: Arithmetic, x: string, y: string) => string): BinaryFormula =>
  (a, x, y, emitter, operands) =>
    a.dtype === 'i32' ? integers(emitter, a, x, { name: y, splat: operands[1]?.splat }) : floats(a, x, y);

const extremumOf =
  (kernel: 'Max' | 'Min'): BinaryFormula =>
  (a, x, y, _, operands) =>
    extremum(a, kernel, { x, y, splats: operands.map(({ splat }) => splat) });

/** Booleans are compared as numbers where that is all there is. */
const equal: BinaryFormula = (a, x, y) =>
  a.has('Equal') ? a.equal(x, y) : a.as('i32').equal(a.cast(x, 'i32'), a.cast(y, 'i32'));

const notEqual: BinaryFormula = (a, x, y, ...rest) =>
  a.dtype === 'bool' && a.has('Xor') ? a.apply('Xor', [x, y]) : not(a, equal(a, x, y, ...rest));

const and: BinaryFormula = (a, x, y, _, operands) => {
  if (!isLooseBroadcast(a, operands)) return a.apply('And', [x, y]);
  const i32 = a.as('i32');
  return i32.cast(i32.mul(a.cast(x, 'i32'), a.cast(y, 'i32')), 'bool');
};

const or: BinaryFormula = (a, x, y, ...rest) =>
  a.has('Or') ? a.apply('Or', [x, y]) : not(a, and(a, not(a, x), not(a, y), ...rest));

/** Whether booleans are broadcast by WebGPU, whose And of [3,1,1] and [3,2,4] takes the wrong elements. */
const isLooseBroadcast = ({ isLoose }: Arithmetic, [x, y]: readonly Operand[]): boolean =>
  isLoose && !sameShape(x?.type.shape ?? [], y?.type.shape ?? []);

function select(emitter: Emitter, node: NodeOf<'select'>, operands: readonly Operand[]): string {
  const { shape, dtype } = outputType(node);
  const [condition, whenTrue, whenFalse] = broadcastNames(operands, shape) as [string, string, string];
  const a = new Arithmetic(emitter, 'select', dtype);
  if (dtype !== 'bool') return a.where(condition, whenTrue, whenFalse);
  if (!a.has('Xor')) {
    const i32 = a.as('i32');
    return i32.cast(i32.where(condition, a.cast(whenTrue, 'i32'), a.cast(whenFalse, 'i32')), 'bool');
  }
  // Where the condition holds, what differs between the two is turned over.
  const differs = a.apply('Xor', [whenTrue, whenFalse]);
  return a.apply('Xor', [whenFalse, a.apply('And', [condition, differs])]);
}

/** A constant as a tensor of its full shape. */
function constant(emitter: Emitter, { params: { value, shape, dtype } }: NodeOf<'constant'>): string {
  const scalar = emitter.scalar(value, dtype);
  return shape.length === 0 ? scalar : emitter.emit('Expand', [scalar, emitter.ints(shape)]);
}

/** A float that is too large for i32, or NaN, gives what the provider gives. */
function convert(emitter: Emitter, { params }: NodeOf<'cast'>, operands: readonly Operand[]): string {
  const { name, type } = operands[0] as Operand;
  return type.dtype === params.dtype ? name : cast(emitter, 'cast', name, type.dtype, params.dtype);
}

type ElementwiseRule =
  UnaryPrimitive | BinaryPrimitive | ComparisonPrimitive | keyof LogicParams | 'cast' | 'select' | 'constant';

export const elementwiseRules: { readonly [P in ElementwiseRule]: Lowering<P> } = {
  neg: unary(negated),
  abs: unary(magnitude),
  sign: unary(sign),
  exp: unary(exp),
  expm1: unary(expm1),
  log: unary(log),
  log1p: unary(log1p),
  sqrt: unaryKernel('Sqrt'),
  sin: unary(sin),
  cos: unary(cos),
  tan: unary(tan),
  tanh: unaryKernel('Tanh'),
  sigmoid: unary(sigmoid),
  erf: unary((a, x, emitter, { shape }) => erf(emitter, a, x, shape)),
  floor: unaryKernel('Floor'),
  ceil: unaryKernel('Ceil'),
  round: unary(round),

  add: binaryKernel('Add'),
  sub: binaryKernel('Sub'),
  mul: binaryKernel('Mul'),
  div: binary(division(quotient, (a, x, y) => a.div(x, y))),
  rem: binary(division(integerRemainder, remainder)),
  pow: binary((a, x, y, _, operands) => power(a, x, y, operands[1]?.splat)),
  maximum: binary(extremumOf('Max')),
  minimum: binary(extremumOf('Min')),
  atan2: binary(atan2),

  equal: binary(equal),
  notEqual: binary(notEqual),
  less: binaryKernel('Less'),
  lessEqual: binaryKernel('LessOrEqual'),
  greater: binaryKernel('Greater'),
  greaterEqual: binaryKernel('GreaterOrEqual'),

  not: unary(not),
  and: binary(and),
  or: binary(or),
  isFinite: unary((a, x) => a.less(a.abs(x), a.number(Infinity))),

  cast: convert,
  select,
  constant,
};
