/** Progress in words. */
import type { Progress } from '../fit/options.ts';

/** What a line about progress says; function evaluations only where something is solved. */
export const describeProgress = ({ values, nfe, nfeBackward, stepsPerSecond }: Progress): string =>
  [
    ...Object.entries(values).map(([name, value]) => `${name} ${short(value)}`),
    ...(nfe + nfeBackward === 0 ? [] : [`NFE ${nfe} fwd, ${nfeBackward} bwd`]),
    `${stepsPerSecond < 10 ? stepsPerSecond.toFixed(1) : stepsPerSecond.toFixed(0)} steps/s`,
  ].join(' · ');

/** Four digits, and an exponent only where it helps. */
function short(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(3) : value.toPrecision(4);
}

/** Steps of all steps, or epochs of all epochs: what a bar's length shows. */
export function share({ step, steps, epoch, epochs }: Progress): { done: number; total: number; unit: string } {
  if (steps !== undefined) return { done: step, total: steps, unit: 'step' };
  return { done: epoch, total: epochs ?? epoch, unit: 'epoch' };
}
