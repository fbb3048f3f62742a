/** Hidden layers as configurations have them. */
import { OptionError } from '@node-ode/core';

/** Units of each hidden layer, or of the one. */
export type HiddenSizes = number | readonly number[];

/**
 * The list of hidden layers, from a number or a list that may come from a file.
 *
 * @throws OptionError unless all of them are positive integers.
 * @example
 * mlp({ sizes: [2, ...hiddenSizes('mine', 32), 2] });
 */
export function hiddenSizes(operation: string, hidden: HiddenSizes): readonly number[] {
  const sizes: unknown = typeof hidden === 'number' ? [hidden] : hidden;
  if (Array.isArray(sizes) && sizes.every((size) => Number.isSafeInteger(size) && size >= 1)) return sizes;
  throw new OptionError(operation, `hidden is ${JSON.stringify(hidden)}`, {
    expected: 'the units of the hidden layer, or a list of them: integers of at least 1',
  });
}
