/** One step of an ordinary differential equation on the host, to the precision of doubles. */

/** dy/dt of a time and a state. */
export type HostDynamics = (t: number, y: readonly number[]) => readonly number[];

/** Columns of the extrapolation: order 2·columns. */
const columns = 8;

/**
 * y(t + h) by Gragg's modified midpoint rule with 2, 4, … substeps, extrapolated in h² (Hairer, Nørsett and Wanner,
 * "Solving Ordinary Differential Equations I", section II.9). For a state that changes little over h it is exact to a
 * few roundings.
 */
export const extrapolate = (f: HostDynamics, t: number, y: readonly number[], h: number): number[] =>
  extrapolateWithError(f, t, y, h).y;

/** The same, with the difference to the value of the next lower order, component by component. */
export function extrapolateWithError(
  f: HostDynamics,
  t: number,
  y: readonly number[],
  h: number,
): { readonly y: number[]; readonly error: number[] } {
  let row: number[][] = [];
  for (let j = 1; j <= columns; j++) {
    const next = [midpoint(f, t, y, h, 2 * j)];
    for (let k = 1; k < j; k++) {
      const ratio = (j / (j - k)) ** 2 - 1;
      const [fine, coarse] = [next[k - 1] ?? [], row[k - 1] ?? []];
      next.push(fine.map((value, i) => value + (value - (coarse[i] ?? NaN)) / ratio));
    }
    row = next;
  }
  const [best = [], next = []] = [row[columns - 1], row[columns - 2]];
  return { y: best, error: best.map((value, i) => Math.abs(value - (next[i] ?? NaN))) };
}

/** Gragg's rule with an even number of substeps, without the smoothing step. */
function midpoint(f: HostDynamics, t: number, y: readonly number[], h: number, steps: number): number[] {
  const size = h / steps;
  const advance = (from: readonly number[], slope: readonly number[], by: number): number[] =>
    from.map((value, i) => value + by * (slope[i] ?? NaN));
  let previous: readonly number[] = y;
  let current = advance(y, f(t, y), size);
  for (let i = 1; i < steps; i++) {
    [previous, current] = [current, advance(previous, f(t + i * size, current), 2 * size)];
  }
  return current;
}
