/** What convolutions and kernel gradients share: groups, blocks, and where a block's part of the source is. */
import { get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { BlockedSource } from './blocks.ts';
import { eachIndex, whole, type Span } from '../matmul/span.ts';
import { frameFilled } from './functions.ts';
import { bySize, type Part } from './parts.ts';
import type { BlockSize } from './source.ts';

/** The part of a source that is worked on. */
export interface BlockPart {
  readonly samples: Part;
  readonly lines: Part;
  readonly width: Part;
}

/** `base` + `index`·`stride`. */
export const indexed = (f: FunctionBuilder, base: Local, index: Code, stride: number): Local =>
  f.keep('i32', op('i32.add', get(base), op('i32.mul', index, i32(stride))));

export function eachGroup(
  f: FunctionBuilder,
  groups: number,
  body: (group: Code) => void,
  span: Span = whole(groups),
): void {
  if (groups === 1) {
    body(i32(0));
    return;
  }
  eachIndex(f, groups, span, (group) => {
    body(get(group));
  });
}

export function bySizeOfBlock(
  f: FunctionBuilder,
  { samples, lines, width }: BlockPart,
  body: (size: BlockSize) => void,
): void {
  bySize(f, samples, (count) => {
    bySize(f, lines, (high) => {
      bySize(f, width, (wide) => {
        body({ samples: count, lines: high, width: wide });
      });
    });
  });
}

/**
 * The address of what the tap with offsets 0 meets at the start of a block's lines, in place or in the frame, which is filled.
 *
 * @param channels how many, by a size that is known when code is written
 * @param first the address of the first of them in the first image
 */
export function startOfBlock(
  f: FunctionBuilder,
  { type, axes, blocks, source, frame, image }: BlockedSource,
  { samples, lines }: Pick<BlockPart, 'samples' | 'lines'>,
  channels: Part,
  first: Local,
  frameAt: Local,
): Local {
  const { step } = axes[0];
  const from = indexed(f, first, get(samples.start), image);
  if (frame === undefined) return indexed(f, from, get(lines.start), step * source.row);
  const firstRow = f.keep('i32', op('i32.add', op('i32.mul', get(lines.start), i32(step)), i32(frame.firstRow)));
  const hasAllRows = blocks.lines.size === blocks.lines.extent;
  bySize(f, samples, (count) => {
    bySize(f, channels, (some) => {
      const copy = { frame, axes, samples: count, channels: some, sample: image, hasAllRows };
      frameFilled(f, type, copy, { source: from, target: frameAt, firstRow });
    });
  });
  return frameAt;
}
