/** Solves a system with any engine and solver. */
import {
  asTensor,
  hostArray,
  SolveError,
  type DType,
  type Dynamics,
  type HostTimes,
  type Ode,
  type RunStats,
  type SolveOptions,
  type Tensor,
} from '@node-ode/core';
import { evaluate, evaluateNumber, type Value } from './evaluate.ts';
import type { Stop, System } from './system.ts';

/** A solution as columns of numbers. */
export interface Trajectory {
  readonly ts: readonly number[];
  /** For each state its values at `ts`. */
  readonly ys: readonly (readonly number[])[];
  readonly stats: RunStats;
  /** Where the solve ended before its last time: the line that says so, and when. */
  readonly stopped?: { readonly stop: Stop; readonly t: number };
  /** Why the solve got no further than here. */
  readonly failure?: SolveError;
}

/** How a system is solved. */
export type SystemOptions = SolveOptions & { readonly dtype: DType };

/**
 * Solves a system; where a `stop when` ends it, or it fails, the trajectory ends there as well.
 *
 * @param ts - times of the output, from the first to the last of the span
 * @throws SolveError if the solve fails before its second time.
 */
export async function solveSystem(
  ode: Ode,
  system: System,
  ts: readonly number[],
  options: SystemOptions,
): Promise<Trajectory> {
  try {
    return await solved(ode, system, ts, options);
  } catch (error) {
    if (!(error instanceof SolveError)) throw error;
    // The same again, as far as it goes.
    const { stats, ys } = await solved(ode, system, ts, { ...options, onFailure: 'nan' });
    const missing = ts.findIndex((_, i) => ys.some((values) => Number.isNaN(values[i])));
    if (missing < 2) throw error;
    return { ts: ts.slice(0, missing), ys: ys.map((values) => values.slice(0, missing)), stats, failure: error };
  }
}

async function solved(
  ode: Ode,
  system: System,
  ts: readonly number[],
  { dtype, ...options }: SystemOptions,
): Promise<Trajectory> {
  const times: HostTimes = hostArray(
    dtype === 'f64' ? Float64Array.from(ts) : Float32Array.from(ts),
    [ts.length],
    dtype,
  );
  const f = dynamicsOf(system, dtype);
  if (system.stops.length === 0) {
    const { ys, stats } = await ode.solve(f, system.initial, times, options);
    return { ts, ys: ys.map(({ data }) => Array.from(data)), stats };
  }
  const event = system.stops.map(({ left, right, direction }) => ({
    direction,
    eventFn: (t: Tensor, y: readonly Tensor[]): Tensor => {
      const values = valuesAt(system, t, y, dtype);
      return asTensor(evaluate(left, values, dtype), dtype).sub(evaluate(right, values, dtype));
    },
  }));
  const solution = await ode.solve(f, system.initial, times, { ...options, event });
  const all = solution.ys.map(({ data }) => Array.from(data));
  const stop = system.stops[solution.event.index];
  if (!solution.event.occurred || stop === undefined) return { ts, ys: all, stats: solution.stats };
  const { t, y } = solution.event;
  const direction = Math.sign(system.span[1] - system.span[0]);
  const kept = ts.filter((time) => direction * (t - time) > 0).length;
  return {
    ts: [...ts.slice(0, kept), t],
    ys: all.map((values, i) => [...values.slice(0, kept), y[i]?.data[0] ?? NaN]),
    stats: solution.stats,
    stopped: { stop, t },
  };
}

/** f(t, y) as tensors. */
export const dynamicsOf =
  (system: System, dtype: DType): Dynamics<readonly Tensor[]> =>
  (t, y) => {
    const values = valuesAt(system, t, y, dtype);
    return system.derivatives.map((derivative) => asTensor(evaluate(derivative, values, dtype), dtype));
  };

/** The same trajectory at some of its times; where it was stopped it still ends there. */
export function restricted({ ts, ys, stopped, ...rest }: Trajectory, to: readonly number[]): Trajectory {
  const times = new Set(to);
  const kept = ts.flatMap((t, i) => (times.has(t) || (stopped !== undefined && i === ts.length - 1) ? [i] : []));
  const at = (values: readonly number[]): readonly number[] => kept.map((i) => values[i] ?? NaN);
  return { ...rest, ts: at(ts), ys: ys.map(at), ...(stopped === undefined ? {} : { stopped }) };
}

function valuesAt(system: System, t: Tensor, y: readonly Tensor[], dtype: DType): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>(system.constants);
  values.set('t', t);
  system.states.forEach((name, i) => values.set(name, y[i] as Tensor));
  for (const { name, value } of system.derived) values.set(name, evaluate(value, values, dtype));
  return values;
}

/** All names' numbers at a time and a state. */
export function numbersAt(system: System, t: number, y: readonly number[]): ReadonlyMap<string, number> {
  const values = new Map(system.constants);
  values.set('t', t);
  system.states.forEach((name, i) => values.set(name, y[i] ?? NaN));
  for (const { name, value } of system.derived) values.set(name, evaluateNumber(value, values));
  return values;
}

/** dy/dt in numbers, such as for the arrows of a phase portrait. */
export function derivativeAt(system: System, t: number, y: readonly number[]): readonly number[] {
  const values = numbersAt(system, t, y);
  return system.derivatives.map((derivative) => evaluateNumber(derivative, values));
}
