/** Reductions. Axes are an int64 operand; over no axes each is the identity, which ONNX would take for all of them. */
import { sizeOf, type NodeOf, type ReduceParams, type TensorType } from '@node-ode/core';
import type { Emitter, Lowering, Operand } from './contract.ts';
import { requireKernel, type Kernel } from './kernels.ts';
import { count, filled, int, numberType } from './shaping.ts';

type Reduction = 'sum' | 'reduceMax' | 'reduceMin' | 'size';

export const reductionRules: { readonly [P in Reduction]: Lowering<P> } = {
  sum: (emitter, { params }, [x]) =>
    isSumOfRows(emitter, x as Operand, params)
      ? sumOfRows(emitter, x as Operand, params)
      : reduce(emitter, 'sum', 'ReduceSum', x as Operand, params),
  reduceMax: (emitter, node, [x]) => extremum(emitter, 'ReduceMax', x as Operand, node),
  reduceMin: (emitter, node, [x]) => extremum(emitter, 'ReduceMin', x as Operand, node),
  size: (emitter, { params: { axes } }, [x]) => {
    const { shape } = (x as Operand).type;
    return count(emitter, sizeOf(axes.map((axis) => shape[axis] ?? 1)), numberType(x as Operand));
  },
};

/** Whether the CPU's ReduceSum is slow: 30 µs for the columns of [128, 256], where a product takes 2. */
const isSumOfRows = ({ provider }: Emitter, { type: { shape, dtype } }: Operand, { axes }: ReduceParams): boolean =>
  provider === 'cpu' &&
  dtype === 'f32' &&
  shape.length === 2 &&
  axes.length === 1 &&
  axes[0] === 0 &&
  sizeOf(shape) > 0;

/** The gradient of a bias: a row of ones times the matrix. */
function sumOfRows(emitter: Emitter, { name, type }: Operand, { keepDims }: ReduceParams): string {
  const [rows = 0] = type.shape;
  const shape = keepDims ? [1, rows] : [rows];
  const ones = emitter.lower('constant', [], { value: 1, shape, dtype: type.dtype }).name;
  return emitter.emit(keepDims ? 'Gemm' : 'MatMul', [ones, name]);
}

/** One operator of ONNX that takes axes. */
export function reduce(
  emitter: Emitter,
  primitive: string,
  kernel: Kernel,
  { name, type }: Operand,
  { axes, keepDims }: ReduceParams,
): string {
  if (axes.length === 0) return name;
  requireKernel(emitter, primitive, kernel, type.dtype);
  // Without the operand ONNX reduces over all axes, a little faster.
  const isTotal = axes.length === type.shape.length;
  const inputs = isTotal ? [name] : [name, emitter.ints(axes)];
  return emitter.emit(kernel, inputs, { keepdims: int(keepDims ? 1 : 0) });
}

/**
 * The runtime's ReduceMax and ReduceMin pass over NaN. Σ|x| does not: it is NaN if any element is, and otherwise, rounding
 * being monotone, no less than any of them; the smaller of the two is the extremum, or NaN.
 */
function extremum(
  emitter: Emitter,
  kernel: 'ReduceMax' | 'ReduceMin',
  x: Operand,
  { op, params, outputs }: NodeOf<'reduceMax' | 'reduceMin'>,
): string {
  const type = outputs[0]?.type as TensorType;
  // No extremum at all: WebGPU's kernels refuse that.
  if (sizeOf(type.shape) === 0) return filled(emitter, 0, type.shape, type.dtype);
  const result = reduce(emitter, op, kernel, x, params);
  if (params.axes.length === 0 || type.dtype === 'i32') return result;
  const bound = reduce(emitter, op, 'ReduceL1', x, params);
  return emitter.lower('minimum', [emitter.operand(result, type), emitter.operand(bound, type)], {}).name;
}
