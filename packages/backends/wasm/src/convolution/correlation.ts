/** A convolution or its input gradient as products of kernel elements with packed blocks of the source: what is done with which sizes. */
import type { OuterBlock } from '../matmul/block.ts';
import { outerTile } from '../matmul/tile-choice.ts';
import { vectorBytes, vectorsFor, vectorType, type VectorType } from '../matmul/vector.ts';
import { convolutionAxis, inputGradAxis, type Tap } from './axis.ts';
import { blocksOf, type BlockedSource } from './blocks.ts';
import { positionsOf } from './pack.ts';
import { evenCut, type Cut } from './parts.ts';
import { align } from './regions.ts';
import { frameOf, isReadInPlace, sourceInFrame, sourceInPlace, type Axes, type BlockSize } from './source.ts';
import type { ConvolutionSpec } from './spec.ts';

/** Elements of the kernel that a phase of the result sees. */
export interface Phase {
  readonly down: readonly Tap[];
  readonly across: readonly Tap[];
  /** Its place among the phases down and across. */
  readonly at: readonly [down: number, across: number];
  /** Rows of its packed matrix. */
  readonly k: number;
  /** Bytes from one row of its kernel elements to the next. */
  readonly row: number;
  /** Bytes from the first phase's kernel elements and packed matrix to its own. */
  readonly left: number;
  readonly right: number;
}

export interface CorrelationPlan extends BlockedSource {
  readonly groups: number;
  /** Channels of the source and of the result, in one group. */
  readonly channels: number;
  readonly rows: Cut;
  readonly phases: readonly Phase[];
  /**
   * The copy of the kernel's elements that the product reads: inputs and outputs changed, or with rows further apart where
   * theirs would be in each other's lines of the cache. None if it reads them in place.
   */
  readonly kernelCopy: 'transposed' | 'rows' | undefined;
  /** Bytes from one row of a block's products to the next, and in the image that phases are put together in. */
  readonly pitch: number;
  readonly woven: { readonly row: number; readonly sample: number; readonly line: number };
  /** Bytes of scratch memory, by what they are for. */
  readonly bytes: {
    readonly kernel: number;
    readonly frame: number;
    readonly packed: number;
    readonly results: number;
    readonly woven: number;
  };
}

/** By measurement (bench/convolution.mjs). */
const limits = { bytes: 98304, leastVectors: 8, mostVectors: 64 };
const resultBytes = 16384;
/** Addresses that differ by a multiple of a way share a set of the first cache, which holds few of them. */
const cacheWay = 4096;
const cacheLine = 64;
const leastRows = 32;

export function planCorrelation(spec: ConvolutionSpec, isInputGrad: boolean): CorrelationPlan {
  const type = vectorType(spec.dtype);
  const axisOf = isInputGrad ? inputGradAxis : convolutionAxis;
  const axes: Axes = [axisOf(spec, 0), axisOf(spec, 1)];
  const [channels, results] = isInputGrad ? [spec.outputs, spec.inputs] : [spec.inputs, spec.outputs];
  const k = channels * spec.kernel[0] * spec.kernel[1];
  const blocks = blocksOf(type, axes, spec.samples, k, limits);
  const full: BlockSize = { samples: blocks.samples.size, lines: blocks.lines.size, width: blocks.width.size };
  const vectors = vectorsFor(type, positionsOf(full));
  const frame = isReadInPlace(axes) ? undefined : frameOf(axes, channels, full.lines, type);
  const pitch = vectors * vectorBytes;
  const most = Math.max(leastRows, Math.floor(resultBytes / pitch));
  const rows = evenCut(results, most, outerTile(results, vectors).rows);
  const isAliased = (k * type.bytes) % cacheWay === 0 && results > 1;
  const kernelCopy = isInputGrad ? 'transposed' : isAliased ? 'rows' : undefined;
  const phases = phasesOf(type, axes, { channels, results, vectors, isCopied: kernelCopy !== undefined });
  const [down, across] = axes;
  const isWoven = down.phases.length * across.phases.length > 1;
  const line = across.phases.length * full.width * type.bytes;
  const sample = down.phases.length * full.lines * line;
  const woven = { line, sample, row: isWoven ? align(full.samples * sample) : pitch };
  return {
    type,
    axes,
    groups: spec.groups,
    channels,
    rows,
    image: spec.groups * channels * down.source * across.source * type.bytes,
    source: frame === undefined ? sourceInPlace(axes, spec.groups * channels, type) : sourceInFrame(frame, type),
    frame,
    blocks,
    phases,
    kernelCopy,
    pitch,
    woven,
    bytes: {
      kernel: kernelCopy === undefined ? 0 : results * phases.reduce((sum, { row }) => sum + row, 0),
      frame: frame === undefined ? 0 : full.samples * frame.sample,
      packed: k * pitch,
      results: rows.size * pitch,
      woven: isWoven ? rows.size * woven.row : 0,
    },
  };
}

function phasesOf(
  type: VectorType,
  [down, across]: Axes,
  {
    channels,
    results,
    vectors,
    isCopied,
  }: { readonly channels: number; readonly results: number; readonly vectors: number; readonly isCopied: boolean },
): readonly Phase[] {
  let [left, right] = [0, 0];
  return down.phases.flatMap((y, i) =>
    across.phases.map((x, j): Phase => {
      const k = channels * y.length * x.length;
      const dense = k * type.bytes;
      const row = isCopied && k > 0 && dense % cacheWay === 0 ? dense + cacheLine : dense;
      const phase = { down: y, across: x, at: [i, j] as const, k, row, left, right };
      left += results * row;
      right += k * vectors * vectorBytes;
      return phase;
    }),
  );
}

/** The product for so many rows of results and a block of this size. */
export function productOf(plan: CorrelationPlan, { k, row }: Phase, count: number, size: BlockSize): OuterBlock {
  const { type, rows, pitch } = plan;
  const tile = outerTile(rows.size, pitch / vectorBytes);
  const vectors = vectorsFor(type, positionsOf(size));
  return {
    kernel: 'outer',
    rows: count,
    vectors,
    k,
    pitch,
    tile,
    left: { row, k: type.bytes },
    right: 'strips',
  };
}
