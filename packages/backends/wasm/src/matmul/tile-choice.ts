/** Which tile covers a block best. */
import type { Tile } from './tile.ts';
import { range, type VectorType } from './vector.ts';

/** x86 has 16 vector registers, of which V8 keeps one; ARM has 32. */
const registers = 15;

/** Sums, at each step one vector for each row and column, and a product on its way to its sum. */
const fits = ({ rows, columns }: Tile): boolean => rows * columns + rows + columns + 1 <= registers;

/**
 * About how many cycles a step takes: five instructions in each (a product and an addition for each sum, loads, addresses of
 * splat elements, the loop), and three from an addition to the next of the same sum.
 */
const cycles = ({ rows, columns }: Tile): number => Math.max(3, (2 * rows * columns + 2 * rows + columns + 2) / 5);

/** Cycles of a step of all tiles that cover a block, which are smaller at its lower and right edges. */
function cost(rows: number, columns: number, tile: Tile): number {
  const pieces = (count: number, size: number): readonly (readonly [size: number, times: number])[] => [
    [size, Math.floor(count / size)],
    [count % size, count % size > 0 ? 1 : 0],
  ];
  let sum = 0;
  for (const [r, many] of pieces(rows, tile.rows)) {
    for (const [c, times] of pieces(columns, tile.columns)) sum += many * times * cycles({ rows: r, columns: c });
  }
  return sum;
}

/** The cheapest tile of one of the widths. */
function cheapest(rows: number, columns: number, widths: readonly number[]): Tile {
  const tiles = widths
    .flatMap((width) =>
      range(registers).map((i) => ({ rows: Math.min(i + 1, rows), columns: Math.min(width, columns) })),
    )
    .filter(fits);
  const costs = tiles.map((tile) => cost(rows, columns, tile));
  return tiles[costs.indexOf(Math.min(...costs))]!;
}

const upToRegisters = (unit: number): number[] => range(Math.floor(registers / unit)).map((i) => unit * (i + 1));

/** A tile whose columns are vectors. */
export const outerTile = (rows: number, vectors: number): Tile => cheapest(rows, vectors, upToRegisters(1));

/** A tile whose columns are elements: results come out as whole vectors. */
export const dotTile = (type: VectorType, rows: number, columns: number): Tile =>
  cheapest(rows, columns, upToRegisters(type.lanes));
