/** What needs no training: the value seen before, and the straight line between those on both sides. */
import { hostArray, type HostArray } from '@node-ode/core';
import type { Records } from './data.ts';

/** The last value seen before each hour; the mean, 0, where there is none. */
export const lastValue = (seen: Records): HostArray => filled(seen, (_t, before) => before?.value ?? 0);

/** The straight line between the values seen on both sides of each hour; the nearer one where there is one only, else 0. */
export const lineBetween = (seen: Records): HostArray =>
  filled(seen, (t, before, after) => {
    if (before === undefined || after === undefined) return (before ?? after)?.value ?? 0;
    const share = (t - before.t) / (after.t - before.t);
    return before.value + share * (after.value - before.value);
  });

interface Observation {
  readonly t: number;
  readonly value: number;
}

/** Each value from those that were seen of the same parameter before and behind it. */
function filled(
  { t, y, mask }: Records,
  value: (t: number, before: Observation | undefined, after: Observation | undefined) => number,
): HostArray {
  const [records = 0, hours = 0, parameters = 0] = y.shape;
  const data = new Float32Array(y.data.length);
  const at = (record: number, hour: number, parameter: number): number =>
    (record * hours + hour) * parameters + parameter;
  for (let record = 0; record < records; record++) {
    for (let parameter = 0; parameter < parameters; parameter++) {
      const seen = Array.from({ length: hours }, (_, hour) => hour)
        .filter((hour) => mask.data[at(record, hour, parameter)] === 1)
        .map((hour) => ({ t: t.data[hour] ?? NaN, value: y.data[at(record, hour, parameter)] ?? NaN }));
      for (let hour = 0, next = 0; hour < hours; hour++) {
        const now = t.data[hour] ?? NaN;
        while (next < seen.length && (seen[next]?.t ?? Infinity) < now) next += 1;
        const after = seen[next]?.t === now ? seen[next + 1] : seen[next];
        data[at(record, hour, parameter)] = value(now, seen[next - 1], after);
      }
    }
  }
  return hostArray(data, y.shape, 'f32');
}
