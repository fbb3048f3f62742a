/** Functions of several tensors, and tensors made from others. */
import { isHostArray, type HostArray } from '../array.ts';
import { ShapeError } from '../errors.ts';
import { broadcastShapes, normalizeAxis } from '../graph/broadcast.ts';
import type { DType } from '../graph/dtype.ts';
import { sameShape, type Shape, type TensorType } from '../graph/graph.ts';
import { asTensor, constant, isTensor, type MatmulOptions, type Tensor, type TensorLike } from './tensor.ts';
import { applyOne } from './trace.ts';

const none = {};

/**
 * Zeros of the shape and dtype of `x`.
 *
 * @example
 * zerosLike(x).add(1); // ones of x's shape
 */
export const zerosLike = (x: { readonly type: TensorType }): Tensor => constant(0, x.type.shape, x.type.dtype);

/**
 * Ones of the shape and dtype of `x`.
 *
 * @example
 * pullback(onesLike(value));
 */
export const onesLike = (x: { readonly type: TensorType }): Tensor => constant(1, x.type.shape, x.type.dtype);

/**
 * 0, 1, … , length − 1.
 *
 * @example
 * arange(3); // i32: 0, 1, 2
 */
export const arange = (length: number, dtype: DType = 'i32'): Tensor =>
  applyOne('iota', [], { shape: [length], axis: 0, dtype });

/**
 * Elements of `whenTrue` where `condition` holds, else of `whenFalse`; all three broadcast. Both are computed: `cond`
 * chooses what is computed.
 * @example
 * select(x.greater(0), x, x.mul(0.01)); // leaky ReLU
 */
export function select(condition: TensorLike, whenTrue: TensorLike, whenFalse: TensorLike): Tensor {
  const like =
    isTensor(whenTrue) || isHostArray(whenTrue)
      ? whenTrue
      : isTensor(whenFalse) || isHostArray(whenFalse)
        ? whenFalse
        : undefined;
  const dtype = like?.dtype ?? (typeof whenTrue === 'boolean' ? 'bool' : 'f32');
  return applyOne(
    'select',
    [asTensor(condition, 'bool', 'select'), asTensor(whenTrue, dtype, 'select'), asTensor(whenFalse, dtype, 'select')],
    none,
  );
}

/**
 * Joins tensors along an axis that they have.
 *
 * @example
 * concat([x, t.broadcastTo([20, 1])], 1); // f32[20,2] and f32[20,1] give f32[20,3]
 */
export function concat(tensors: readonly TensorLike[], axis = 0): Tensor {
  const like = tensors.find((x) => isTensor(x) || isHostArray(x)) as Tensor | HostArray | undefined;
  if (like === undefined) throw new ShapeError('concat', 'no tensor was given', { expected: 'at least one' });
  const all = tensors.map((x) => asTensor(x, like.dtype, 'concat'));
  return applyOne('concat', all, { axis: normalizeAxis('concat', axis, all[0]?.rank ?? 0) });
}

/**
 * Joins tensors of one shape along a new axis.
 *
 * @example
 * stack([x, y]); // two f32[3] give f32[2,3]
 */
export function stack(tensors: readonly TensorLike[], axis = 0): Tensor {
  const like = tensors.find((x) => isTensor(x) || isHostArray(x)) as Tensor | HostArray | undefined;
  const all = tensors.map((x) => asTensor(x, like?.dtype ?? 'f32', 'stack'));
  return concat(
    all.map((x) => x.expandDims(axis)),
    axis,
  );
}

/**
 * Matrix product where the first operand may be a host array: `matmul(A, y)`.
 *
 * @example
 * matmul(array([[0, 1], [-1, 0]]), y.reshape([2, 1]));
 */
export function matmul(a: TensorLike, b: TensorLike, options: MatmulOptions = {}): Tensor {
  const like = isTensor(b) || isHostArray(b) ? b.dtype : 'f32';
  return asTensor(a, like, 'matmul').matmul(b, options);
}

/** Options of `linearSolve`. */
export interface LinearSolveOptions {
  /** Solves with the matrix transposed (its last two axes). */
  readonly transposeA?: boolean;
}

