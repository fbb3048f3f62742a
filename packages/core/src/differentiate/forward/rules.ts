/**
 * Tangent rules of the primitives, one table: the result's tangent from those of the operands. A rule is asked when at least
 * one operand has a tangent; null is a zero that nobody computes.
 */
import { isDifferentiable } from '../../graph/infer.ts';
import { maxPoolTangent } from '../../graph/image-composites.ts';
import type { BasicPrimitive, CompositePrimitive, PrimitiveParams, ReduceParams } from '../../graph/primitives.ts';
import { linearCombination, select, zerosLike } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { applyOne } from '../../tensor/trace.ts';
import { keepDims, rules, type Rule } from '../rules.ts';

/** What a rule may use. */
export interface TangentPass<Params> {
  readonly op: BasicPrimitive | CompositePrimitive;
  readonly inputs: readonly Tensor[];
  /** For each input its tangent; null is zero. */
  readonly tangents: readonly (Tensor | null)[];
  readonly y: Tensor;
  readonly params: Params;
}

export type TangentRuleOf<Params = object> = (pass: TangentPass<Params>) => Tensor | null;

type AnyPass = TangentPass<object>;

/** Piecewise constant, or not a float: no derivative. */
const zero = (): null => null;

/** Linear in all float operands together: the primitive of their tangents. */
const linear = ({ op, inputs, tangents, params }: AnyPass): Tensor => {
  const operands = inputs.map((x, i) => (isDifferentiable(x.type) ? (tangents[i] ?? zerosLike(x)) : x));
  return applyOne(op, operands, params as never);
};

/** Linear in each operand: the sum over the operands of the primitive with the tangent in place of that one. */
const multilinear = ({ op, inputs, tangents, params }: AnyPass): Tensor | null =>
  total(
    inputs.map((_, i) => {
      const tangent = tangents[i] ?? null;
      return tangent && applyOne(op, inputs.with(i, tangent), params as never);
    }),
  );

/**
 * The derivative by each operand is its own transpose: diagonal, but for broadcasting, or symmetric. Then the reverse rule,
 * given the tangent for a cotangent, is the tangent rule.
 */
const selfAdjoint = ({ op, inputs, tangents, y, params }: AnyPass): Tensor | null => {
  const rule = rules[op] as Rule;
  const sum = total(tangents.map((ct, i) => ct && (rule({ ct, inputs, y, params })[i]?.() ?? null)));
  return sum && sum.broadcastTo(y.shape);
};

const total = (terms: readonly (Tensor | null)[]): Tensor | null =>
  terms.reduce((sum, term) => (sum === null || term === null ? (sum ?? term) : sum.add(term)), null);

/** The mean of the tangents of all elements that are the largest or smallest one. */
const extremum: TangentRuleOf<ReduceParams> = ({ inputs: [x], tangents: [dx], y, params }) => {
  const hits = (x as Tensor).equal(keepDims(y, params.axes, params.keepDims));
  // An element that is not chosen adds nothing, be its tangent infinite.
  return select(hits, dx as Tensor, 0)
    .sum(params)
    .div(hits.cast(y.dtype).sum(params));
};

export const tangentRules: {
  readonly [P in BasicPrimitive | CompositePrimitive]: TangentRuleOf<PrimitiveParams[P]> | 'decompose';
} = {
  neg: linear,
  abs: selfAdjoint,
  sign: zero,
  exp: selfAdjoint,
  expm1: selfAdjoint,
  log: selfAdjoint,
  log1p: selfAdjoint,
  sqrt: selfAdjoint,
  sin: selfAdjoint,
  cos: selfAdjoint,
  tan: selfAdjoint,
  tanh: selfAdjoint,
  sigmoid: selfAdjoint,
  erf: selfAdjoint,
  softplus: selfAdjoint,
  floor: zero,
  ceil: zero,
  round: zero,

  add: selfAdjoint,
  sub: selfAdjoint,
  mul: selfAdjoint,
  div: selfAdjoint,
  rem: selfAdjoint,
  pow: selfAdjoint,
  maximum: selfAdjoint,
  minimum: selfAdjoint,
  atan2: selfAdjoint,

  equal: zero,
  notEqual: zero,
  less: zero,
  lessEqual: zero,
  greater: zero,
  greaterEqual: zero,
  not: zero,
  and: zero,
  or: zero,
  isFinite: zero,
  constant: zero,
  iota: zero,
  argMax: zero,
  size: zero,

  cast: (pass) => (isDifferentiable(pass.y.type) ? linear(pass) : null),
  select: linear,
  reshape: linear,
  broadcastTo: linear,
  transpose: linear,
  slice: linear,
  pad: ({ tangents: [dx], params: { before, after } }) => (dx as Tensor).pad(before, after),
  concat: linear,
  gather: linear,
  scatterAdd: linear,
  setRow: linear,
  sum: linear,
  mean: linear,
  reduceMax: extremum,
  reduceMin: extremum,
  logSumExp: ({ inputs: [x], tangents: [dx], y, params }) =>
    (x as Tensor)
      .sub(keepDims(y, params.axes, params.keepDims))
      .exp()
      .mul(dx as Tensor)
      .sum(params),
  softmax: selfAdjoint,
  logSoftmax: ({ tangents: [dx], y, params: { axis } }) =>
    (dx as Tensor).sub(
      y
        .exp()
        .mul(dx as Tensor)
        .sum({ axes: axis, keepDims: true }),
    ),
  cumsum: linear,
  matmul: multilinear,
  conv2d: multilinear,
  conv2dInputGrad: multilinear,
  conv2dKernelGrad: multilinear,
  maxPool2d: ({ inputs: [x], tangents: [dx], y, params }) => maxPoolTangent(x as Tensor, y, dx as Tensor, params),
  // Where the largest elements are is piecewise constant.
  maxPool2dGrad: ({ inputs: [x, y], tangents: [, , moved], params }) =>
    moved ? applyOne('maxPool2dGrad', [x as Tensor, y as Tensor, moved], params) : null,
  avgPool2d: linear,
  avgPool2dGrad: linear,
  // Bilinear in weights and terms: one combination of twice as many terms.
  linearCombination: ({ inputs, tangents, params: { coefficients } }) => {
    const n = coefficients.length;
    const products = coefficients.flatMap((coefficient, i) => {
      const [w, x, dw, dx] = [inputs[i], inputs[n + i], tangents[i], tangents[n + i]] as const;
      return [
        { coefficient, w: dw, x },
        { coefficient, w, x: dx },
      ];
    });
    const kept = products.filter(({ w, x }) => w != null && x != null);
    return linearCombination(
      kept.map(({ w }) => w as Tensor),
      kept.map(({ x }) => x as Tensor),
      kept.map(({ coefficient }) => coefficient),
    );
  },
  errorNorm: 'decompose',
  allFinite: zero,
  // A·X = B: A·Ẋ = Ḃ − Ȧ·X
  linearSolve: ({ inputs: [a], tangents: [da, db], y, params }) => {
    const moved = da && da.matmul(y, params).neg();
    const right = total([db ?? null, moved ?? null]);
    return right && applyOne('linearSolve', [a as Tensor, right], params);
  },
};
