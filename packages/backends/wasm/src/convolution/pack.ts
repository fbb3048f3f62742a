/**
 * The matrix of a correlation, packed as the product's kernels read it: a row for each channel and tap, a column for each
 * position of a block. It exists for one block at a time.
 */
import { get, i32, op } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { advance, range, repeat, vectorBytes, vectorsFor, type VectorType } from '../matmul/vector.ts';
import type { Tap } from './axis.ts';
import type { BlockSize, Source } from './source.ts';
import { eachTap, tapOffsets } from './taps.ts';

/** What is packed, in which order: rows are channels, taps down, taps across; columns are samples, lines, positions. */
export interface PackedBlock {
  readonly source: Source;
  readonly channels: number;
  readonly down: readonly Tap[];
  readonly across: readonly Tap[];
  /** Rows of the source from one line of positions to the next. */
  readonly step: number;
  readonly size: BlockSize;
  /** Strips' width in vectors; whole rows if it is that of the block. */
  readonly width: number;
}

/** Positions of a block. */
export const positionsOf = ({ samples, lines, width }: BlockSize): number => samples * lines * width;

/** Packs a block from its first element's address in the source into strips at `target`. */
export function packBlock(
  f: FunctionBuilder,
  type: VectorType,
  block: PackedBlock,
  source: Local,
  target: Local,
): void {
  const { source: layout, channels, down, across, width } = block;
  const vectors = loadsOf(type, block);
  const strips = Math.floor(vectors.length / width);
  const stripBytes = channels * down.length * across.length * width * vectorBytes;
  const lastWidth = vectors.length % width;
  const to = f.keep('i32', get(target));
  const toLast = lastWidth > 0 ? f.keep('i32', op('i32.add', get(target), i32(strips * stripBytes))) : to;
  const channel = f.keep('i32', get(source));

  const packTap = (at: Local, offset: number, step: number): void => {
    vectors.forEach((pieces, v) => {
      const strip = Math.floor(v / width);
      const isLast = strip === strips;
      const base = isLast ? 0 : strip * stripBytes;
      const within = step * (isLast ? lastWidth : width) + (v % width);
      f.get(isLast ? toLast : to);
      loadPieces(f, type, at, offset, pieces);
      f.memory('v128.store', base + within * vectorBytes);
    });
  };
  const nextTaps = (count: number): void => {
    if (strips > 0) advance(f, to, count * width * vectorBytes);
    if (lastWidth > 0) advance(f, toLast, count * lastWidth * vectorBytes);
  };
  repeat(f, channels, () => {
    eachTap(f, tapOffsets(layout, down, across), channel, { cost: vectors.length, visit: packTap, visited: nextTaps });
    advance(f, channel, layout.channel);
  });
}

/** Lanes of a vector that are neighbours in the source. */
interface Piece {
  readonly lane: number;
  readonly count: number;
  /** Bytes in the source from the block's first element. */
  readonly at: number;
}

/** Where the lanes of each vector of a row come from. */
function loadsOf(type: VectorType, { source, step, size }: PackedBlock): readonly (readonly Piece[])[] {
  const { samples, lines, width } = size;
  const places = range(samples).flatMap((sample) =>
    range(lines).flatMap((line) =>
      range(width).map((x) => sample * source.sample + line * step * source.row + x * source.position),
    ),
  );
  return range(vectorsFor(type, places.length)).map((v) =>
    piecesOf(type, places.slice(v * type.lanes, (v + 1) * type.lanes)),
  );
}

function piecesOf({ bytes }: VectorType, places: readonly number[]): readonly Piece[] {
  const pieces: Piece[] = [];
  places.forEach((at, lane) => {
    const last = pieces.at(-1);
    const isNext = last !== undefined && at === last.at + (lane - last.lane) * bytes;
    if (isNext) pieces[pieces.length - 1] = { ...last, count: last.count + 1 };
    else pieces.push({ lane, count: 1, at });
  });
  return pieces;
}

/** Puts a vector on the stack; lanes behind the last piece mean nothing. */
function loadPieces(
  f: FunctionBuilder,
  type: VectorType,
  address: Local,
  offset: number,
  pieces: readonly Piece[],
): void {
  const [first, ...others] = pieces as readonly [Piece, ...Piece[]];
  const lanes: { readonly op: 'v128.load64_lane' | 'v128.load32_lane'; readonly lane: number; readonly at: number }[] =
    [];
  for (const { lane, count, at } of others) {
    for (let l = lane; l < lane + count;) {
      const isPair = type.lanes === 4 && l % 2 === 0 && l + 2 <= lane + count;
      const start = at + (l - lane) * type.bytes;
      if (isPair || type.lanes === 2) lanes.push({ op: 'v128.load64_lane', lane: isPair ? l / 2 : l, at: start });
      else lanes.push({ op: 'v128.load32_lane', lane: l, at: start });
      l += isPair ? 2 : 1;
    }
  }
  for (const _ of lanes) f.get(address);
  f.get(address).memory(firstLoad(type, first.count), offset + first.at);
  for (const { op: name, lane, at } of lanes) f.memoryLane(name, lane, offset + at);
}

/** The load of the first lanes, and maybe of more. */
function firstLoad(type: VectorType, count: number): 'v128.load' | 'v128.load64_zero' | 'v128.load32_zero' {
  if (count * type.bytes > 8) return 'v128.load';
  return count * type.bytes === 8 ? 'v128.load64_zero' : 'v128.load32_zero';
}
