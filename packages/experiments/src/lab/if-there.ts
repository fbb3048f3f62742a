/** Data sets that may not be at hand. */
import { OptionError } from '@node-ode/core';

/**
 * What a loader gives; undefined if its files are not there. A file that is there and damaged is still an error.
 *
 * @example
 * const svhn = await ifThere(() => loadSvhn(lab.data)); // undefined: the table says so, and a note how to get it
 */
export async function ifThere<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    const isMissing =
      error instanceof OptionError || (error instanceof Error && 'code' in error && error.code === 'ENOENT');
    if (isMissing) return undefined;
    throw error;
  }
}
