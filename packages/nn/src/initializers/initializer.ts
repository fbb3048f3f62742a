/** The contract of an initialiser, and the ones that do not look at the shape. */
import { array, OptionError, type FloatDType, type HostArray, type Random, type Shape } from '@node-ode/core';
import { requireFinite, requireNonNegative } from '../options.ts';

/**
 * Fresh values for a parameter of a shape. The same state of `random` gives the same numbers, in f32 rounded from those
 * that f64 would get.
 */
export type Initializer = (random: Random, shape: Shape, dtype?: FloatDType) => HostArray;

/** An initialiser that draws each element by itself, in row-major order. */
export const elementwise =
  (draw: (random: Random) => number): Initializer =>
  (random, shape, dtype = 'f32') => {
    const length = shape.reduce((product, extent) => product * extent, 1);
    return array(
      Float64Array.from({ length }, () => draw(random)),
      { shape, dtype },
    );
  };

/**
 * Every element is `value`.
 *
 * @throws OptionError if the value is not finite.
 */
export function full(value: number): Initializer {
  requireFinite('full', 'value', value);
  return elementwise(() => value);
}

/** Every element is 0. */
export const zeros = (): Initializer => full(0);

/** Every element is 1. */
export const ones = (): Initializer => full(1);

/**
 * Uniform between `low` and `high`, 0 and 1 by default.
 *
 * @throws OptionError if a bound is not finite or low > high.
 * @example
 * const weight = uniform({ low: -0.1, high: 0.1 })(random(0), [2, 50]);
 */
export function uniform({ low = 0, high = 1 }: { readonly low?: number; readonly high?: number } = {}): Initializer {
  requireFinite('uniform', 'low', low);
  requireFinite('uniform', 'high', high);
  if (low > high) throw new OptionError('uniform', `low ${low} and high ${high}`, { expected: 'low ≤ high' });
  return elementwise((random) => low + (high - low) * random.uniform());
}

/**
 * Normal with this mean and standard deviation, 0 and 1 by default.
 *
 * @throws OptionError if the mean is not finite or the deviation is negative.
 * @example
 * const weight = normal({ std: 0.1 })(random(0), [2, 50]);
 */
export function normal({ mean = 0, std = 1 }: { readonly mean?: number; readonly std?: number } = {}): Initializer {
  requireFinite('normal', 'mean', mean);
  requireNonNegative('normal', 'std', std);
  return elementwise((random) => mean + std * random.normal());
}
