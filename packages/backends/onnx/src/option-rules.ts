/** What the values of options are checked against, and how a wrong one is told. */
import { OptionError } from '@node-ode/core';

/** What a value has to be, in words, and the test of it. */
export interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

export const oneOf = (...values: readonly string[]): Rule => ({
  expected: `one of ${values.map((value) => `'${value}'`).join(', ')}`,
  accepts: (value) => values.includes(value as string),
});

export const integerFrom = (least: number, most: number): Rule => ({
  expected: `an integer from ${least} to ${most}`,
  accepts: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
});

export const boolean: Rule = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };

export const text = (what: string): Rule => ({
  expected: what,
  accepts: (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
});

/** An object that is no list. */
export const object = (what = 'an object'): Rule => ({
  expected: what,
  accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
});

/**
 * Checks each option that is not undefined.
 *
 * @throws OptionError naming `operation` and an option that is not known, or whose value is not what is expected.
 */
export function checkAgainst(
  operation: string,
  known: Readonly<Record<string, Rule>>,
  given: object,
  { prefix = '', suffix = '' } = {},
): void {
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(known, name) ? known[name] : undefined;
    if (rule === undefined) {
      throw new OptionError(operation, `there is no option '${prefix}${name}'${suffix}`, {
        expected: Object.keys(known).join(', '),
      });
    }
    if (value === undefined || rule.accepts(value)) continue;
    throw new OptionError(operation, `${prefix}${name} = ${show(value)}`, { expected: rule.expected });
  }
}

/** A value in a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `'${value.slice(0, 60)}…'` : `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a plain array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
