/** Finding the files of a data set, or downloading them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dataVariable } from '../data-path.ts';
import { download, type DownloadOptions } from '../download/download.ts';
import { MissingDataError } from './missing-data-error.ts';
import type { SourceFile } from './sources.ts';

/** Where a data set's files are. */
export interface LoadOptions extends DownloadOptions {
  /** The folder that has the files. */
  readonly path?: string;
  /** The folder of all data sets, each in one of its own; by default what the environment variable `NODE_ODE_DATA` says. */
  readonly root?: string;
  /** Downloads files that are not there; false by default: nothing is downloaded unasked. */
  readonly download?: boolean;
  /** Address of a folder on a server that has the same files, instead of their public source. */
  readonly mirror?: string;
}

/**
 * The folder of a data set.
 *
 * @throws MissingDataError if nothing says where it is.
 */
export function folderOf(operation: string, dataset: string, { path, root }: LoadOptions): string {
  if (path !== undefined) return path;
  const base = root ?? process.env[dataVariable];
  if (base !== undefined && base !== '') return join(base, dataset);
  throw new MissingDataError(operation, { dataset });
}

/** The first of some names that the folder has. */
export const findIn = (folder: string, names: readonly string[]): string | undefined =>
  names.map((name) => join(folder, name)).find((path) => existsSync(path));

/**
 * The path of a file under one of its names, downloaded if it is not there and that was asked for.
 *
 * @throws MissingDataError if it is not there; whatever `download` throws.
 */
export async function locate(
  operation: string,
  dataset: string,
  names: readonly string[],
  source: SourceFile,
  options: LoadOptions,
): Promise<string> {
  const folder = folderOf(operation, dataset, options);
  const found = findIn(folder, [...names, source.file]);
  if (found !== undefined) return found;
  if (options.download !== true) {
    const files = [...new Set([...names, source.file])];
    throw new MissingDataError(operation, { dataset, place: { folder, files, file: source.file, url: source.url } });
  }
  const path = join(folder, source.file);
  const url = options.mirror === undefined ? source.url : `${options.mirror.replace(/\/$/, '')}/${source.file}`;
  await download({ ...source, url }, path, options);
  return path;
}
