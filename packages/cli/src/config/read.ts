/** Configurations from files and presets. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FormatError } from '@node-ode/core';
import { isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { FileError, UsageError } from '../errors.ts';
import { didYouMean } from '../names.ts';
import { isRecord } from '../plugins/package-info.ts';
import { withAbsolutePaths } from './paths.ts';

/** A configuration before it is checked, and what it is called. */
export interface RawConfig {
  readonly value: Readonly<Record<string, unknown>>;
  /** The file or the preset. */
  readonly source: string;
  /** Without folder and extension. */
  readonly name: string;
}

const presetFolder = fileURLToPath(new URL('../../presets/', import.meta.url));
const extensions = ['.yaml', '.yml', '.json'];
const maxBytes = 2 ** 20;

/** The names of the presets that come with this package. */
export const presetNames = async (): Promise<readonly string[]> =>
  (await readdir(presetFolder)).filter((file) => file.endsWith('.yaml')).map((file) => basename(file, '.yaml'));

/**
 * Reads a file, or the preset of a name. Paths in a file are relative to it: they come back absolute.
 *
 * @throws FileError if there is none; FormatError naming line and column of what is no YAML or JSON; UsageError if it is no object.
 * @example
 * const { value } = await readConfig('moons-cnf', process.cwd());
 */
export async function readConfig(given: string, cwd: string): Promise<RawConfig> {
  const path = resolve(cwd, given);
  if (hasExtension(given) || /[\\/]/.test(given) || (await isFile(path))) return readFileConfig(path, given);
  const presets = await presetNames();
  if (presets.includes(given)) return readFileConfig(join(presetFolder, `${given}.yaml`), `preset ${given}`);
  if (await isFolder(path)) return readFileConfig(path, given); // which says so
  const meant = didYouMean(given, presets);
  throw new UsageError('train', `there is no preset “${given}”, and no such file`, {
    expected: `a YAML or JSON file, or one of ${presets.join(', ')}`,
    ...(meant === undefined ? {} : { advice: meant }),
  });
}

const hasExtension = (given: string): boolean => extensions.includes(extname(given).toLowerCase());

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** Whether a path is a folder. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Whether a name can only be that of a configuration: it ends as its files do, is a file, or a preset. */
export const namesConfig = async (given: string, cwd: string): Promise<boolean> =>
  hasExtension(given) || (await isFile(resolve(cwd, given))) || (await presetNames()).includes(given);

async function readFileConfig(path: string, source: string): Promise<RawConfig> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) {
    const isFolder = found?.isDirectory() === true;
    throw new FileError('train', isFolder ? `${source} is a folder` : `there is no file ${source}`, {
      expected: 'a YAML or JSON file, or a preset',
      ...(isFolder ? { advice: `A run that is in it goes on by: node-ode train --resume ${source}` } : {}),
    });
  }
  if (found.size > maxBytes) {
    throw new FormatError('train', `${source} has ${found.size} bytes`, { expected: `at most ${maxBytes}` });
  }
  const value = parseYaml(await readFile(path, 'utf8'), source);
  if (!isRecord(value)) {
    throw new UsageError(source, 'it holds no entries', {
      expected: 'an object: data, model, …',
      advice: 'See node-ode schema.',
    });
  }
  return { value: withAbsolutePaths(value, dirname(path)), source, name: basename(path, extname(path)) };
}

/**
 * The value that YAML, and so JSON, says.
 *
 * @throws FormatError naming line and column.
 */
export function parseYaml(text: string, source: string): unknown {
  const lineCounter = new LineCounter();
  // The library compares each key with all before it, which takes minutes for thousands of them.
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: false, lineCounter });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new FormatError('train', `${source}: ${error.message.split(':\n')[0] ?? ''}`, {
      expected: 'YAML or JSON',
      cause: error,
    });
  }
  const repeated = repeatedKey(document);
  if (repeated !== undefined) {
    const { line, col } = lineCounter.linePos(repeated.at);
    throw new FormatError(
      'train',
      `${source}: the key “${repeated.key}” for the second time at line ${line}, column ${col}`,
    );
  }
  try {
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    JSON.stringify(value); // what holds itself can't be written into a trained model
    return value;
  } catch (cause) {
    throw new FormatError('train', `${source}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      expected: 'YAML without so many aliases, and that does not hold itself',
      cause,
    });
  }
}

/** The first key that an object has twice, and where. */
function repeatedKey(document: Document): { readonly key: string; readonly at: number } | undefined {
  let found: { readonly key: string; readonly at: number } | undefined;
  visit(document, {
    Map: (_, { items }) => {
      const keys = new Set<string>();
      for (const { key } of items) {
        const name = isScalar(key) ? String(key.value) : undefined;
        if (name !== undefined && keys.size === keys.add(name).size) {
          found = { key: name, at: (isScalar(key) ? key.range?.[0] : undefined) ?? 0 };
          return visit.BREAK;
        }
      }
      return undefined;
    },
  });
  return found;
}