/**
 * The solution X of A·X = B for matrices `a` [..., n, n], by LU factorisation with partial pivoting, for small dense systems.
 * `b` is a matrix of right-hand sides [..., n, m] whose leading axes broadcast against those of `a`. As in PyTorch, a `b` of
 * one axis, or of the shape of `a` without its last axis, is one right-hand side for each matrix: a vector [..., n], and so
 * is the result. A singular matrix (a pivot that is zero or not finite) has a solution of NaN, and leaves the others of its
 * batch alone.
 *
 * @throws ShapeError if the matrices are not square or the rows of `b` are not n; DTypeError if they are no floats, or differ.
 * @example
 * linearSolve(array([[2, 0], [0, 4]]), b); // f32[2]: b₀ / 2, b₁ / 4
 */
export function linearSolve(a: TensorLike, b: TensorLike, { transposeA = false }: LinearSolveOptions = {}): Tensor {
  const like = isTensor(b) || isHostArray(b) ? b.dtype : 'f32';
  const matrix = asTensor(a, like, 'linearSolve');
  const right = asTensor(b, matrix.dtype, 'linearSolve');
  const isVector = right.rank === 1 || sameShape(right.shape, matrix.shape.slice(0, -1));
  if (!isVector) return applyOne('linearSolve', [matrix, right], { transposeA });
  return applyOne('linearSolve', [matrix, right.expandDims(-1)], { transposeA }).squeeze(-1);
}

/**
 * The same value with derivative zero.
 *
 * @example
 * x.sub(stopGradient(x.mean())); // the mean is a constant to the derivative
 */
export const stopGradient = (x: Tensor): Tensor => applyOne('stopGradient', [x], none);

/**
 * Σ cᵢ·wᵢ·xᵢ in one pass: the stage sums of a Runge–Kutta step. Weights are scalars, or have the shape of the leading axes
 * of the terms (one weight a sample); `coefficients` default to 1. Terms whose coefficient is 0 are left out.
 *
 * @throws ShapeError if the terms differ in shape or a weight does not lead it.
 * @example
 * linearCombination([1, h, h], [y, k1, k2], [1, 1 / 4, 3 / 4]); // y + h·(k1/4 + 3·k2/4)
 */
export function linearCombination(
  weights: readonly TensorLike[],
  terms: readonly Tensor[],
  coefficients?: readonly number[],
): Tensor {
  const first = terms[0];
  if (
    first === undefined ||
    weights.length !== terms.length ||
    (coefficients !== undefined && coefficients.length !== terms.length)
  ) {
    throw new ShapeError(
      'linearCombination',
      `${weights.length} weights, ${terms.length} terms and ${coefficients?.length ?? terms.length} coefficients`,
      {
        expected: 'one weight and one coefficient for each of at least one term',
      },
    );
  }
  const kept = terms.map((_, i) => i).filter((i) => (coefficients?.[i] ?? 1) !== 0 && weights[i] !== 0);
  if (kept.length === 0) return zerosLike(first);
  const numbers = kept.map((i) => (typeof weights[i] === 'number' ? weights[i] : 1) * (coefficients?.[i] ?? 1));
  const scales = kept.map((i) => (typeof weights[i] === 'number' ? 1 : (weights[i] as TensorLike)));
  const operands = [
    ...scales.map((w) => asTensor(w, first.dtype, 'linearCombination')),
    ...kept.map((i) => terms[i] as Tensor),
  ];
  return applyOne('linearCombination', operands, { coefficients: numbers });
}

/**
 * Whether every element of every tensor is finite: neither NaN nor infinite. A bool scalar, of floats of any shapes and dtypes;
 * one operation for all of them, where an engine has it.
 *
 * @throws DTypeError if a tensor is no float.
 * @example
 * select(allFinite(gradients), updated, parameters); // skips an update that has overflowed
 */
export const allFinite = (leaves: readonly Tensor[]): Tensor => applyOne('allFinite', leaves, none);

/** Sums `x` over the axes that broadcasting `shape` added or stretched: the transpose of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  broadcastShapes('sumTo', x.shape, shape);
  const lead = x.rank - shape.length;
  const axes = x.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < lead || (shape[axis - lead] === 1 && x.shape[axis] !== 1));
  const summed = x.sum({ axes, keepDims: true });
  return summed.reshape(shape);
}
