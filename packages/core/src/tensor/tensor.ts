/** `Tensor`: a traced value with a shape, a dtype and operations; and what becomes one. */
import { isHostArray, type HostArray } from '../array.ts';
import { DTypeError, TraceError } from '../errors.ts';
import { completeShape, normalizeAxes, normalizeAxis } from '../graph/broadcast.ts';
import { isFloat, type DType } from '../graph/dtype.ts';
import { formatType, sameShape, tensorType, type Shape, type TensorType } from '../graph/graph.ts';
import type { BinaryPrimitive, ComparisonPrimitive, ReduceParams } from '../graph/primitives.ts';
import { describe } from '../tree.ts';
import { applyOne, type Source } from './trace.ts';

/** What an operation accepts beside a tensor: JavaScript numbers adapt to the tensor's dtype, host arrays keep theirs. */
export type TensorLike = Tensor | HostArray | number | boolean;

/** Axes to reduce, all by default, and whether they stay with extent 1. */
export interface ReduceOptions {
  readonly axes?: number | readonly number[];
  readonly keepDims?: boolean;
}

/** Which operands of a matrix product are read transposed (their last two axes). */
export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

const none = {};

/**
 * A traced tensor. It has no elements until its graph runs, so it can't be a JavaScript number or condition.
 *
 * Element-wise operations broadcast as in NumPy. f32 with f64, or a float with i32, throws `DTypeError`.
 *
 * @example
 * const decay = (t: Tensor, y: Tensor) => y.mul(-0.5).add(t.sin());
 */
export class Tensor {
  readonly type: TensorType;
  /** Where the value comes from; for core alone. */
  readonly source: Source;

  constructor(type: TensorType, source: Source) {
    this.type = type;
    this.source = source;
  }

  get shape(): Shape {
    return this.type.shape;
  }

  get dtype(): DType {
    return this.type.dtype;
  }

  /** Number of axes. */
  get rank(): number {
    return this.type.shape.length;
  }

  /** this + other */
  add(other: TensorLike): Tensor {
    return this.#binary('add', other);
  }
  /** this − other */
  sub(other: TensorLike): Tensor {
    return this.#binary('sub', other);
  }
  /** this · other */
  mul(other: TensorLike): Tensor {
    return this.#binary('mul', other);
  }
  /** this / other: true division of floats, truncating division of i32. */
  div(other: TensorLike): Tensor {
    return this.#binary('div', other);
  }
  /** Remainder with the sign of this, as JavaScript's `%`. */
  rem(other: TensorLike): Tensor {
    return this.#binary('rem', other);
  }
  /** thisᵒᵗʰᵉʳ */
  pow(other: TensorLike): Tensor {
    return this.#binary('pow', other);
  }
  /** The larger of both; NaN if either is. */
  maximum(other: TensorLike): Tensor {
    return this.#binary('maximum', other);
  }
  /** The smaller of both; NaN if either is. */
  minimum(other: TensorLike): Tensor {
    return this.#binary('minimum', other);
  }
  /** The angle of the point (x = other, y = this). */
  atan2(other: TensorLike): Tensor {
    return this.#binary('atan2', other);
  }

  equal(other: TensorLike): Tensor {
    return this.#binary('equal', other);
  }
  notEqual(other: TensorLike): Tensor {
    return this.#binary('notEqual', other);
  }
  less(other: TensorLike): Tensor {
    return this.#binary('less', other);
  }
  lessEqual(other: TensorLike): Tensor {
    return this.#binary('lessEqual', other);
  }
  greater(other: TensorLike): Tensor {
    return this.#binary('greater', other);
  }
  greaterEqual(other: TensorLike): Tensor {
    return this.#binary('greaterEqual', other);
  }

  /** Of booleans. */
  and(other: TensorLike): Tensor {
    return this.#binary('and', other);
  }
  /** Of booleans. */
  or(other: TensorLike): Tensor {
    return this.#binary('or', other);
  }
  /** Of booleans. */
  not(): Tensor {
    return applyOne('not', [this], none);
  }
  /** Neither NaN nor infinite: bool. */
  isFinite(): Tensor {
    return applyOne('isFinite', [this], none);
  }

