/** Where data sets that are too large to ship lie on this machine. */
import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { OptionError } from '@node-ode/core';

/** The environment variable that names the folder. */
export const dataVariable = 'NODE_ODE_DATA';

/**
 * The path of a file or folder in the data folder: `root` if it is given, else what the environment variable
 * `NODE_ODE_DATA` says.
 *
 * @throws OptionError if neither says where the data is, or if it is not there, or not in the folder.
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
  const [first] = relative(root, path).split(sep);
  if (first === '..') {
    throw new OptionError('dataPath', `“${name}” leads out of the data folder ${root}`, {
      expected: 'a path within it',
    });
  }
  if (!existsSync(path)) {
    throw new OptionError('dataPath', `${path} does not exist`, {
      expected: `“${name}” in the data folder ${root}`,
      advice: howTo,
    });
  }
  return path;
}
