/** The larger and the smaller of two numbers: NaN if either is. */
import type { Arithmetic } from '../arithmetic.ts';

/** Operands as names, and the value of the second where it is known. */
export interface Extremum {
  readonly x: string;
  readonly y: string;
  readonly splats: readonly (number | undefined)[];
}

/**
 * `Max` or `Min`. WGSL leaves open what `max` gives for NaN: there a comparison chooses, which is false for NaN, and an
 * operand that may be NaN is looked at.
 */
export function extremum(a: Arithmetic, kernel: 'Max' | 'Min', { x, y, splats: [first, second] }: Extremum): string {
  if (!a.isLoose || a.dtype === 'i32') return a.apply(kernel, [x, y]);
  const isPassed = kernel === 'Max' ? 'Less' : 'Greater';
  // NaN is kept by whichever operand the comparison falls back on.
  if (isNumber(first)) return a.where(a.apply(isPassed, [y, x]), x, y);
  const chosen = a.where(a.apply(isPassed, [x, y]), y, x);
  return isNumber(second) ? chosen : a.where(a.equal(y, y), chosen, y);
}

const isNumber = (splat: number | undefined): boolean => splat !== undefined && !Number.isNaN(splat);
