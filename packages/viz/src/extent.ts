/** One range for values at all times, so that axes stay where they are. */

/** Smallest and largest finite value with a margin of 5 %. */
export function extentOf(rows: readonly ArrayLike<number>[]): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const value = row[i] ?? NaN;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  const margin = low === high ? 0.5 : 0.05 * (high - low);
  return [low - margin, high + margin];
}

/** `count` indices of `length` entries at about equal distances, the first and the last among them. */
export const spreadOver = (length: number, count: number): readonly number[] => {
  const shown = Math.min(count, length);
  return Array.from({ length: shown }, (_, i) =>
    shown === 1 ? length - 1 : Math.round((i * (length - 1)) / (shown - 1)),
  );
};

/** A time for a title: three digits, without an exponent where there is no need of one. */
export const timeTitle = (time: number): string => `t = ${Number(time.toPrecision(3))}`;
