/** Convolutions in parts for several threads. */
import type { Code, FunctionBuilder } from '../encoder/function.ts';
import { spanOfBlock, type Span } from '../matmul/span.ts';
import { planCorrelation } from './correlation.ts';
import { emitDirect, planDirect } from './direct.ts';
import {
  correlationBytes,
  emitCorrelation,
  emitKernelCopies,
  type CorrelationOperands,
  type Within,
} from './emit-correlation.ts';
import { emitKernelGrad, type KernelGradOperands } from './emit-kernel-grad.ts';
import { planKernelGrad } from './kernel-grad.ts';
import type { Cut } from './parts.ts';
import { bytesOf } from './regions.ts';
import type { Sink } from './sink.ts';
import type { ConvolutionSpec } from './spec.ts';

/** Which part, and the address of its own scratch memory: what else would be at `scratch` of the operands. */
export interface PartPlace {
  readonly index: Code;
  readonly own: Code;
}

/**
 * A convolution or its input gradient in parts, which may be computed in any order and at the same time: each element is the
 * same sum, term by term, that `emitConvolution` writes.
 */
export interface SharedConvolution {
  readonly parts: number;
  /** Scratch memory that is written before the parts, and read by all; at the operands' `scratch`. */
  readonly sharedBytes: number;
  /** Scratch memory of one part while it is computed. */
  readonly ownBytes: number;
  readonly emitBefore: (f: FunctionBuilder, operands: CorrelationOperands) => void;
  readonly emitPart: (f: FunctionBuilder, operands: CorrelationOperands, at: PartPlace, sink: Sink) => void;
}

/** Undefined if it is one piece. */
export function sharedConvolution(
  spec: ConvolutionSpec,
  isInputGrad: boolean,
  mostParts: number,
): SharedConvolution | undefined {
  const direct = planDirect(spec, isInputGrad);
  const groups: Cut = { extent: spec.groups, size: 1 };
  if (direct !== undefined) {
    const split = longest({ samples: { extent: spec.samples, size: 1 }, groups }, mostParts);
    if (split === undefined) return undefined;
    return {
      parts: split.parts,
      sharedBytes: 0,
      ownBytes: bytesOf(direct.bytes),
      emitBefore: () => undefined,
      emitPart: (f, operands, { index, own }, sink) => {
        emitDirect(f, direct, { ...operands, scratch: own, within: split.within(f, index) }, sink);
      },
    };
  }
  const plan = planCorrelation(spec, isInputGrad);
  const { samples, lines } = plan.blocks;
  const split = longest({ samples, lines, groups }, mostParts);
  if (split === undefined) return undefined;
  const kernels = bytesOf({ kernels: spec.groups * plan.bytes.kernel });
  return {
    parts: split.parts,
    sharedBytes: kernels,
    ownBytes: bytesOf(correlationBytes(plan, plan.kernelCopy !== undefined)),
    emitBefore: (f, { kernel, scratch }) => {
      emitKernelCopies(f, plan, kernel, f.keep('i32', scratch));
    },
    emitPart: (f, operands, { index, own }, sink) => {
      const copies = plan.kernelCopy !== undefined ? { kernels: f.keep('i32', operands.scratch) } : {};
      const within: Within = split.within(f, index);
      emitCorrelation(f, plan, { ...operands, ...copies, scratch: own, within }, sink);
    },
  };
}

/** The gradient of a convolution for its kernel, likewise. */
export interface SharedKernelGrad {
  readonly parts: number;
  readonly ownBytes: number;
  readonly emitPart: (f: FunctionBuilder, operands: Omit<KernelGradOperands, 'scratch'>, at: PartPlace) => void;
}

export function sharedKernelGrad(spec: ConvolutionSpec, mostParts: number): SharedKernelGrad | undefined {
  const plan = planKernelGrad(spec);
  const split = longest({ channels: plan.channels, groups: { extent: spec.groups, size: 1 } }, mostParts);
  if (split === undefined) return undefined;
  return {
    parts: split.parts,
    ownBytes: bytesOf(plan.bytes),
    emitPart: (f, operands, { index, own }) => {
      emitKernelGrad(f, plan, { ...operands, scratch: own, within: split.within(f, index) });
    },
  };
}

interface Split<N extends string> {
  readonly parts: number;
  /** The indices of a part. */
  readonly within: (f: FunctionBuilder, index: Code) => Partial<Record<N, Span>>;
}

/** Cuts the axis that has the most pieces into at most so many parts. */
function longest<N extends string>(axes: Readonly<Record<N, Cut>>, mostParts: number): Split<N> | undefined {
  const piecesOf = ({ extent, size }: Cut): number => Math.ceil(extent / size);
  const all = Object.entries<Cut>(axes) as [N, Cut][];
  const [name, cut] = all.reduce((best, axis) => (piecesOf(axis[1]) > piecesOf(best[1]) ? axis : best));
  const size = cut.size * Math.ceil(piecesOf(cut) / mostParts);
  const parts = Math.ceil(cut.extent / size);
  if (parts === 1) return undefined;
  const within = (f: FunctionBuilder, index: Code): Partial<Record<N, Span>> => {
    const span: Partial<Record<N, Span>> = {};
    span[name] = spanOfBlock(f, cut.extent, size, index);
    return span;
  };
  return { parts, within };
}
