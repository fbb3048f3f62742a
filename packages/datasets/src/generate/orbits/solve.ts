/** Solving ordinary differential equations on the host, to about the precision of doubles. */
import { ExecutionError } from '@node-ode/core';
import { extrapolateWithError, type HostDynamics } from '../../spiral/extrapolate.ts';

/** Relative to a state's largest component, or to 1: what a step's value of the next lower order may be off. */
const tolerance = 1e-13;
const mostSteps = 20_000;

/**
 * The states at increasing times, the first of which has the state `y0`. Steps of order 16 are as long as the value of order 14
 * allows.
 *
 * @throws ExecutionError if a step can't be made short enough, or there are too many between two times.
 */
export function statesAt(f: HostDynamics, y0: readonly number[], times: readonly number[]): number[][] {
  let [t = 0] = times;
  let y = [...y0];
  let h = 0.05;
  return times.map((end) => {
    for (let steps = 0; t < end; steps++) {
      const isLast = t + h >= end;
      const size = isLast ? end - t : h;
      const next = extrapolateWithError(f, t, y, size);
      const scale = tolerance * Math.max(1, ...y.map(Math.abs));
      const error = Math.max(...next.error) / scale;
      if (error <= 1) {
        t = isLast ? end : t + size;
        y = next.y;
      }
      const factor = Number.isFinite(error) ? Math.min(3, Math.max(0.2, 0.9 * error ** (-1 / 15))) : 0.2;
      if (error <= 1 ? !isLast || factor < 1 : true) h = size * factor;
      if (t < end && (steps > mostSteps || t + h === t || h < 1e-14 * (end - t))) {
        throw new ExecutionError('trajectories', `the solution can't be followed beyond t = ${t}`, {
          expected: 'dynamics that are smooth, not stiff, and finite up to the last time',
          advice: 'Choose other parameters or an earlier end.',
        });
      }
    }
    return y;
  });
}
