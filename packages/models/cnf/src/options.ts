/** Checks of options and of inputs, with errors that say what was expected. */
import { formatType, OptionError, ShapeError, type Tensor } from '@node-ode/core';

/** @throws OptionError unless `value` is an integer from `least`. */
export function requireCount(operation: string, name: string, value: number, least = 1): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new OptionError(operation, `${name} is ${value}`, { expected: `an integer of at least ${least}` });
}

/** @throws ShapeError unless `z` is [samples, dimension]. */
export function requireSamples(operation: string, z: Tensor, dimension: number): Tensor {
  if (z.rank === 2 && z.shape[1] === dimension) return z;
  throw new ShapeError(operation, `points ${formatType(z.type)}`, {
    expected: `[samples, ${dimension}]: one point in each row`,
  });
}
