/** How packing finds the source of a correlation: in place, or in a frame, a copy with the zeros around it. */
import { range, type VectorType } from '../matmul/vector.ts';
import { reachOf, type Axis } from './axis.ts';

/** Axes down and across. */
export type Axes = readonly [down: Axis, across: Axis];

/** A block of results: so many samples, lines of positions, and positions in a line. */
export interface BlockSize {
  readonly samples: number;
  readonly lines: number;
  readonly width: number;
}

/** Distances in the source as packing reads it, in bytes. */
export interface Source {
  readonly isFramed: boolean;
  readonly sample: number;
  readonly channel: number;
  /** From one index of the source to the next, down. */
  readonly row: number;
  /** From one position to the next, across. */
  readonly position: number;
  /** From the first element to the one that taps with these offsets meet at position (0, 0). */
  readonly tap: (down: number, across: number) => number;
}

/** Elements of the source that are `step` apart, stored next to each other: one lane of a frame's rows. */
export interface Lane {
  /** The first element's index in the source; negative in the padding. */
  readonly first: number;
  readonly extent: number;
  /** Bytes from the start of a row. */
  readonly at: number;
}

/** A copy of some rows of some channels; each row in lanes, so that neighbouring positions of a tap are neighbours. */
export interface Frame {
  readonly rows: number;
  /** Index in the source of the first row of the block at position 0. */
  readonly firstRow: number;
  readonly lanes: readonly Lane[];
  readonly step: number;
  /** Bytes of a row, of a channel and of a sample. */
  readonly row: number;
  readonly channel: number;
  readonly sample: number;
}

/** Whether every tap meets the source at every position. */
const isWithin = (axis: Axis): boolean => {
  const { least, most } = reachOf(axis);
  return least >= 0 && axis.step * (axis.positions - 1) + most < axis.source;
};

/** Positions that are apart are read one by one: that pays if only one tap does. */
const isReadWell = ({ step, phases }: Axis): boolean => step === 1 || phases.flat().length === 1;

/** Whether the source can be read where it is. */
export const isReadInPlace = ([down, across]: Axes): boolean =>
  isWithin(down) && isWithin(across) && isReadWell(across);

/** The source in place: `channels` is the number of all its channels. */
export function sourceInPlace([down, across]: Axes, channels: number, { bytes }: VectorType): Source {
  const row = across.source * bytes;
  return {
    isFramed: false,
    sample: channels * down.source * row,
    channel: down.source * row,
    row,
    position: across.step * bytes,
    tap: (y, x) => y * row + x * bytes,
  };
}

/** The frame of a block of `lines` lines: it has all columns, whatever the block's width. */
export function frameOf([down, across]: Axes, channels: number, lines: number, { bytes }: VectorType): Frame {
  const { least, most } = reachOf(down);
  const rows = down.step * (lines - 1) + most - least + 1;
  const { step } = across;
  const start = reachOf(across).least;
  const distances = across.phases.flat().map(({ offset }) => offset - start);
  let row = 0;
  const lanes = range(step).flatMap((remainder): readonly Lane[] => {
    const own = distances.filter((distance) => distance % step === remainder);
    if (own.length === 0) return [];
    const lane = { first: start + remainder, extent: Math.floor(Math.max(...own) / step) + across.positions, at: row };
    row += lane.extent * bytes;
    return [lane];
  });
  const channel = rows * row;
  return { rows, firstRow: least, lanes, step, row, channel, sample: channels * channel };
}

/** A frame as packing reads it. */
export function sourceInFrame({ firstRow, lanes, step, row, channel, sample }: Frame, { bytes }: VectorType): Source {
  return {
    isFramed: true,
    sample,
    channel,
    row,
    position: bytes,
    tap: (y, x) => {
      const lane = lanes.find(({ first }) => x >= first && (x - first) % step === 0)!;
      return (y - firstRow) * row + lane.at + ((x - lane.first) / step) * bytes;
    },
  };
}
