/** At which times a solution is told. */
import { OptionError } from '@node-ode/core';

/** Either as many points as that, evenly spaced, or these times. */
export interface OutputTimes {
  readonly points?: number;
  readonly times?: readonly number[];
}

const mostPoints = 1_000_000;

/**
 * The times of the output, which begin and end with the span.
 *
 * @throws OptionError for a number of points out of range, and for times that leave the span or its direction.
 */
export function outputTimes([from, to]: readonly [number, number], { points, times }: OutputTimes): readonly number[] {
  if (times !== undefined) {
    if (points !== undefined) throw new OptionError('solve', 'both --points and --times', { expected: 'one of them' });
    return between(from, to, times);
  }
  const count = points ?? 101;
  if (!(Number.isInteger(count) && count >= 2 && count <= mostPoints)) {
    throw new OptionError('solve', `--points ${count}`, { expected: `an integer from 2 to ${mostPoints}` });
  }
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? to : from + ((to - from) * i) / (count - 1)));
}

/** The given times behind the first, which is always told, and no further than the last. */
function between(from: number, to: number, times: readonly number[]): readonly number[] {
  const direction = Math.sign(to - from);
  const all = times[0] === from ? times : [from, ...times];
  const wrong = all.find((time, i) => {
    const isBehind = i === 0 || direction * (time - (all[i - 1] ?? NaN)) > 0;
    return !(isBehind && direction * (to - time) >= 0);
  });
  if (wrong === undefined && all.length > 1) return all;
  throw new OptionError('solve', wrong === undefined ? 'no times' : `--times has ${wrong}`, {
    expected: `times that go from ${from} to ${to}, each further than the one before`,
  });
}

/** Points that make a curve look smooth. */
const finePoints = 5001;

/** The times with others between them, so that a picture has a smooth curve whatever the table has. */
export function withFineGrid(ts: readonly number[]): readonly number[] {
  const [from, to] = [ts[0] ?? NaN, ts.at(-1) ?? NaN];
  const direction = Math.sign(to - from);
  const all = new Set([...ts, ...outputTimes([from, to], { points: finePoints })]);
  return [...all].sort((a, b) => direction * (a - b));
}
