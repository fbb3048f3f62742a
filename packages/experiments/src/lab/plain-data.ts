/** Plain data as JSON and back, without loss: numbers that JSON lacks are spelled out. */
import { isDeepStrictEqual } from 'node:util';
import { OptionError } from '@node-ode/core';

const key = '$number';

const spell = (value: unknown): unknown =>
  typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? { [key]: Object.is(value, -0) ? '-0' : String(value) }
    : value;

const read = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || !(key in value)) return value;
  return Number(value[key]);
};

/** Reads what `encodePlain` wrote. */
export const decodePlain = (text: string): unknown => JSON.parse(text, (_, value: unknown) => read(value));

/**
 * Plain data as JSON.
 *
 * @throws OptionError if something in it would not come back as it was: typed arrays, functions, undefined, classes.
 */
export function encodePlain(operation: string, value: unknown): string {
  const text: string | undefined = JSON.stringify(value, (_, part: unknown) => spell(part), 1);
  if (text !== undefined && isDeepStrictEqual(decodePlain(text), value)) return text;
  throw new OptionError(operation, 'a result that JSON does not keep', {
    expected: 'numbers, strings, booleans, null, and arrays and objects of them',
    advice: 'Array.from(…) makes plain arrays of typed ones.',
  });
}
