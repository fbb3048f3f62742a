/** Comparison of arrays of numbers, and the slope of an error against a step size. */
import type { HostArray } from '@node-ode/core';
import { demand } from './check.ts';

/** How near is near enough: |a − e| ≤ atol + rtol·|e|. */
export interface Closeness {
  readonly rtol: number;
  readonly atol: number;
  /** Tells −0 from 0. */
  readonly signedZero?: boolean;
}

/** The elements of arrays, one after the other. */
export const elementsOf = (arrays: readonly HostArray[]): number[] => arrays.flatMap(({ data }) => Array.from(data));

/** max |aᵢ − bᵢ|; NaN if any difference is. */
export function largestDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - (b[i] ?? NaN))), a.length === b.length ? 0 : NaN);
}

/** Whether two numbers agree: NaN with NaN, an infinity with itself, finite ones within the tolerances. */
export function agrees(actual: number, expected: number, { rtol, atol, signedZero = false }: Closeness): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(actual);
  if (signedZero && expected === 0 && actual === 0) return Object.is(actual, expected);
  return actual === expected || Math.abs(actual - expected) <= atol + rtol * Math.abs(expected);
}

/** @throws ConformanceError naming the first element of `actual` that is not near `expected`. */
export function demandClose(
  subject: string,
  actual: readonly number[],
  expected: readonly number[],
  closeness: Closeness,
  advice?: string,
): void {
  const more = advice === undefined ? {} : { advice };
  const lengths = { expected: `${expected.length}`, ...more };
  demand(actual.length === expected.length, subject, `${actual.length} elements`, lengths);
  const i = expected.findIndex((e, index) => !agrees(actual[index] ?? NaN, e, closeness));
  if (i === -1) return;
  const [found, wanted] = [actual[i] ?? NaN, expected[i] ?? NaN];
  demand(false, subject, `element ${i} of ${expected.length} is ${show(found)}, off by ${show(found - wanted)}`, {
    expected: `${show(wanted)} within ${closeness.rtol} of it${closeness.atol > 0 ? `, plus ${closeness.atol}` : ''}`,
    ...more,
  });
}

const show = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));

/** @throws ConformanceError if shape, dtype or an element of an array differs from `expected`. */
export function demandSameArray(subject: string, actual: HostArray, expected: HostArray, closeness: Closeness): void {
  const type = ({ shape, dtype }: HostArray): string => `${dtype}[${shape.join(', ')}]`;
  demand(type(actual) === type(expected), subject, `the result is ${type(actual)}`, { expected: type(expected) });
  const exact = expected.dtype === 'i32' || expected.dtype === 'bool';
  const tolerance = exact ? { rtol: 0, atol: 0 } : closeness;
  demandClose(subject, Array.from(actual.data), Array.from(expected.data), tolerance);
}

/** Least-squares slope of log(error) against log(size): the order with which an error vanishes. */
export function logSlope(points: readonly { readonly size: number; readonly error: number }[]): number {
  const logs = points.map(({ size, error }) => ({ x: Math.log(size), y: Math.log(error) }));
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [mx, my] = [mean(logs.map(({ x }) => x)), mean(logs.map(({ y }) => y))];
  const covariance = logs.reduce((sum, { x, y }) => sum + (x - mx) * (y - my), 0);
  return covariance / logs.reduce((sum, { x }) => sum + (x - mx) ** 2, 0);
}
