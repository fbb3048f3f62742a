/** Numbers that flags say. */
import { UsageError } from '../errors.ts';

/**
 * An integer of at least `least`.
 *
 * @throws UsageError naming the flag.
 */
export function countOf(flag: string, given: unknown, least: number): number {
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : NaN;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(flag, `“${String(given)}”`, { expected: `an integer of at least ${least}` });
}

/**
 * A finite number, if the flag was given.
 *
 * @throws UsageError naming the flag.
 */
export function realOf(flag: string, given: unknown): number | undefined {
  if (given === undefined) return undefined;
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : NaN;
  if (Number.isFinite(value)) return value;
  throw new UsageError(flag, `“${String(given)}”`, { expected: 'a finite number' });
}
