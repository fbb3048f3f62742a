/** The times of a flow. */
import { OptionError } from '@node-ode/core';

/** @throws OptionError unless t0 and t1 are two different finite times. */
export function requireTimes(t0: number, t1: number): void {
  if (Number.isFinite(t0) && Number.isFinite(t1) && t0 !== t1) return;
  throw new OptionError('cnf', `t0 ${t0} and t1 ${t1}`, { expected: 'two different finite times' });
}
