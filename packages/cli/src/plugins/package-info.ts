/** Installed packages, and the plugins that they say they have: the `"node-ode"` field of their package.json. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PluginError } from '../errors.ts';
import { pluginKinds, type PluginKind } from './kinds.ts';

/** A package as its package.json tells of it. */
export interface PackageInfo {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** Names of exported factories by kind; undefined without the field. */
  readonly declares: Readonly<Partial<Record<PluginKind, readonly string[]>>> | undefined;
}

/** A folder and those around it, from the inside to the outside. */
export function ancestors(folder: string): readonly string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...ancestors(above)];
}

/**
 * The package of a folder, if it is one; with `onlyDeclared`, if it says that it has plugins.
 *
 * @throws PluginError for a `"node-ode"` field that is none.
 */
export async function packageIn(
  folder: string,
  { onlyDeclared = false }: { readonly onlyDeclared?: boolean } = {},
): Promise<PackageInfo | undefined> {
  const path = join(folder, 'package.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined || (onlyDeclared && !text.includes('"node-ode"'))) return undefined;
  const json = parsed(text);
  if (!isRecord(json) || typeof json['name'] !== 'string') return undefined;
  const version = typeof json['version'] === 'string' ? json['version'] : '0.0.0';
  return { name: json['name'], version, folder, declares: declarations(json['node-ode'], path) };
}

/**
 * The package of a name as a module in `from` would import it: the nearest in a `node_modules`, or the one it is part of.
 *
 * @throws PluginError as `packageIn`.
 */
export async function packageNamed(name: string, from: string): Promise<PackageInfo | undefined> {
  for (const folder of ancestors(from)) {
    const found = await packageIn(join(folder, 'node_modules', name));
    if (found !== undefined) return found;
    const around = await packageIn(folder);
    if (around?.name === name) return around;
  }
  return undefined;
}

function declarations(field: unknown, path: string): PackageInfo['declares'] {
  if (field === undefined) return undefined;
  const refuse = (problem: string): PluginError =>
    new PluginError('plugins', `${path}: ${problem}`, {
      expected: `"node-ode": { "<kind>": "<export>" } or lists of exports; kinds are ${pluginKinds.join(', ')}`,
    });
  if (!isRecord(field)) throw refuse('the field "node-ode" is no object');
  return Object.fromEntries(
    Object.entries(field).map(([kind, names]) => {
      const known = pluginKinds.find((one) => one === kind);
      if (known === undefined) throw refuse(`the field "node-ode" has the kind “${kind}”`);
      const list: readonly unknown[] = Array.isArray(names) ? names : [names];
      const texts = list.filter((one) => typeof one === 'string');
      if (texts.length !== list.length) throw refuse(`"node-ode".${kind} is no name of an export`);
      return [known, texts];
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether something is an object with keys. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
