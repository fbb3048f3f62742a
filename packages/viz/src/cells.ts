/** A rectangle of the plane cut into equal cells: where a map is asked for its values. */
import { OptionError, ShapeError } from '@node-ode/core';

/** Which rectangle, and how many cells. */
export interface CellOptions {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  /** Cells along x; 100 by default. */
  readonly columns?: number;
  /** Cells along y; as many as columns by default. */
  readonly rows?: number;
}

/** Cells of a rectangle and their centres, row by row, the row of the smallest y first. */
export interface Cells {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly columns: number;
  readonly rows: number;
  /** Centres (xᵢ, yᵢ), columns · rows of them: what a model is evaluated at. */
  readonly centres: { readonly x: Float64Array; readonly y: Float64Array };
  /** What one cell covers: the sum of a density over all cells times this is its integral. */
  readonly area: number;
}

/** One value for each cell: an array in the order of the centres, or a function of a centre. */
export type CellValues = ArrayLike<number> | ((x: number, y: number) => number);

/**
 * Cuts a rectangle into cells.
 *
 * @throws OptionError if a range is empty or not finite, or a count is no positive integer.
 * @example
 * const square = cells({ x: [-4, 4], y: [-4, 4] });
 * square.centres.x.length; // 10000
 */
export function cells({ x, y, columns = 100, rows = columns }: CellOptions): Cells {
  checkRange('x', x);
  checkRange('y', y);
  if (![columns, rows].every((count) => Number.isInteger(count) && count > 0)) {
    throw new OptionError('cells', `${columns} columns and ${rows} rows`, { expected: 'positive integers' });
  }
  const at = ([low, high]: readonly [number, number], i: number, n: number): number =>
    low + ((high - low) * (i + 0.5)) / n;
  const centres = {
    x: Float64Array.from({ length: columns * rows }, (_, i) => at(x, i % columns, columns)),
    y: Float64Array.from({ length: columns * rows }, (_, i) => at(y, Math.floor(i / columns), rows)),
  };
  return { x, y, columns, rows, centres, area: ((x[1] - x[0]) / columns) * ((y[1] - y[0]) / rows) };
}

function checkRange(name: string, [low, high]: readonly [number, number]): void {
  if (!(low < high) || !Number.isFinite(high - low)) {
    throw new OptionError('cells', `${name} from ${low} to ${high}`, { expected: 'a finite range that grows' });
  }
}

/**
 * The values of all cells in the order of the centres.
 *
 * @throws ShapeError if there are not as many values as cells.
 */
export function valuesOf(operation: string, { columns, rows, centres }: Cells, values: CellValues): Float64Array {
  if (typeof values === 'function') return centres.x.map((x, i) => values(x, centres.y[i] ?? NaN));
  if (values.length !== columns * rows) {
    throw new ShapeError(operation, `${values.length} values for ${columns} × ${rows} cells`, {
      expected: 'one for each cell',
    });
  }
  return Float64Array.from(values);
}
