/** A trained model as one safetensors file: parameters, configuration and preprocessing. */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FormatError, random, type HostArray } from '@node-ode/core';
import { fillTree, namedArrays } from '@node-ode/train';
import { readSafetensors, writeSafetensors } from '@node-ode/train/node';
import { withRelativePaths } from '../config/paths.ts';
import { FileError } from '../errors.ts';
import { parseDescription, type Description } from './description.ts';

/** The file's name in the folder of a run. */
export const modelFile = 'model.safetensors';

/** What the file's metadata calls its format. */
export const modelFormat = 'node-ode model 1';

const prefix = 'params/';

/** A model as a file holds it. */
export interface StoredModel extends Description {
  /** Parameters by their paths. */
  readonly params: ReadonlyMap<string, HostArray>;
  /** The file, for errors. */
  readonly source: string;
}

/** Writes a model: complete, or not at all. Paths in its configuration are relative to the file. */
export async function writeModel(path: string, params: unknown, description: Description): Promise<void> {
  const arrays = [...namedArrays(params)].map(([name, leaf]): [string, HostArray] => [prefix + name, leaf]);
  const config = withRelativePaths({ ...description.config }, dirname(path));
  const text = JSON.stringify({ ...description, config });
  await writeSafetensors(path, new Map(arrays), { format: modelFormat, description: text });
}

/**
 * Reads a model, from its file or from the folder of its run.
 *
 * @throws FileError if there is none; FormatError if it is something else.
 * @example
 * const { info, config, params } = await readModel('output/moons-cnf', io.cwd);
 */
export async function readModel(given: string, cwd: string): Promise<StoredModel> {
  const path = resolve(cwd, given);
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => undefined,
  );
  const file = isFolder === true ? join(path, modelFile) : path;
  const exists = await stat(file).then(
    () => true,
    () => false,
  );
  if (!exists) {
    throw new FileError('model', `there is no model ${isFolder === true ? `in the folder ${given}` : given}`, {
      expected: 'a file or a folder that node-ode train wrote',
      ...(isFolder === true ? { advice: `If training is not done, go on by: node-ode train --resume ${given}` } : {}),
    });
  }
  const { tensors, metadata } = await readSafetensors(file);
  if (metadata.get('format') !== modelFormat) {
    throw new FormatError('model', `${given} has the format ${JSON.stringify(metadata.get('format') ?? 'none')}`, {
      expected: `“${modelFormat}”: what node-ode train writes`,
    });
  }
  const params = [...tensors].map(
    ([name, leaf]) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, leaf] as const,
  );
  const description = parseDescription(metadata.get('description') ?? '', given, dirname(file));
  return { ...description, params: new Map(params), source: given };
}

/**
 * The parameters of a stored model, as the tree of a model that was made anew.
 *
 * @throws FormatError if they do not fit the model.
 */
export const paramsFor = (model: { init(source: ReturnType<typeof random>): unknown }, stored: StoredModel): unknown =>
  fillTree(model.init(random(0)), stored.params, stored.source);