  neg(): Tensor {
    return applyOne('neg', [this], none);
  }
  abs(): Tensor {
    return applyOne('abs', [this], none);
  }
  /** −1, 0 or 1. */
  sign(): Tensor {
    return applyOne('sign', [this], none);
  }
  exp(): Tensor {
    return applyOne('exp', [this], none);
  }
  /** eˣ − 1, accurate near 0. */
  expm1(): Tensor {
    return applyOne('expm1', [this], none);
  }
  log(): Tensor {
    return applyOne('log', [this], none);
  }
  /** log(1 + x), accurate near 0. */
  log1p(): Tensor {
    return applyOne('log1p', [this], none);
  }
  sqrt(): Tensor {
    return applyOne('sqrt', [this], none);
  }
  sin(): Tensor {
    return applyOne('sin', [this], none);
  }
  cos(): Tensor {
    return applyOne('cos', [this], none);
  }
  tan(): Tensor {
    return applyOne('tan', [this], none);
  }
  tanh(): Tensor {
    return applyOne('tanh', [this], none);
  }
  /** 1 / (1 + e⁻ˣ) */
  sigmoid(): Tensor {
    return applyOne('sigmoid', [this], none);
  }
  /**
   * The error function 2/√π ∫₀ˣ e^(−t²) dt, of floats.
   *
   * @example
   * // The normal distribution's cumulative function.
   * const normalCdf = (x: Tensor) => x.mul(Math.SQRT1_2).erf().add(1).mul(0.5);
   */
  erf(): Tensor {
    return applyOne('erf', [this], none);
  }
  /** log(1 + eˣ) without overflow. */
  softplus(): Tensor {
    return applyOne('softplus', [this], none);
  }
  /** max(x, 0); its derivative at 0 is 0. */
  relu(): Tensor {
    return this.maximum(0);
  }
  floor(): Tensor {
    return applyOne('floor', [this], none);
  }
  ceil(): Tensor {
    return applyOne('ceil', [this], none);
  }
  /** To the nearest integer, ties to even. */
  round(): Tensor {
    return applyOne('round', [this], none);
  }
  square(): Tensor {
    return this.mul(this);
  }
  /** 1 / x */
  reciprocal(): Tensor {
    return constant(1, [], this.dtype).div(this);
  }

  /** Converts to another dtype: float to i32 truncates, number to bool is x ≠ 0. */
  cast(dtype: DType): Tensor {
    return dtype === this.dtype ? this : applyOne('cast', [this], { dtype });
  }

