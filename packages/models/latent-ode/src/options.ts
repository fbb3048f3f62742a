/** Checks of options. */
import { OptionError } from '@node-ode/core';

/** @throws OptionError unless `value` is an integer of at least 1. */
export function requireSize(operation: string, name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new OptionError(operation, `${name} is ${value}`, { expected: 'an integer of at least 1' });
}
