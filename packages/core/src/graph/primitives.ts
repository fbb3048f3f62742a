/**
 * The primitives of the graph and their parameters. *Basic* ones every backend must have; *composite* ones have a
 * decomposition (`graph/composites.ts`) that a backend may override; *structural* ones hold subgraphs; *traced* ones
 * exist only before `lower` and never reach a backend.
 */
import type { DType } from './dtype.ts';
import type { TracedReverseRule, TracedTangentRule } from '../control/custom-vjp.ts';
import type { Graph, Shape } from './graph.ts';

type None = Readonly<Record<never, never>>;

/** Parameters of the element-wise functions of one argument: none. Input and output share shape and dtype. */
export interface UnaryParams {
  readonly neg: None;
  readonly abs: None;
  /** −1, 0 or 1; derivative 0. */
  readonly sign: None;
  readonly exp: None;
  readonly expm1: None;
  readonly log: None;
  readonly log1p: None;
  readonly sqrt: None;
  readonly sin: None;
  readonly cos: None;
  readonly tan: None;
  readonly tanh: None;
  /** 1 / (1 + e^−x) */
  readonly sigmoid: None;
  /** 2/√π ∫₀ˣ e^(−t²) dt */
  readonly erf: None;
  readonly floor: None;
  readonly ceil: None;
  /** To the nearest integer, ties to even. */
  readonly round: None;
}

/** Parameters of the element-wise functions of two arguments of one dtype, which broadcast as in NumPy. */
export interface BinaryParams {
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  /** True division of floats; truncating division of i32. */
  readonly div: None;
  /** Remainder with the sign of the dividend, as JavaScript's `%`. */
  readonly rem: None;
  readonly pow: None;
  /** NaN if either is NaN. */
  readonly maximum: None;
  readonly minimum: None;
  readonly atan2: None;
}

/** Comparisons: two arguments of one dtype, broadcast; the result is `bool`. */
export interface ComparisonParams {
  readonly equal: None;
  readonly notEqual: None;
  readonly less: None;
  readonly lessEqual: None;
  readonly greater: None;
  readonly greaterEqual: None;
}

/** Functions of booleans (and `isFinite`, from a float): the result is `bool`. Binary ones broadcast. */
export interface LogicParams {
  readonly not: None;
  readonly and: None;
  readonly or: None;
  readonly isFinite: None;
}

