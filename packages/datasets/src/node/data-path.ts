/** Where data sets that are too large to ship lie on this machine. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OptionError } from '@node-ode/core';

/** The environment variable that names the folder. */
export const dataVariable = 'NODE_ODE_DATA';

/**
 * The path of a file or folder in the data folder: `root` if it is given, else what the environment variable
 * `NODE_ODE_DATA` says.
 *
 * @throws OptionError if neither says where the data is, or if it is not there.
 * @example
 * const labels = dataPath('mnist/train-labels-idx1-ubyte.gz', { root: '/data' });
 */
export function dataPath(name: string, options: { readonly root?: string } = {}): string {
  const root = options.root ?? process.env[dataVariable];
  const howTo = `Set the environment variable ${dataVariable} to the folder that has it: export ${dataVariable}=/path/to/data.`;
  if (root === undefined || root === '') {
    throw new OptionError('dataPath', `nothing says where “${name}” is`, { expected: 'a data folder', advice: howTo });
  }
  const path = join(root, name);
  if (!existsSync(path)) {
    throw new OptionError('dataPath', `${path} does not exist`, {
      expected: `“${name}” in the data folder ${root}`,
      advice: howTo,
    });
  }
  return path;
}
