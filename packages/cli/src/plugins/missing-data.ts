/** Data sets whose files are not on this machine, told in the words of a command line. */
import type { MissingData } from '@node-ode/datasets/node';
import { FileError } from '../errors.ts';
import { isRecord } from './package-info.ts';

/** The data that an error misses; it may be of another copy of @node-ode/datasets. */
function missingDataOf(error: unknown): MissingData | undefined {
  const isOne = error instanceof Error && error.name === 'MissingDataError' && 'data' in error;
  return isOne && isMissingData(error.data) ? error.data : undefined;
}

const isMissingData = (data: unknown): data is MissingData =>
  isRecord(data) &&
  typeof data['dataset'] === 'string' &&
  (data['place'] === undefined ||
    (isRecord(data['place']) &&
      Array.isArray(data['place']['files']) &&
      ['folder', 'url'].every((key) => isRecord(data['place']) && typeof data['place'][key] === 'string')));

/**
 * What to do about data that are not there: `set download: true` is what a program's author does.
 *
 * @param path Where a configuration has the data set.
 * @returns undefined for any other error
 */
export function inCommandLineWords(error: unknown, path: string): FileError | undefined {
  const data = missingDataOf(error);
  if (data === undefined) return undefined;
  const { dataset, place } = data;
  if (place === undefined) {
    return new FileError(path, `nothing says where “${dataset}” is, or has to go`, {
      expected: `--set ${path}.root=FOLDER, whose folder ${dataset} has the files (in a configuration root: FOLDER beside the data set's name), or the environment variable NODE_ODE_DATA with that FOLDER`,
    });
  }
  const { folder, files, url } = place;
  return new FileError(path, `there is no ${files.join(' or ')} in ${folder}`, {
    expected: 'the file there',
    advice: `Put it there, or get it from ${url} with --set ${path}.download=true (in a configuration download: true beside the data set's name).`,
  });
}
