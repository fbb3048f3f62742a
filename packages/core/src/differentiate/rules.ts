/**
 * Reverse rules of the primitives, one table: for each input a function that gives its cotangent from the result's. What
 * is not asked for is not computed. Broadcast operands are summed back by `linearize`.
 */
import type {
  BasicPrimitive,
  CompositePrimitive,
  ConvParams,
  PrimitiveParams,
  ReduceParams,
} from '../graph/primitives.ts';
import { spatialExtents } from '../graph/windows.ts';
import { applyOne } from '../tensor/trace.ts';
import { linearCombination, select, zerosLike } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';

/** What a rule may use. */
export interface Pass<Params> {
  /** Cotangent of the result. */
  readonly ct: Tensor;
  readonly inputs: readonly Tensor[];
  readonly y: Tensor;
  readonly params: Params;
}

/** For each input its cotangent; null where it has none. */
export type Rule<Params = object> = (pass: Pass<Params>) => readonly ((() => Tensor) | null)[];

/** A rule of one argument x with result y. */
const unary =
  (derivative: (ct: Tensor, x: Tensor, y: Tensor) => Tensor): Rule =>
  ({ ct, inputs, y }) => [() => derivative(ct, inputs[0] as Tensor, y)];

/** A rule of two arguments. */
const binary =
  (da: (ct: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor, db: typeof da): Rule =>
  ({ ct, inputs: [a, b], y }) => [() => da(ct, a as Tensor, b as Tensor, y), () => db(ct, a as Tensor, b as Tensor, y)];

/** Piecewise constant, or not a float: no derivative. */
const zero = (): readonly null[] => [];

/** Restores reduced axes with extent 1, so that a reduction's result broadcasts against its input. */
export function keepDims(x: Tensor, axes: readonly number[], kept: boolean): Tensor {
  return kept ? x : axes.reduce((expanded, axis) => expanded.expandDims(axis), x);
}

/** The cotangent of a largest or smallest element, shared equally between ties. */
const extremum: Rule<ReduceParams> = ({ ct, inputs, y, params: { axes, keepDims: kept } }) => [
  () => {
    const x = inputs[0] as Tensor;
    const hits = x.equal(keepDims(y, axes, kept)).cast(x.dtype);
    return hits.mul(keepDims(ct, axes, kept).div(hits.sum({ axes, keepDims: true })));
  },
];

export const rules: { readonly [P in BasicPrimitive | CompositePrimitive]: Rule<PrimitiveParams[P]> | 'decompose' } = {
  neg: unary((ct) => ct.neg()),
  abs: unary((ct, x) => ct.mul(x.sign())),
  sign: zero,
  exp: unary((ct, _, y) => ct.mul(y)),
  expm1: unary((ct, _, y) => ct.mul(y.add(1))),
  log: unary((ct, x) => ct.div(x)),
  log1p: unary((ct, x) => ct.div(x.add(1))),
  sqrt: unary((ct, _, y) => ct.div(y.mul(2))),
  sin: unary((ct, x) => ct.mul(x.cos())),
  cos: unary((ct, x) => ct.mul(x.sin().neg())),
  tan: unary((ct, _, y) => ct.mul(y.square().add(1))),
  tanh: unary((ct, _, y) => ct.mul(constant(1, [], y.dtype).sub(y.square()))),
  sigmoid: unary((ct, _, y) => ct.mul(y.mul(constant(1, [], y.dtype).sub(y)))),
  erf: unary((ct, x) => ct.mul(gaussian(x).mul(2 / Math.sqrt(Math.PI)))),
  softplus: unary((ct, x) => ct.mul(x.sigmoid())),
  floor: zero,
  ceil: zero,
  round: zero,

  add: binary(
    (ct) => ct,
    (ct) => ct,
  ),
  sub: binary(
    (ct) => ct,
    (ct) => ct.neg(),
  ),
  mul: binary(
    (ct, _, b) => ct.mul(b),
    (ct, a) => ct.mul(a),
  ),
  div: binary(
    (ct, _, b) => ct.div(b),
    (ct, _, b, y) => ct.mul(y).div(b).neg(),
  ),
  rem: binary(
    (ct) => ct,
    (ct, a, b) => {
      const quotient = a.div(b);
      return ct.mul(quotient.sign().mul(quotient.abs().floor())).neg();
    },
  ),
  // d(aᵇ)/db is 0 where a is 0, as lim a→0 of aᵇ·log a for b > 0: log 0 never meets a zero.
  pow: binary(
    (ct, a, b) => powerSlope(ct, a, b),
    (ct, a, _, y) => select(a.equal(0), 0, ct.mul(y.mul(select(a.equal(0), 1, a).log()))),
  ),
  // At a tie the second operand has the derivative: relu'(0) = 0, as max(x, 0).
  maximum: binary(
    (ct, a, b) => select(a.greater(b), ct, 0),
    (ct, a, b) => select(a.greater(b), 0, ct),
  ),
  minimum: binary(
    (ct, a, b) => select(a.less(b), ct, 0),
    (ct, a, b) => select(a.less(b), 0, ct),
  ),
  atan2: binary(
    (ct, y, x) => ct.mul(x).div(x.square().add(y.square())),
    (ct, y, x) => ct.mul(y).div(x.square().add(y.square())).neg(),
  ),

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

  cast: ({ ct, inputs }) => [() => ct.cast((inputs[0] as Tensor).dtype)],
  select: ({ ct, inputs: [condition] }) => [
    null,
    () => select(condition as Tensor, ct, 0),
    () => select(condition as Tensor, 0, ct),
  ],
  reshape: ({ ct, inputs }) => [() => ct.reshape((inputs[0] as Tensor).shape)],
  // Summed back over the stretched axes with every other broadcast.
  broadcastTo: ({ ct }) => [() => ct],
  transpose: ({ ct, params: { perm } }) => [() => ct.transpose(perm.map((_, axis) => perm.indexOf(axis)))],
  slice: ({ ct, inputs, params: { starts, sizes } }) => [
    () => {
      const { shape } = inputs[0] as Tensor;
      return ct.pad(
        starts,
        shape.map((extent, i) => extent - (starts[i] ?? 0) - (sizes[i] ?? 0)),
      );
    },
  ],
  pad: ({ ct, inputs, params: { before } }) => [() => ct.slice(before, (inputs[0] as Tensor).shape)],
  concat: ({ ct, inputs, params: { axis } }) => {
    let offset = 0;
    return inputs.map((x) => {
      const start = offset;
      offset += x.shape[axis] ?? 0;
      return () =>
        ct.slice(
          ct.shape.map((_, i) => (i === axis ? start : 0)),
          x.shape,
        );
    });
  },
  gather: ({ ct, inputs: [x, indices], params: { axis } }) => [
    () => ct.scatterAdd(indices as Tensor, (x as Tensor).shape[axis] ?? 0, axis),
    null,
  ],
  scatterAdd: ({ ct, inputs: [, indices], params: { axis } }) => [() => ct.gather(indices as Tensor, axis), null],
  setRow: ({ ct, inputs: [, index, row] }) => [
    () => ct.setRow(index as Tensor, constant(0, [], (row as Tensor).dtype)),
    null,
    () => ct.gather(index as Tensor),
  ],
  sum: ({ ct, inputs, params: { axes, keepDims: kept } }) => [
    () => keepDims(ct, axes, kept).broadcastTo((inputs[0] as Tensor).shape),
  ],
  mean: ({ ct, inputs, params: { axes, keepDims: kept } }) => [
    () => {
      const x = inputs[0] as Tensor;
      return keepDims(ct, axes, kept).div(x.size(axes)).broadcastTo(x.shape);
    },
  ],
  reduceMax: extremum,
  reduceMin: extremum,
  logSumExp: ({ ct, inputs, y, params: { axes, keepDims: kept } }) => [
    () =>
      (inputs[0] as Tensor)
        .sub(keepDims(y, axes, kept))
        .exp()
        .mul(keepDims(ct, axes, kept)),
  ],
  softmax: ({ ct, y, params: { axis } }) => [() => y.mul(ct.sub(ct.mul(y).sum({ axes: axis, keepDims: true })))],
  logSoftmax: ({ ct, y, params: { axis } }) => [() => ct.sub(y.exp().mul(ct.sum({ axes: axis, keepDims: true })))],
  cumsum: ({ ct, params: { axis, reverse } }) => [() => ct.cumsum(axis, { reverse: !reverse })],
  matmul: ({ ct, inputs: [a, b], params: { transposeA, transposeB } }) => [
    () =>
      transposeA
        ? applyOne('matmul', [b as Tensor, ct], { transposeA: transposeB, transposeB: true })
        : applyOne('matmul', [ct, b as Tensor], { transposeA: false, transposeB: !transposeB }),
    () =>
      transposeB
        ? applyOne('matmul', [ct, a as Tensor], { transposeA: true, transposeB: transposeA })
        : applyOne('matmul', [a as Tensor, ct], { transposeA: !transposeA, transposeB: false }),
  ],
  linearCombination: ({ ct, inputs, params: { coefficients } }) => {
    const n = coefficients.length;
    const weight = (i: number) => () => {
      const [w, x] = [inputs[i] as Tensor, inputs[n + i] as Tensor];
      const axes = x.shape.map((_, axis) => axis).slice(w.rank);
      return ct
        .mul(x)
        .sum({ axes })
        .mul(coefficients[i] ?? 0);
    };
    const term = (i: number) => () => {
      const w = inputs[i] as Tensor;
      return coefficients[i] === 1 && constantValue(w) === 1
        ? ct
        : linearCombination([w], [ct], [coefficients[i] ?? 0]);
    };
    return [...coefficients.map((_, i) => weight(i)), ...coefficients.map((_, i) => term(i))];
  },
  errorNorm: 'decompose',
  allFinite: zero,

  // Convolution and its two gradients are the three partial derivatives of one trilinear form, ⟨conv2d(x, kernel), ct⟩.
  conv2d: ({ ct, inputs: [x, kernel], params }) => [
    () => inputGrad(ct, kernel as Tensor, params, x as Tensor),
    () => kernelGrad(x as Tensor, ct, params, kernel as Tensor),
  ],
  conv2dInputGrad: ({ ct, inputs: [inner, kernel], params }) => [
    () => convolution(ct, kernel as Tensor, params),
    () => kernelGrad(ct, inner as Tensor, params, kernel as Tensor),
  ],
  conv2dKernelGrad: ({ ct, inputs: [x, inner], params }) => [
    () => inputGrad(inner as Tensor, ct, params, x as Tensor),
    () => convolution(x as Tensor, ct, params),
  ],
  maxPool2d: ({ ct, inputs: [x], y, params }) => [() => applyOne('maxPool2dGrad', [x as Tensor, y, ct], params)],
  maxPool2dGrad: 'decompose',
  avgPool2d: ({ ct, inputs: [x], params }) => [
    () => applyOne('avgPool2dGrad', [ct], { ...params, size: spatialExtents((x as Tensor).shape) }),
  ],
  avgPool2dGrad: ({ ct, params: { size: _, ...params } }) => [() => applyOne('avgPool2d', [ct], params)],
  // With A·X = B: B̄ = A⁻ᵀ·X̄ and Ā = −B̄·Xᵀ, the transpose of that for Aᵀ (Giles 2008, "Collected matrix derivative results").
  linearSolve: ({ ct, inputs: [a], y, params: { transposeA } }) => {
    const pulled = (): Tensor => applyOne('linearSolve', [a as Tensor, ct], { transposeA: !transposeA });
    const outer = (left: Tensor, right: Tensor): Tensor => left.matmul(right, { transposeB: true }).neg();
    return [() => (transposeA ? outer(y, pulled()) : outer(pulled(), y)), pulled];
  },
};

const convParams = ({ strides, padBefore, padAfter, dilations, groups }: ConvParams): ConvParams => ({
  strides,
  padBefore,
  padAfter,
  dilations,
  groups,
});

const convolution = (x: Tensor, kernel: Tensor, params: ConvParams): Tensor =>
  applyOne('conv2d', [x, kernel], convParams(params));

const inputGrad = (ct: Tensor, kernel: Tensor, params: ConvParams, x: Tensor): Tensor =>
  applyOne('conv2dInputGrad', [ct, kernel], { ...convParams(params), size: spatialExtents(x.shape) });

const kernelGrad = (x: Tensor, ct: Tensor, params: ConvParams, kernel: Tensor): Tensor =>
  applyOne('conv2dKernelGrad', [x, ct], { ...convParams(params), size: spatialExtents(kernel.shape) });

/** e^(−x²) */
const gaussian = (x: Tensor): Tensor => x.square().neg().exp();

/** ct·b·a^(b − 1), and 0 where b is 0: there a^(b − 1) may be infinite. */
function powerSlope(ct: Tensor, a: Tensor, b: Tensor): Tensor {
  const exponent = constantValue(b);
  if (exponent === 0) return zerosLike(ct);
  const base = exponent === undefined ? select(a.equal(0).and(b.equal(0)), 1, a) : a;
  return ct.mul(b.mul(base.pow(b.sub(1))));
}

/** The value of a tensor that is a constant. */
function constantValue({ source }: Tensor): number | undefined {
  if (source.kind !== 'deferred' || source.node.op !== 'constant') return undefined;
  return 'value' in source.node.params ? source.node.params.value : undefined;
}
