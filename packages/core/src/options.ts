/** Options that nobody reads: misspelt ones would be left out in silence, where no compiler looks. */
import { OptionError } from './errors.ts';

/** The names of an object of options; one that is missing, or too many, does not compile. */
export type OptionNames<T> = { readonly [K in keyof Required<T>]: true };

/**
 * Checks that there are no options but the known ones. One that is undefined is as good as left out.
 *
 * @throws OptionError naming the first that is not known, the known ones, and which of them it may have been meant to be.
 * @example
 * interface Options { readonly order?: number }
 * const known: OptionNames<Options> = { order: true };
 * const method = (options: Options = {}) => requireKnownOptions('method', options, known);
 */
export function requireKnownOptions<T extends object>(operation: string, options: T, known: OptionNames<T>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    const meant = nearest(name, names);
    throw new OptionError(operation, `there is no option '${name}'`, {
      expected: names.join(', '),
      ...(meant === undefined ? {} : { advice: `Did you mean ${meant}?` }),
    });
  }
}

/** The name that takes the fewest changes of a letter, if it takes few: a third of them, at least one. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((known) => ({ known, changes: changesBetween(name.toLowerCase(), known.toLowerCase()) }))
    .sort((a, b) => a.changes - b.changes);
  return best !== undefined && best.changes <= Math.max(1, Math.floor(best.known.length / 3)) ? best.known : undefined;
}

/** How many letters are to be put in, taken out or replaced (Levenshtein). */
function changesBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
