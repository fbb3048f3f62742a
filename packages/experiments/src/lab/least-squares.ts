/** Linear least squares, plain and ridge: what learned models are held against. */

/**
 * The w that minimises Σ (w·xᵢ − yᵢ)² + λ Σ wₖ², from the normal equations: few, well-scaled unknowns.
 *
 * @param penalties λ for each unknown; none by default.
 */
export function leastSquares(
  xs: readonly (readonly number[])[],
  ys: readonly number[],
  penalties: readonly number[] = [],
): readonly number[] {
  const n = xs[0]?.length ?? 0;
  const at = (x: readonly number[] | undefined, i: number): number => x?.[i] ?? NaN;
  const system = Array.from({ length: n }, (_, i) => [
    ...Array.from({ length: n }, (_, j) =>
      xs.reduce((sum, x) => sum + at(x, i) * at(x, j), i === j ? (penalties[i] ?? 0) : 0),
    ),
    xs.reduce((sum, x, row) => sum + at(x, i) * at(ys, row), 0),
  ]);
  return eliminate(system);
}

/** Solves a linear system, each row with its right-hand side last, by Gauss–Jordan elimination with row pivots. */
function eliminate(system: readonly (readonly number[])[]): readonly number[] {
  let rows = system.map((row) => [...row]);
  for (let k = 0; k < rows.length; k++) {
    const size = (row: readonly number[] | undefined): number => Math.abs(row?.[k] ?? 0);
    const pivotRow = rows.slice(k).reduce((best, row) => (size(row) > size(best) ? row : best));
    const pivot = pivotRow[k] ?? NaN;
    const others = rows.filter((row) => row !== pivotRow);
    const reduced = others.map((row) => row.map((value, j) => value - ((row[k] ?? 0) / pivot) * (pivotRow[j] ?? 0)));
    const scaled = pivotRow.map((value) => value / pivot);
    rows = [...reduced.slice(0, k), scaled, ...reduced.slice(k)];
  }
  return rows.map((row) => row.at(-1) ?? NaN);
}
