/** Convolutions of images and their gradients. */
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { planCorrelation, type CorrelationPlan } from './correlation.ts';
import { emitCorrelation } from './emit-correlation.ts';
import type { Sink } from './sink.ts';
import type { ConvolutionSpec } from './spec.ts';

export { convolutionSpec, type ConvolutionSpec } from './spec.ts';
export type { LineIndex, LineWriter, Sink } from './sink.ts';

const bytesOf = ({ bytes }: CorrelationPlan): number => Object.values(bytes).reduce((sum, size) => sum + size, 0);

/** Bytes of scratch memory that a convolution, or its input gradient, needs. */
export const correlationScratch = (spec: ConvolutionSpec, isInputGrad: boolean): number =>
  bytesOf(planCorrelation(spec, isInputGrad));

export function emitConvolution(
  f: FunctionBuilder,
  spec: ConvolutionSpec,
  isInputGrad: boolean,
  operands: { readonly source: Local; readonly kernel: Local; readonly scratch: Code },
  sink: Sink,
): void {
  emitCorrelation(f, planCorrelation(spec, isInputGrad), operands, sink);
}
