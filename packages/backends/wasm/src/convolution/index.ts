/** Convolutions of images and their gradients. */
import type { FunctionBuilder } from '../encoder/function.ts';
import { planCorrelation } from './correlation.ts';
import { emitDirect, planDirect } from './direct.ts';
import { emitCorrelation, type CorrelationOperands } from './emit-correlation.ts';
import { emitKernelGrad, type KernelGradOperands } from './emit-kernel-grad.ts';
import { planKernelGrad } from './kernel-grad.ts';
import { bytesOf } from './regions.ts';
import type { Sink } from './sink.ts';
import type { ConvolutionSpec } from './spec.ts';

export type { CorrelationOperands } from './emit-correlation.ts';
export { sharedConvolution, sharedKernelGrad, type SharedConvolution, type SharedKernelGrad } from './shared.ts';
export { convolutionSpec, convolutionWork, type ConvolutionSpec } from './spec.ts';
export type { LineIndex, LineWriter, Sink } from './sink.ts';

/** Bytes of scratch memory that a convolution, or its input gradient, needs. */
export const correlationScratch = (spec: ConvolutionSpec, isInputGrad: boolean): number =>
  bytesOf((planDirect(spec, isInputGrad) ?? planCorrelation(spec, isInputGrad)).bytes);

/**
 * Writes a convolution of the source with the kernel, or its input gradient: then the source is the result's cotangent. `sink`
 * gets each line of results once; its code may be written up to twice. It must not overwrite the operands, which are still read.
 */
export function emitConvolution(
  f: FunctionBuilder,
  spec: ConvolutionSpec,
  isInputGrad: boolean,
  operands: CorrelationOperands,
  sink: Sink,
): void {
  const direct = planDirect(spec, isInputGrad);
  if (direct === undefined) emitCorrelation(f, planCorrelation(spec, isInputGrad), operands, sink);
  else emitDirect(f, direct, operands, sink);
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
