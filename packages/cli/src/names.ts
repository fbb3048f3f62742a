/** Names as they are written on a command line, and which a misspelt one may have been meant to be. */
import { closest, distance } from 'fastest-levenshtein';

/**
 * “Did you mean …?”, where a name is near enough.
 *
 * @example
 * didYouMean('epcohs', ['epochs', 'steps']); // 'Did you mean epochs?'
 */
export function didYouMean(given: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const meant = closest(given, [...names]);
  return distance(given, meant) <= Math.max(1, Math.floor(meant.length / 3)) ? `Did you mean ${meant}?` : undefined;
}

/** `twoMoons` as it is written on a command line: `two-moons`. */
export const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
