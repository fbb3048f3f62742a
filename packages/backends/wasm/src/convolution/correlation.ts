/** A convolution or its input gradient as products of kernel elements with packed blocks of the source: what is done with which sizes. */
import type { OuterBlock } from '../matmul/block.ts';
import { outerTile } from '../matmul/tile-choice.ts';
import { vectorBytes, vectorsFor, vectorType, type VectorType } from '../matmul/vector.ts';
import { convolutionAxis, inputGradAxis, type Tap } from './axis.ts';
import { blocksOf } from './blocks.ts';
import type { BlockedSource } from './emit-blocks.ts';
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
  /** Whether the kernel's elements are copied into the order of the product. */
  readonly copiesKernel: boolean;
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
    phases: phasesOf(type, axes, channels, results, vectors),
    copiesKernel: isInputGrad,
    pitch,
    woven,
    bytes: {
      kernel: isInputGrad ? results * k * type.bytes : 0,
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
  channels: number,
  results: number,
  vectors: number,
): readonly Phase[] {
  let [left, right] = [0, 0];
  return down.phases.flatMap((y, i) =>
    across.phases.map((x, j): Phase => {
      const k = channels * y.length * x.length;
      const phase = { down: y, across: x, at: [i, j] as const, k, left, right };
      left += results * k * type.bytes;
      right += k * vectors * vectorBytes;
      return phase;
    }),
  );
}

/** The product for so many rows of results and a block of this size. */
export function productOf(
  { type, rows, pitch, blocks }: CorrelationPlan,
  k: number,
  count: number,
  size: BlockSize,
): OuterBlock {
  const positions = blocks.samples.size * blocks.lines.size * blocks.width.size;
  const tile = outerTile(rows.size, vectorsFor(type, positions));
  const vectors = vectorsFor(type, positionsOf(size));
  return {
    kernel: 'outer',
    rows: count,
    vectors,
    k,
    pitch,
    tile,
    left: { row: k * type.bytes, k: type.bytes },
    right: 'strips',
  };
}
