/** What a suite is measured in: f64 where the engine has it, f32 elsewhere, with bounds for each. */
import { reference } from '@node-ode/backend-reference';
import { OptionError, type Backend, type FloatDType } from '@node-ode/core';

/** One value for each float dtype: those of f32 are derived beside it, from its rounding. */
export type PerFloat<T> = Readonly<Record<FloatDType, T>>;

/** u: the largest relative error of one operation, half the distance from 1 to the next number. */
export const unitRoundoff: PerFloat<number> = { f32: 2 ** -24, f64: 2 ** -53 };

/** An engine with the dtype that checks on it use, and the engine in f64 that says what is right where it has none. */
export interface Precision {
  readonly backend: Backend;
  readonly dtype: FloatDType;
  /** The engine itself where it has f64. */
  readonly oracle: Backend;
}

/**
 * The best dtype of an engine.
 *
 * @throws OptionError if it has no floats.
 */
export function precisionOf(backend: Backend): Precision {
  const { dtypes } = backend.capabilities;
  if (dtypes.includes('f64')) return { backend, dtype: 'f64', oracle: backend };
  if (dtypes.includes('f32')) return { backend, dtype: 'f32', oracle: reference() };
  throw new OptionError('testkit', `backend '${backend.name}' has the dtypes ${dtypes.join(', ')}`, {
    expected: 'f64 or f32 among them',
  });
}

/** A number as a dtype holds it. */
export const rounded = (x: number, dtype: FloatDType): number => (dtype === 'f32' ? Math.fround(x) : x);
