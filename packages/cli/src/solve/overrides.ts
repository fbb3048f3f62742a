/** What the command line says otherwise than the text. */
import { OptionError } from '@node-ode/core';
import { didYouMean } from '../names.ts';
import type { Definition } from './definitions.ts';
import type { Lines } from './system.ts';

/** Values instead of those in the text. */
export interface Overrides {
  readonly parameters?: ReadonlyMap<string, number>;
  readonly initial?: ReadonlyMap<string, number>;
  readonly span?: readonly [number, number];
}

/** @throws OptionError for a name that the text does not have, with the one that may have been meant. */
export function checkOverrides({ definitions, derivatives }: Lines, { parameters, initial }: Overrides): void {
  check('--param', parameters, [...definitions.keys()], 'a name that the file defines');
  check('--y0', initial, [...derivatives.keys()], 'a state');
}

function check(
  flag: string,
  given: ReadonlyMap<string, number> | undefined,
  names: readonly string[],
  what: string,
): void {
  for (const name of given?.keys() ?? []) {
    if (names.includes(name)) continue;
    const meant = didYouMean(name, names);
    throw new OptionError('solve', `${flag} ${name}=…: the file has no ${name} to set`, {
      expected: names.length === 0 ? `${what}, and there is none` : `${what}: ${names.join(', ')}`,
      ...(meant === undefined ? {} : { advice: meant }),
    });
  }
}

/** Definitions with the values that were set. */
export const overridden = (
  definitions: ReadonlyMap<string, Definition>,
  { parameters }: Overrides,
): ReadonlyMap<string, Definition> =>
  new Map(
    [...definitions].map(([name, definition]) => {
      const value = parameters?.get(name);
      if (value === undefined) return [name, definition];
      return [name, { ...definition, value: { kind: 'number', at: definition.value.at, value } }];
    }),
  );
