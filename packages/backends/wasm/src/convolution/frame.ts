/** Copies a block's part of the source into its frame. Zeros around the image are there already, but for rows outside of it. */
import { i32, get, op } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { forEachRow, placeOf, shifted, type Place } from '../kernels/rows.ts';
import { copyRun, elementOps, filler, loadFrom, movesOf, storeTo } from '../kernels/runs.ts';
import { advance, type VectorType } from '../matmul/vector.ts';
import type { Axes, Frame } from './source.ts';

/** What a frame is filled from. */
export interface FrameCopy {
  readonly frame: Frame;
  readonly axes: Axes;
  readonly samples: number;
  readonly channels: number;
  /** Bytes from one sample of the source to the next. */
  readonly sample: number;
  /** Whether all of the source's rows are in the frame: then those outside of it stay zero. */
  readonly hasAllRows: boolean;
}

/** Elements of a lane that are on the image: bytes to the first of them in the frame's row and in the source's, and how many. */
interface VisiblePart {
  readonly inFrame: number;
  readonly inSource: number;
  readonly count: number;
}

function visibleParts({ lanes, step }: Frame, source: number, bytes: number): readonly VisiblePart[] {
  return lanes.flatMap(({ first, extent, at }): readonly VisiblePart[] => {
    const from = Math.max(0, Math.ceil(-first / step));
    const count = Math.min(extent, Math.floor((source - 1 - first) / step) + 1) - from;
    return count > 0 ? [{ inFrame: at + from * bytes, inSource: (first + from * step) * bytes, count }] : [];
  });
}

/** Rows of a frame with all of the source's that are on the image: the first of them in the frame and in the source, and how many. */
function visibleRows(
  { rows, firstRow }: Frame,
  source: number,
): { readonly inFrame: number; readonly inSource: number; readonly count: number } {
  const inFrame = Math.max(0, -firstRow);
  return {
    inFrame,
    inSource: firstRow + inFrame,
    count: Math.max(0, Math.min(rows, source - firstRow) - inFrame),
  };
}

/**
 * Fills a frame.
 *
 * @param source the first sample's first channel
 * @param firstRow the source's index of the frame's first row; unused if the frame has all rows
 */
export function fillFrame(
  f: FunctionBuilder,
  type: VectorType,
  { frame, axes: [down, across], samples, channels, sample, hasAllRows }: FrameCopy,
  source: Local,
  target: Local,
  firstRow: Local,
): void {
  const { step } = frame;
  const sourceRow = across.source * type.bytes;
  const parts = visibleParts(frame, across.source, type.bytes);
  const copyRow = (to: Place, from: Place): void => {
    for (const { inFrame, inSource, count } of parts) {
      const [target, source] = [shifted(to, inFrame), shifted(from, inSource)];
      copyElements(f, type, count, { place: target, step: 1 }, { place: source, step });
    }
  };
  const rowCost = parts.reduce((sum, { count }) => sum + (step === 1 ? movesOf(count * type.bytes) : count), 0);

  const copyChannel = (to: Place, from: Place): void => {
    if (!hasAllRows) {
      copyRowsWithin(to, from);
      return;
    }
    const { inFrame, inSource, count } = visibleRows(frame, down.source);
    const cursors = [
      { start: shifted(to, inFrame * frame.row), stride: frame.row },
      { start: shifted(from, inSource * sourceRow), stride: sourceRow },
    ] as const;
    forEachRow(f, { count, cost: rowCost }, cursors, copyRow);
  };
  /** Rows from `firstRow` on, those outside of the source as zeros. */
  const copyRowsWithin = (to: Place, from: Place): void => {
    const index = f.keep('i32', get(firstRow));
    const pointer = f.keep(
      'i32',
      op('i32.add', op('i32.add', from.address, i32(from.offset)), op('i32.mul', get(firstRow), i32(sourceRow))),
    );
    const fill = filler(f, type.dtype, 0);
    forEachRow(f, { count: frame.rows, cost: rowCost + 4 }, [{ start: to, stride: frame.row }], (row) => {
      f.emit(op('i32.lt_u', get(index), i32(down.source))).if(
        () => {
          copyRow(row, placeOf({ address: get(pointer) }));
        },
        () => {
          for (const { inFrame, count } of parts) fill(shifted(row, inFrame), count * type.bytes);
        },
      );
      advance(f, index, 1);
      advance(f, pointer, sourceRow);
    });
  };

  const channelCost = hasAllRows ? rowCost * frame.rows : 100;
  const samplesAt = [
    { start: placeOf({ address: get(target) }), stride: frame.sample },
    { start: placeOf({ address: get(source) }), stride: sample },
  ] as const;
  forEachRow(f, { count: samples, cost: channelCost * channels }, samplesAt, (to, from) => {
    const channelsAt = [
      { start: to, stride: frame.channel },
      { start: from, stride: down.source * sourceRow },
    ] as const;
    forEachRow(f, { count: channels, cost: channelCost }, channelsAt, copyChannel);
  });
}

/** Copies a frame's rows of one channel back to where `fillFrame` would have them from; the frame has all rows. */
export function emptyFrame(
  f: FunctionBuilder,
  type: VectorType,
  frame: Frame,
  [down, across]: Axes,
  source: Place,
  target: Place,
): void {
  const sourceRow = across.source * type.bytes;
  const parts = visibleParts(frame, across.source, type.bytes);
  const { inFrame, inSource, count } = visibleRows(frame, down.source);
  const cursors = [
    { start: shifted(target, inSource * sourceRow), stride: sourceRow },
    { start: shifted(source, inFrame * frame.row), stride: frame.row },
  ] as const;
  forEachRow(f, { count, cost: across.source }, cursors, (to, from) => {
    for (const part of parts) {
      const [place, framed] = [shifted(to, part.inSource), shifted(from, part.inFrame)];
      copyElements(f, type, part.count, { place, step: frame.step }, { place: framed, step: 1 });
    }
  });
}

/** The first of some elements, and how many elements further each next one is. */
interface Elements {
  readonly place: Place;
  readonly step: number;
}

function copyElements(
  f: FunctionBuilder,
  { dtype, bytes }: VectorType,
  count: number,
  to: Elements,
  from: Elements,
): void {
  if (to.step === 1 && from.step === 1) {
    copyRun(f, to.place, from.place, count * bytes);
    return;
  }
  const { load, store } = elementOps[dtype];
  const cursors = [
    { start: to.place, stride: to.step * bytes },
    { start: from.place, stride: from.step * bytes },
  ] as const;
  forEachRow(f, { count, cost: 1 }, cursors, (target, source) => {
    storeTo(f, store, target, loadFrom(load, source));
  });
}
