/** Copies a block's part of the source into its frame. Zeros around the image are there already, but for rows outside of it. */
import { i32, get, op } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { forEachRow, placeOf, shifted, type Place } from '../kernels/rows.ts';
import { copyRun, elementOps, filler, loadFrom, movesOf, storeTo } from '../kernels/runs.ts';
import { advance, type VectorType } from '../matmul/vector.ts';
import type { Axes, Frame, Lane } from './source.ts';

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

/** Elements of a lane that are on the image: from where, and how many. */
function visible({ first, extent }: Lane, step: number, source: number): { from: number; count: number } {
  const from = Math.max(0, Math.ceil(-first / step));
  const end = Math.min(extent, Math.floor((source - 1 - first) / step) + 1);
  return { from, count: Math.max(0, end - from) };
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
  const { lanes, step } = frame;
  const sourceRow = across.source * type.bytes;
  const parts = lanes
    .map((lane) => ({ lane, ...visible(lane, step, across.source) }))
    .filter(({ count }) => count > 0)
    .map(({ lane, from, count }) => ({
      to: lane.at + from * type.bytes,
      from: (lane.first + from * step) * type.bytes,
      count,
    }));
  const copyRow = (to: Place, from: Place): void => {
    for (const part of parts) copyElements(f, type, shifted(to, part.to), shifted(from, part.from), part.count, step);
  };
  const rowCost = parts.reduce((sum, { count }) => sum + (step === 1 ? movesOf(count * type.bytes) : count), 0);

  const copyChannel = (to: Place, from: Place): void => {
    if (!hasAllRows) {
      copyRowsWithin(to, from);
      return;
    }
    const first = Math.max(0, -frame.firstRow);
    const count = Math.max(0, Math.min(frame.rows, down.source - frame.firstRow) - first);
    const cursors = [
      { start: shifted(to, first * frame.row), stride: frame.row },
      { start: shifted(from, (frame.firstRow + first) * sourceRow), stride: sourceRow },
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
          for (const part of parts) fill(shifted(row, part.to), part.count * type.bytes);
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

/** Copies `count` elements that are `step` apart next to each other. */
function copyElements(
  f: FunctionBuilder,
  { dtype, bytes }: VectorType,
  to: Place,
  from: Place,
  count: number,
  step: number,
): void {
  if (step === 1) {
    copyRun(f, to, from, count * bytes);
    return;
  }
  const { load, store } = elementOps[dtype];
  const cursors = [
    { start: to, stride: bytes },
    { start: from, stride: step * bytes },
  ] as const;
  forEachRow(f, { count, cost: 1 }, cursors, (target, source) => {
    storeTo(f, store, target, loadFrom(load, source));
  });
}