/** Reductions over any axes (sorted, unique, non-negative). With `keepDims` they stay with extent 1. */
export interface ReduceParams {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** Height and width: extents, strides or padding of the two spatial axes. */
export type Pair = readonly [height: number, width: number];

/**
 * How windows lie on the spatial axes of images [samples, channels, height, width]. Element (i, j) of the window at output
 * (a, b) is element (a·strides[0] + i·dilations[0] − padBefore[0], b·strides[1] + j·dilations[1] − padBefore[1]) of the image.
 */
export interface WindowParams {
  readonly strides: Pair;
  readonly padBefore: Pair;
  readonly padAfter: Pair;
  readonly dilations: Pair;
}

/** Convolutions: input channels and output channels are cut into `groups`; each output group sees its input group. */
export interface ConvParams extends WindowParams {
  readonly groups: number;
}

/** Pooling: no window may hold nothing but padding. */
export interface PoolParams extends WindowParams {
  readonly window: Pair;
}

/** Average pooling: the sum of a window over its elements, those in the padding counted (`countIncludePad`) or not. */
export interface AveragePoolParams extends PoolParams {
  readonly countIncludePad: boolean;
}

/** Basic primitives that build, move, reduce and combine. */
export interface DataParams {
  /** Every element is `value` (a boolean is 0 or 1). No inputs. */
  readonly constant: { readonly value: number; readonly shape: Shape; readonly dtype: DType };
  /** 0, 1, 2, … along `axis`. No inputs. */
  readonly iota: { readonly shape: Shape; readonly axis: number; readonly dtype: DType };
  /** Float to i32 truncates towards zero; to bool: x ≠ 0. */
  readonly cast: { readonly dtype: DType };
  /** select(condition: bool, whenTrue, whenFalse), all three broadcast. */
  readonly select: None;
  readonly reshape: { readonly shape: Shape };
  readonly broadcastTo: { readonly shape: Shape };
  /** Output axis i is input axis `perm[i]`. */
  readonly transpose: { readonly perm: readonly number[] };
  /** Elements `starts[i] … starts[i] + sizes[i] − 1` of each axis. */
  readonly slice: { readonly starts: readonly number[]; readonly sizes: readonly number[] };
  /** `before[i]` and `after[i]` elements of `value` around each axis. */
  readonly pad: { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number };
  /** One or more inputs, equal but for `axis`. */
  readonly concat: { readonly axis: number };
  /**
   * gather(x, indices: i32): shape = x.shape[..axis] + indices.shape + x.shape[axis+1..]. An index outside [0, n) is an
   * error where the engine can raise one, and NaN (0 for i32, false for bool) where it can't; never a neighbour's value.
   */
  readonly gather: { readonly axis: number };
  /** scatterAdd(updates, indices: i32): zeros of `size` along `axis`, each update added at its index: gather's transpose. */
  readonly scatterAdd: { readonly axis: number; readonly size: number };
  /**
   * setRow(buffer[n, …], index: i32[], row[…]): the buffer with row `index` replaced; engines do it in place when they can.
   * With indices i32[k], no two of them equal, and rows [k, …], as many rows are.
   */
  readonly setRow: None;
  readonly sum: ReduceParams;
  readonly reduceMax: ReduceParams;
  readonly reduceMin: ReduceParams;
  /** Index (i32) of the first largest element along `axis`, which is dropped. */
  readonly argMax: { readonly axis: number };
  /** Cumulative sum along `axis`, inclusive; from the end if `reverse`. */
  readonly cumsum: { readonly axis: number; readonly reverse: boolean };
  /** The number of elements along `axes`, as a scalar of the input's dtype: never baked in, so that a batch may be dynamic. */
  readonly size: { readonly axes: readonly number[] };
  /** Batched product of the last two axes (both inputs at least 2-d), leading axes broadcast; operands transposed in place. */
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  /**
   * conv2d(x[N, C, H, W], kernel[O, C/groups, kh, kw]): cross-correlation (the kernel is not flipped), zeros around the
   * image; shape [N, O, H', W'].
   */
  readonly conv2d: ConvParams;
}

/** What every backend must have, besides the structural primitives. */
export type BasicParams = UnaryParams & BinaryParams & ComparisonParams & LogicParams & DataParams;

/** Primitives with a decomposition into basic ones. */
export interface CompositeParams {
  readonly mean: ReduceParams;
  /** log(1 + eˣ) without overflow. */
  readonly softplus: None;
  readonly logSumExp: ReduceParams;
  readonly softmax: { readonly axis: number };
  readonly logSoftmax: { readonly axis: number };
  /**
   * Σ cᵢ·wᵢ·xᵢ: inputs are n weights wᵢ, then n tensors xᵢ of one shape; the coefficients cᵢ are numbers. A weight is a
   * scalar or has the shape of the leading axes (one weight a sample). The stage sums of a Runge–Kutta step.
   */
  readonly linearCombination: { readonly coefficients: readonly number[] };
  /**
   * Root mean square, over all elements of all leaves together, of e / (atol + rtol·max(|y0|, |y1|)). Inputs are
   * (e, y0, y1, rtol, atol) for each leaf, rtol and atol broadcastable to it. The scaled error norm of a step.
   */
  readonly errorNorm: None;
  /** Whether all elements of all inputs are finite, as a bool scalar. Inputs are floats of any shapes and dtypes, any number. */
  readonly allFinite: None;
  /**
   * conv2dInputGrad(ct[N, O, H', W'], kernel[O, C/groups, kh, kw]): the cotangent of conv2d's image of extents `size`, shape
   * [N, C, H, W]. The transposed convolution.
   */
  readonly conv2dInputGrad: ConvParams & { readonly size: Pair };
  /**
   * conv2dKernelGrad(x[N, C, H, W], ct[N, O, H', W']): the cotangent of conv2d's kernel of extents `size`, shape
   * [O, C/groups, kh, kw].
   */
  readonly conv2dKernelGrad: ConvParams & { readonly size: Pair };
  /** maxPool2d(x[N, C, H, W]): the largest element of each window, NaN if one is; shape [N, C, H', W']. */
  readonly maxPool2d: PoolParams;
  /** maxPool2dGrad(x, y, ct): the cotangent of maxPool2d's image x with result y; each window's is shared equally between ties. */
  readonly maxPool2dGrad: PoolParams;
  /** avgPool2d(x[N, C, H, W]): the mean of each window; shape [N, C, H', W']. */
  readonly avgPool2d: AveragePoolParams;
  /** avgPool2dGrad(ct[N, C, H', W']): the cotangent of avgPool2d's image of extents `size`, shape [N, C, H, W]. */
  readonly avgPool2dGrad: AveragePoolParams & { readonly size: Pair };
  /**
   * X where A·X = B, or Aᵀ·X = B: A [..., n, n], B and X [..., n, m], leading axes broadcast. Factorised with partial
   * pivoting; where a pivot is zero or not finite, all of that X is NaN. For small dense systems.
   */
  readonly linearSolve: { readonly transposeA: boolean };
}

/** How a loop is reversed in bounded memory: iterations are run again from a few of its carries. */
export interface Checkpoints {
  /** The largest number of carries that are held at a time. */
  readonly budget: number;
  /** Counters among the carries, i32 scalars: what they gain where iterations are run again is reported under a name. */
  readonly tallies: readonly { readonly carry: number; readonly report: string }[];
}

/** Structured control flow. */
export interface StructuralParams {
  /** Runs `graph` on the inputs. */
  readonly call: { readonly graph: Graph };
  /** Inputs are the predicate (bool scalar), then the operands of both branches. */
  readonly cond: { readonly then: Graph; readonly else: Graph };
  /**
   * Inputs are `constants` captured values, then the carry. `condition(constants, carry)` gives a bool scalar;
   * `body(constants, carry)` gives the next carry, then `taped` values to append to tapes, then, if `advances`, a bool
   * scalar: an iteration where it is false appends nothing and leaves the differentiable part of the carry as it was.
   * Outputs are the last carry, then one tape for each taped value. `checkpoints` is for derivatives: `lower` removes it.
   */
  readonly whileLoop: {
    readonly condition: Graph;
    readonly body: Graph;
    readonly constants: number;
    readonly taped: number;
    readonly advances: boolean;
    readonly checkpoints?: Checkpoints;
  };
  /**
   * Inputs are `constants` captured values, `carries` initial carries, then the sequences: tapes, or tensors stacked along
   * axis 0. `body(constants, carry, elements)` gives the next carry, then one element for each output sequence. Outputs
   * are the last carry, then the sequences: tapes if the inputs are (`length` is null), else stacked with extent
   * `length`. With `reverse` elements are read and written from the last to the first, at their own positions.
   */
  readonly scan: {
    readonly body: Graph;
    readonly constants: number;
    readonly carries: number;
    readonly length: number | null;
    readonly reverse: boolean;
  };
}

/** Primitives that tracing leaves for differentiation; `lower` removes them. */
export interface TracedParams {
  /** The identity, with derivative zero. */
  readonly stopGradient: None;
  /** Runs `graph`; differentiated by `reverse` instead of through the graph, and forwards by `tangent` if it has one. */
  readonly customVjp: {
    readonly graph: Graph;
    readonly reverse: TracedReverseRule;
    readonly tangent?: TracedTangentRule;
  };
}

export type PrimitiveParams = BasicParams & CompositeParams & StructuralParams & TracedParams;

export type UnaryPrimitive = keyof UnaryParams;
export type BinaryPrimitive = keyof BinaryParams;
export type ComparisonPrimitive = keyof ComparisonParams;
export type BasicPrimitive = keyof BasicParams;
export type CompositePrimitive = keyof CompositeParams;
export type StructuralPrimitive = keyof StructuralParams;
/** What a backend may meet in a lowered graph. */
export type LoweredPrimitive = BasicPrimitive | CompositePrimitive | StructuralPrimitive;
export type Primitive = keyof PrimitiveParams;
