/** Writes the gradient of a convolution for its kernel, some channels of the image at a time. */
import { get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { placeOf } from '../kernels/rows.ts';
import { copyRows, fillElements } from '../kernels/runs.ts';
import { blockFunction } from '../matmul/functions.ts';
import type { Span } from '../matmul/span.ts';
import { vectorsFor } from '../matmul/vector.ts';
import { bySizeOfBlock, eachGroup, indexed, startOfBlock, type BlockPart } from './emit-blocks.ts';
import { blockPacked, resultCopied } from './functions.ts';
import { productOf, type KernelGradPlan } from './kernel-grad.ts';
import { positionsOf } from './pack.ts';
import { bySize, eachPart, type Part } from './parts.ts';
import { regions } from './regions.ts';

export interface KernelGradOperands {
  readonly x: Local;
  /** The cotangent of the result. */
  readonly ct: Local;
  /** Where the gradient goes. */
  readonly target: Local;
  /** A multiple of 16. */
  readonly scratch: Code;
  /** Which groups, and which channels of x, if not all. */
  readonly within?: { readonly groups?: Span; readonly channels?: Span };
}

export function emitKernelGrad(
  f: FunctionBuilder,
  plan: KernelGradPlan,
  { x, ct, target, scratch, within = {} }: KernelGradOperands,
): void {
  const { groups, channels, rows, blocks, frame, bytes, axes, type } = plan;
  const [down, across] = axes;
  const at = regions(f, scratch, bytes);
  if (frame !== undefined) fillElements(f, get(at.frame), 'f32', 0, bytes.frame / 4);
  const taps = plan.down.length * plan.across.length;
  const planeOfResult = down.result * across.result * type.bytes;
  const emitChannels = (some: Part, ownX: Local, ownCt: Local, ownTarget: Local): void => {
    fillElements(f, get(at.sums), 'f32', 0, bytes.sums / 4);
    const first = indexed(f, ownX, get(some.start), down.source * across.source * type.bytes);
    eachPart(f, blocks.samples, (samples) => {
      const images = indexed(f, ownCt, get(samples.start), groups * rows * planeOfResult);
      eachPart(f, blocks.lines, (lines) => {
        const start = startOfBlock(f, plan, { samples, lines }, some, first, at.frame);
        eachPart(f, blocks.width, (width) => {
          addBlock(f, plan, { samples, lines, width }, some, { ...at, start, images });
        });
      });
    });
    bySize(f, some, (count) => {
      const row = channels.extent * taps * type.bytes;
      const to = {
        start: placeOf({ address: get(indexed(f, ownTarget, get(some.start), taps * type.bytes)) }),
        stride: row,
      };
      const from = { start: placeOf({ address: get(at.sums) }), stride: plan.pitch.sums };
      copyRows(f, rows, to, from, count * taps * type.bytes);
    });
  };
  const emitGroup = (group: Code): void => {
    const [ownX, ownCt, ownTarget] = [
      indexed(f, x, group, plan.image / groups),
      indexed(f, ct, group, rows * planeOfResult),
      indexed(f, target, group, rows * channels.extent * taps * type.bytes),
    ];
    const ofChannels = (some: Part): void => {
      emitChannels(some, ownX, ownCt, ownTarget);
    };
    eachPart(f, channels, ofChannels, within.channels);
  };
  eachGroup(f, groups, emitGroup, within.groups);
}

/** Adds the products of a block to the sums. */
function addBlock(
  f: FunctionBuilder,
  plan: KernelGradPlan,
  block: BlockPart,
  channels: Part,
  at: Readonly<Record<'start' | 'images' | 'packed' | 'result' | 'sums', Local>>,
): void {
  const { type, axes, source, down, across } = plan;
  const { lines, width } = block;
  const source0 = indexed(f, at.start, get(width.start), source.position);
  const position = op('i32.add', op('i32.mul', get(lines.start), i32(axes[1].positions)), get(width.start));
  const result = indexed(f, at.images, position, type.bytes);
  bySizeOfBlock(f, block, (size) => {
    if (plan.copiesResult) resultCopied(f, plan, size, { source: result, target: at.result });
    bySize(f, channels, (count) => {
      const vectors = vectorsFor(type, positionsOf(size));
      const packing = { source, channels: count, down, across, step: axes[0].step, size, width: vectors };
      blockPacked(f, type, packing, { source: source0, target: at.packed });
      const product = productOf(plan, count * down.length * across.length, size);
      f.get(plan.copiesResult ? at.result : result)
        .get(at.packed)
        .get(at.sums);
      f.call(blockFunction(f.module, type, product));
    });
  });
}
