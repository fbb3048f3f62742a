/** One case on one backend, held against the reference engine. */
import type { Backend, HostArray } from '@node-ode/core';
import { titleOf, type Case } from './cases/case.ts';

/** What came of a case on a backend. */
export interface Outcome {
  readonly title: string;
  readonly backend: string;
  readonly result: 'agrees' | 'differs' | 'failed' | 'excluded';
  /** Largest relative difference from the reference engine. */
  readonly difference?: number;
  /** Largest relative error, where the truth is known. */
  readonly error?: number;
  /** Milliseconds of the first run, compilation included, and of the fastest one after it. */
  readonly firstMs?: number;
  readonly runMs?: number;
  /** Why it failed, or what the backend lacks. */
  readonly reason?: string;
}

/** The results of each case on the reference engine, computed once. */
export type Oracle = (c: Case) => Promise<readonly HostArray[]>;

/** An oracle on a backend. */
export function oracleOn(backend: Backend): Oracle {
  const known = new Map<Case, Promise<readonly HostArray[]>>();
  return (c) => {
    const found = known.get(c) ?? c.prepare(backend)();
    known.set(c, found);
    return found;
  };
}

/** A case is run again so often, unless it takes long: what counts is that it agrees. */
const repetitions = 3;
const enoughMs = 2000;

/** Runs a case; never rejects. */
export async function runCase(c: Case, name: string, backend: Backend, oracle: Oracle): Promise<Outcome> {
  const who = { title: titleOf(c), backend: name };
  if (!backend.capabilities.dtypes.includes(c.dtype)) return { ...who, result: 'excluded', reason: `dtype ${c.dtype}` };
  try {
    const started = performance.now();
    const run = c.prepare(backend);
    const actual = await run();
    const firstMs = performance.now() - started;
    const runMs = await fastest(run);
    const expected = await oracle(c);
    const difference = Math.max(...expected.map((array, i) => relativeDifference(actual[i]?.data, array.data)));
    const measured = { difference, firstMs, runMs, ...errorOf(c, actual) };
    const reason = complaintOf(c, difference, measured.error) ?? c.complaint?.(actual);
    return reason === undefined
      ? { ...who, ...measured, result: 'agrees' }
      : { ...who, ...measured, result: 'differs', reason };
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
    return { ...who, result: code === 'UNSUPPORTED' ? 'excluded' : 'failed', reason: String(message ?? error) };
  }
}

function complaintOf({ tolerance, truth }: Case, difference: number, error: number | undefined): string | undefined {
  if (!(difference <= tolerance))
    return `${difference.toExponential(1)} off the reference engine; expected ${tolerance} at most`;
  if (truth === undefined || (error !== undefined && error <= truth.tolerance)) return undefined;
  return `${error?.toExponential(1) ?? 'no number'} off the truth; expected ${truth.tolerance} at most`;
}

function errorOf({ truth }: Case, actual: readonly HostArray[]): { readonly error?: number } {
  if (truth === undefined) return {};
  const elements = actual.flatMap(({ data }) => Array.from(data)).slice(0, truth.values.length);
  return { error: relativeDifference(elements, truth.values) };
}

async function fastest(run: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  const begun = performance.now();
  for (let i = 0; i < repetitions && (i === 0 || performance.now() - begun < enoughMs); i++) {
    const started = performance.now();
    await run();
    least = Math.min(least, performance.now() - started);
  }
  return least;
}

/** max |a − e| / max |e|; NaN if shapes differ or a number is not one. */
export function relativeDifference(actual: ArrayLike<number> | undefined, expected: ArrayLike<number>): number {
  if (actual?.length !== expected.length) return NaN;
  let [difference, scale] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN)));
    scale = Math.max(scale, Math.abs(expected[i] ?? NaN));
  }
  return difference === 0 ? 0 : difference / scale;
}
