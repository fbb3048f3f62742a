/** How near predictions are to what was hidden. */
import type { HostArray } from '@node-ode/core';

/** Mean squared errors of hidden values. */
export interface Score {
  /** In deviations of each parameter, squared. */
  readonly deviations: number;
  /** In ranges of each parameter, squared: the unit of Rubanova et al. 2019. */
  readonly ranges: number;
}

/** @param shareOfRange what a deviation is of the range of each parameter */
export function scoreOf(predicted: HostArray, y: HostArray, hidden: HostArray, shareOfRange: readonly number[]): Score {
  let [count, deviations, ranges] = [0, 0, 0];
  for (let i = 0; i < y.data.length; i++) {
    if (hidden.data[i] !== 1) continue;
    const error = (predicted.data[i] ?? NaN) - (y.data[i] ?? NaN);
    count += 1;
    deviations += error ** 2;
    ranges += (error * (shareOfRange[i % shareOfRange.length] ?? NaN)) ** 2;
  }
  return { deviations: deviations / count, ranges: ranges / count };
}
