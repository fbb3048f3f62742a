/** The gradient of a convolution for its kernel, as dot products of cotangents with packed blocks of the image. */
import type { DotBlock } from '../matmul/block.ts';
import { dotTile } from '../matmul/tile-choice.ts';
import { vectorBytes, vectorsFor, vectorType } from '../matmul/vector.ts';
import { convolutionAxis, type Tap } from './axis.ts';
import { blocksOf, type BlockedSource } from './blocks.ts';
import { positionsOf } from './pack.ts';
import { evenCut, type Cut } from './parts.ts';
import { align } from './regions.ts';
import { frameOf, isReadInPlace, sourceInFrame, sourceInPlace, type Axes, type BlockSize } from './source.ts';
import type { ConvolutionSpec } from './spec.ts';

/** kernel[o, c, i, j] = Σ y[n, o, a, b]·x[n, c, …] in blocks of positions, for some channels of x at a time. */
export interface KernelGradPlan extends BlockedSource {
  readonly groups: number;
  /** Channels of x and of y, in one group. */
  readonly channels: Cut;
  readonly rows: number;
  readonly down: readonly Tap[];
  readonly across: readonly Tap[];
  /** Whether several samples' rows of y are put together in a copy. */
  readonly copiesResult: boolean;
  /** Bytes from one row to the next: of y or its copy, and of the sums. */
  readonly pitch: { readonly result: number; readonly sums: number };
  /** Bytes of scratch memory, by what they are for. */
  readonly bytes: {
    readonly frame: number;
    readonly packed: number;
    readonly result: number;
    readonly sums: number;
  };
}

/** By measurement (bench/convolution.mjs). */
const limits = { bytes: 98304, leastVectors: 32, mostVectors: 72 };
/** Columns of the kernel's gradient that are summed at a time. */
const mostColumns = 64;

export function planKernelGrad(spec: ConvolutionSpec): KernelGradPlan {
  const type = vectorType(spec.dtype);
  const axes: Axes = [convolutionAxis(spec, 0), convolutionAxis(spec, 1)];
  const taps = spec.kernel[0] * spec.kernel[1];
  const channels = evenCut(spec.inputs, Math.max(1, Math.floor(mostColumns / taps)));
  const columns = channels.size * taps;
  const blocks = blocksOf(type, axes, spec.samples, columns, limits);
  const full: BlockSize = { samples: blocks.samples.size, lines: blocks.lines.size, width: blocks.width.size };
  const frame = isReadInPlace(axes) ? undefined : frameOf(axes, channels.size, full.lines, type);
  const all = spec.groups * spec.inputs;
  const packed = vectorsFor(type, positionsOf(full)) * vectorBytes;
  const copiesResult = full.samples > 1;
  const sums = align(columns * type.bytes);
  return {
    type,
    axes,
    blocks,
    source: frame === undefined ? sourceInPlace(axes, all, type) : sourceInFrame(frame, type),
    frame,
    image: all * spec.image[0] * spec.image[1] * type.bytes,
    groups: spec.groups,
    channels,
    rows: spec.outputs,
    down: axes[0].phases[0]!,
    across: axes[1].phases[0]!,
    copiesResult,
    pitch: { result: copiesResult ? packed : spec.result[0] * spec.result[1] * type.bytes, sums },
    bytes: {
      frame: frame === undefined ? 0 : full.samples * frame.sample,
      packed: columns * packed,
      result: copiesResult ? spec.outputs * packed : 0,
      sums: spec.outputs * sums,
    },
  };
}

/** The product for so many columns and a block of this size, added to the sums. */
export function productOf({ type, rows, pitch }: KernelGradPlan, columns: number, size: BlockSize): DotBlock {
  return {
    kernel: 'dot',
    rows,
    columns,
    k: positionsOf(size),
    pitch: pitch.sums,
    isAdded: true,
    tile: dotTile(type, rows, columns),
    left: { row: pitch.result },
    right: { column: vectorsFor(type, positionsOf(size)) * vectorBytes },
  };
}
