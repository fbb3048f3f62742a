/** How the positions of a correlation are cut into blocks: each is packed, multiplied and handed on before the next. */
import { vectorBytes, vectorsFor, type VectorType } from '../matmul/vector.ts';
import { evenCut, type Cut } from './parts.ts';
import type { Axes, Frame, Source } from './source.ts';

/** Parts of the samples, of the lines of positions, and of the positions in a line. Only one of them is more than one piece. */
export interface Blocks {
  readonly samples: Cut;
  readonly lines: Cut;
  readonly width: Cut;
}

/** A source that is read block by block. */
export interface BlockedSource {
  readonly type: VectorType;
  readonly axes: Axes;
  readonly blocks: Blocks;
  readonly source: Source;
  /** A copy of a block's channels with the zeros around them, where it needs one. */
  readonly frame: Frame | undefined;
  /** Bytes of a whole image: the channels of all groups. */
  readonly image: number;
}

/** What bounds a block: the bytes of its matrix, and its positions in vectors. */
export interface BlockLimits {
  readonly bytes: number;
  readonly leastVectors: number;
  readonly mostVectors: number;
}

/**
 * Blocks of whole samples, or else of whole lines, or else of parts of a line.
 *
 * @param rows rows of the packed matrix
 */
export function blocksOf(
  type: VectorType,
  [down, across]: Axes,
  samples: number,
  rows: number,
  { bytes, leastVectors, mostVectors }: BlockLimits,
): Blocks {
  const fitting = Math.floor(bytes / (rows * vectorBytes));
  const most = Math.max(leastVectors, Math.min(mostVectors, fitting)) * type.lanes;
  const [lines, width] = [down.positions, across.positions];
  const all: Cut = { extent: samples, size: samples };
  const one: Cut = { extent: samples, size: 1 };
  const whole = (extent: number): Cut => ({ extent, size: extent });
  if (lines * width * samples <= most) return { samples: all, lines: whole(lines), width: whole(width) };
  if (lines * width <= most) {
    return { samples: sampleCut(type, samples, lines * width, most), lines: whole(lines), width: whole(width) };
  }
  // A little too large is better than cut, which copies the rows between the parts twice.
  if (lines * width <= 2 * most) return { samples: one, lines: whole(lines), width: whole(width) };
  if (width <= 2 * most)
    return { samples: one, lines: evenCut(lines, Math.max(1, Math.floor(most / width))), width: whole(width) };
  return { samples: one, lines: { extent: lines, size: 1 }, width: evenCut(width, most, type.lanes) };
}

/** As many samples as leave the fewest lanes empty. */
function sampleCut(type: VectorType, samples: number, positions: number, most: number): Cut {
  const limit = Math.min(samples, Math.floor(most / positions));
  let best = 1;
  const waste = (count: number): number => vectorsFor(type, count * positions) / count;
  for (let count = 2; count <= limit; count++) if (waste(count) <= waste(best)) best = count;
  return { extent: samples, size: best };
}
