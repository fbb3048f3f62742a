/** Checks of options, with errors that say what was expected. */
import { OptionError } from '@node-ode/core';

/** @throws OptionError unless `value` is an integer of at least 1. */
export function requirePositiveInteger(operation: string, name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new OptionError(operation, `${name} is ${value}`, { expected: 'an integer of at least 1' });
}

/** @throws OptionError unless `value` is a finite number ≥ 0. */
export function requireNonNegative(operation: string, name: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new OptionError(operation, `${name} is ${value}`, { expected: 'a finite number that is not negative' });
}

/** @throws OptionError unless `value` is a finite number > 0. */
export function requirePositive(operation: string, name: string, value: number): void {
  if (Number.isFinite(value) && value > 0) return;
  throw new OptionError(operation, `${name} is ${value}`, { expected: 'a finite positive number' });
}

/** @throws OptionError unless 0 ≤ `value` < 1: a decay rate of a moving average, a rate of dropout. */
export function requireFraction(operation: string, name: string, value: number): void {
  if (value >= 0 && value < 1) return;
  throw new OptionError(operation, `${name} is ${value}`, { expected: 'a number in [0, 1)' });
}

/** @throws OptionError unless `value` is a finite number. */
export function requireFinite(operation: string, name: string, value: number): void {
  if (Number.isFinite(value)) return;
  throw new OptionError(operation, `${name} is ${value}`, { expected: 'a finite number' });
}

/** @throws OptionError unless 0 ≤ `value` ≤ 1: a weight in an average. */
export function requireProportion(operation: string, name: string, value: number): void {
  if (value >= 0 && value <= 1) return;
  throw new OptionError(operation, `${name} is ${value}`, { expected: 'a number in [0, 1]' });
}

/** @throws OptionError unless `groups` is a positive integer that divides each of `channels`. */
export function requireGroups(operation: string, groups: number, ...channels: readonly number[]): void {
  requirePositiveInteger(operation, 'groups', groups);
  if (channels.every((count) => count % groups === 0)) return;
  throw new OptionError(operation, `${groups} groups of ${channels.join(' and ')} channels`, {
    expected: 'groups that divide the channels',
  });
}
