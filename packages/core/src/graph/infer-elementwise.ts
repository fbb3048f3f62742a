/** The shape and dtype rules of element-wise primitives: operands broadcast. */
import { broadcastShapes } from './broadcast.ts';
import type { DType } from './dtype.ts';
import type { ElementwisePrimitive } from './evaluate.ts';
import { tensorType } from './graph.ts';
import { demand, floats, numeric, sameDType, tensor } from './operands.ts';
import type { Primitive } from './primitives.ts';
import type { Rule, Rules } from './rule.ts';

/** The result is of the operand's type. */
export const unary =
  (dtypes: readonly DType[]): Rule<Primitive> =>
  (types, _, op) => [demand(op, tensor(op, types, 0), dtypes)];

const binary =
  (dtypes: readonly DType[], result?: DType): Rule<Primitive> =>
  (types, _, op) => {
    const [a, b] = [demand(op, tensor(op, types, 0), dtypes), demand(op, tensor(op, types, 1), dtypes)];
    const dtype = sameDType(op, [a, b]);
    return [tensorType(broadcastShapes(op, a.shape, b.shape), result ?? dtype)];
  };

const anyDType: readonly DType[] = ['f32', 'f64', 'i32', 'bool'];
const compare = binary(anyDType, 'bool');
const order = binary(numeric, 'bool');
const logic = binary(['bool'], 'bool');
const floatUnary = unary(floats);

export const elementwiseRules: Rules<ElementwisePrimitive | 'softplus' | 'cast' | 'select'> = {
  neg: unary(numeric),
  abs: unary(numeric),
  sign: unary(numeric),
  exp: floatUnary,
  expm1: floatUnary,
  log: floatUnary,
  log1p: floatUnary,
  sqrt: floatUnary,
  sin: floatUnary,
  cos: floatUnary,
  tan: floatUnary,
  tanh: floatUnary,
  sigmoid: floatUnary,
  erf: floatUnary,
  floor: floatUnary,
  ceil: floatUnary,
  round: floatUnary,
  softplus: floatUnary,
  not: unary(['bool']),
  and: logic,
  or: logic,
  isFinite: (types, _, op) => [tensorType(demand(op, tensor(op, types, 0), floats).shape, 'bool')],

  add: binary(numeric),
  sub: binary(numeric),
  mul: binary(numeric),
  div: binary(numeric),
  rem: binary(numeric),
  pow: binary(floats),
  maximum: binary(numeric),
  minimum: binary(numeric),
  atan2: binary(floats),
  equal: compare,
  notEqual: compare,
  less: order,
  lessEqual: order,
  greater: order,
  greaterEqual: order,

  cast: (types, { dtype }, op) => [tensorType(tensor(op, types, 0).shape, dtype)],
  select: (types, _, op) => {
    const condition = demand(op, tensor(op, types, 0), ['bool']);
    const [a, b] = [tensor(op, types, 1), tensor(op, types, 2)];
    return [tensorType(broadcastShapes(op, condition.shape, a.shape, b.shape), sameDType(op, [a, b]))];
  },
};
