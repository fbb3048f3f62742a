/** Convolutions of images and their gradients. */
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { planCorrelation } from './correlation.ts';
import { emitCorrelation } from './emit-correlation.ts';
import { emitKernelGrad, type KernelGradOperands } from './emit-kernel-grad.ts';
import { planKernelGrad } from './kernel-grad.ts';
import { bytesOf } from './regions.ts';
import type { Sink } from './sink.ts';
import type { ConvolutionSpec } from './spec.ts';

export { convolutionSpec, type ConvolutionSpec } from './spec.ts';
export type { LineIndex, LineWriter, Sink } from './sink.ts';

/** Bytes of scratch memory that a convolution, or its input gradient, needs. */
export const correlationScratch = (spec: ConvolutionSpec, isInputGrad: boolean): number =>
  bytesOf(planCorrelation(spec, isInputGrad).bytes);

export function emitConvolution(
  f: FunctionBuilder,
  spec: ConvolutionSpec,
  isInputGrad: boolean,
  operands: { readonly source: Local; readonly kernel: Local; readonly scratch: Code },
  sink: Sink,
): void {
  emitCorrelation(f, planCorrelation(spec, isInputGrad), operands, sink);
}

/** Bytes of scratch memory that the kernel's gradient needs. */
export const kernelGradScratch = (spec: ConvolutionSpec): number => bytesOf(planKernelGrad(spec).bytes);

/** Writes the gradient of a convolution for its kernel, dense, to `target`, which overlaps neither operand. */
export function emitConvolutionKernelGrad(
  f: FunctionBuilder,
  spec: ConvolutionSpec,
  operands: KernelGradOperands,
): void {
  emitKernelGrad(f, planKernelGrad(spec), operands);
}