  sum(options: ReduceOptions = {}): Tensor {
    return applyOne('sum', [this], this.#reduce('sum', options));
  }
  mean(options: ReduceOptions = {}): Tensor {
    return applyOne('mean', [this], this.#reduce('mean', options));
  }
  max(options: ReduceOptions = {}): Tensor {
    return applyOne('reduceMax', [this], this.#reduce('max', options));
  }
  min(options: ReduceOptions = {}): Tensor {
    return applyOne('reduceMin', [this], this.#reduce('min', options));
  }
  /** log Σ eˣ without overflow. */
  logSumExp(options: ReduceOptions = {}): Tensor {
    return applyOne('logSumExp', [this], this.#reduce('logSumExp', options));
  }
  /** Whether all booleans are true. */
  all(options: ReduceOptions = {}): Tensor {
    return this.cast('i32').min(options).cast('bool');
  }
  /** Whether any boolean is true. */
  any(options: ReduceOptions = {}): Tensor {
    return this.cast('i32').max(options).cast('bool');
  }
  /** Index (i32) of the first largest element along `axis`, the last by default. */
  argMax(axis = -1): Tensor {
    return applyOne('argMax', [this], { axis: normalizeAxis('argMax', axis, this.rank) });
  }
  softmax(axis = -1): Tensor {
    return applyOne('softmax', [this], { axis: normalizeAxis('softmax', axis, this.rank) });
  }
  logSoftmax(axis = -1): Tensor {
    return applyOne('logSoftmax', [this], { axis: normalizeAxis('logSoftmax', axis, this.rank) });
  }
  /** Cumulative sum along `axis`, inclusive; from the end with `reverse`. */
  cumsum(axis = -1, options: { readonly reverse?: boolean } = {}): Tensor {
    return applyOne('cumsum', [this], {
      axis: normalizeAxis('cumsum', axis, this.rank),
      reverse: options.reverse ?? false,
    });
  }
  /** The number of elements along `axes` (all by default) as a scalar of this dtype; stays right when a batch is dynamic. */
  size(axes?: readonly number[]): Tensor {
    return applyOne('size', [this], { axes: normalizeAxes('size', axes ?? this.shape.map((_, i) => i), this.rank) });
  }

  /**
   * Matrix product of the last two axes; leading axes broadcast.
   *
   * @throws ShapeError if either operand has fewer than two axes or the inner extents differ.
   */
  matmul(other: TensorLike, options: MatmulOptions = {}): Tensor {
    const { transposeA = false, transposeB = false } = options;
    return applyOne('matmul', [this, operand('matmul', other, this)], { transposeA, transposeB });
  }

  /** One extent may be −1: what is left. */
  reshape(shape: Shape): Tensor {
    return applyOne('reshape', [this], { shape: completeShape('reshape', this.shape, shape) });
  }
  broadcastTo(shape: Shape): Tensor {
    return sameShape(shape, this.shape) ? this : applyOne('broadcastTo', [this], { shape });
  }
  /** Output axis i is input axis `perm[i]`; without `perm` the axes are reversed. */
  transpose(perm?: readonly number[]): Tensor {
    const axes = perm ?? this.shape.map((_, i) => this.rank - 1 - i);
    return applyOne('transpose', [this], { perm: axes.map((axis) => normalizeAxis('transpose', axis, this.rank)) });
  }
  /** `sizes[i]` elements of each axis from `starts[i]`; a size of −1 is all that is left. */
  slice(starts: readonly number[], sizes: readonly number[]): Tensor {
    const resolved = sizes.map((size, i) => (size === -1 ? (this.shape[i] ?? 0) - (starts[i] ?? 0) : size));
    return applyOne('slice', [this], { starts, sizes: resolved });
  }
  /** `before[i]` and `after[i]` elements of `value` around each axis. */
  pad(before: readonly number[], after: readonly number[], value = 0): Tensor {
    return applyOne('pad', [this], { before, after, value });
  }
  /** Elements at `indices` (i32) along `axis`; the result has the shape of the indices in place of that axis. */
  gather(indices: TensorLike, axis = 0): Tensor {
    return applyOne('gather', [this, asIndex('gather', indices)], { axis: normalizeAxis('gather', axis, this.rank) });
  }
  /** Element `index` of axis 0, which is dropped: a JavaScript integer (negative from the end) or an i32 scalar. */
  at(index: number | Tensor): Tensor {
    if (typeof index !== 'number') return this.gather(index, 0);
    const extent = this.shape[0] ?? 0;
    const start = index < 0 ? index + extent : index;
    const rest = this.shape.slice(1);
    return this.slice([start, ...rest.map(() => 0)], [1, ...rest]).reshape(rest);
  }
  /** This with row `index` of axis 0 replaced; with a vector of indices, no two of them equal, as many stacked rows. */
  setRow(index: number | Tensor, row: TensorLike): Tensor {
    const at = asIndex('setRow', index);
    const rows = operand('setRow', row, this).broadcastTo([...at.shape, ...this.shape.slice(1)]);
    return applyOne('setRow', [this, at, rows], none);
  }
  /** With an axis of extent 1 at `axis`. */
  expandDims(axis: number): Tensor {
    const at = normalizeAxis('expandDims', axis, this.rank + 1);
    return this.reshape([...this.shape.slice(0, at), 1, ...this.shape.slice(at)]);
  }
  /** Without `axis`, whose extent is 1. */
  squeeze(axis: number): Tensor {
    const at = normalizeAxis('squeeze', axis, this.rank);
    return this.reshape(this.shape.filter((_, i) => i !== at));
  }
  /** Updates added into zeros: the transpose of `gather`. `this` are the updates. */
  scatterAdd(indices: TensorLike, size: number, axis = 0): Tensor {
    return applyOne('scatterAdd', [this, asIndex('scatterAdd', indices)], {
      axis: normalizeAxis('scatterAdd', axis, Math.max(1, this.rank)),
      size,
    });
  }

  /**
   * A tensor is no JavaScript value: `x + 1`, `x < y` and `+x` throw. JavaScript asks no object what it is worth as a
   * condition, so `if (x)`, `x ? a : b`, `!x` and `x && y` can't be told from a use of any object: they are always true.
   */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return `Tensor(${formatType(this.type)})`;
    throw new TraceError(
      'Tensor',
      `${formatType(this.type)} was used as a JavaScript number or in a JavaScript condition`,
      {
        expected: 'tensor operations: its elements exist only when the graph runs',
        advice:
          'Use .add, .mul, .less … for arithmetic and comparisons, select(condition, a, b) to choose between values and cond to choose what is computed.',
      },
    );
  }

  toString(): string {
    return `Tensor(${formatType(this.type)})`;
  }

  #binary(op: BinaryPrimitive | ComparisonPrimitive | 'and' | 'or', other: TensorLike): Tensor {
    return applyOne(op, [this, operand(op, other, this)], none);
  }

  #reduce(operation: string, { axes, keepDims = false }: ReduceOptions): ReduceParams {
    const all = axes === undefined ? this.shape.map((_, i) => i) : typeof axes === 'number' ? [axes] : axes;
    return { axes: normalizeAxes(operation, all, this.rank), keepDims };
  }
}

/**
 * Whether a value is a tensor (of any copy of core).
 *
 * @example
 * isTensor(constant(1)); // true
 */
export const isTensor = (x: unknown): x is Tensor =>
  x instanceof Tensor || (typeof x === 'object' && x !== null && 'source' in x && 'type' in x && 'matmul' in x);

/**
 * A tensor whose elements all are `value`.
 *
 * @example
 * constant(1, [2, 3], 'f32');
 */
export const constant = (
  value: number | boolean,
  shape: Shape = [],
  dtype: DType = typeof value === 'boolean' ? 'bool' : 'f32',
): Tensor => applyOne('constant', [], { value: Number(value), shape, dtype });

/**
 * A tensor from a tensor, a host array, or a number (of `dtype`).
 *
 * @throws DTypeError if a number does not fit the dtype.
 * @example
 * asTensor(array([1, 2])); // f32[2]
 * asTensor(3, 'i32'); // i32[]
 */
export function asTensor(x: TensorLike, dtype: DType = 'f32', operation = 'asTensor'): Tensor {
  if (isTensor(x)) return x;
  if (isHostArray(x)) return new Tensor(tensorType(x.shape, x.dtype), { kind: 'host', array: x });
  if (typeof x !== 'number' && typeof x !== 'boolean') {
    throw new TraceError(operation, `an operand is ${describe(x)}`, { expected: 'a tensor, a host array or a number' });
  }
  const fits = typeof x === 'boolean' ? dtype === 'bool' : isFloat(dtype) || (dtype === 'i32' && x === (x | 0));
  if (!fits) {
    throw new DTypeError(operation, `the JavaScript value ${x} with a ${dtype} tensor`, {
      expected: dtype === 'bool' ? 'true or false' : isFloat(dtype) ? 'a number' : 'an integer of 32 bits',
      advice: 'Convert the tensor with .cast(dtype).',
    });
  }
  return constant(x, [], dtype);
}

const operand = (operation: string, x: TensorLike, like: Tensor): Tensor => asTensor(x, like.dtype, operation);

const asIndex = (operation: string, x: TensorLike): Tensor => asTensor(x, 'i32', operation);
