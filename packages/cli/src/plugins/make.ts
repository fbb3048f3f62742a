/** From the configuration of a plugin to the plugin. */
import { NodeOdeError } from '@node-ode/core';
import { PluginError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { findPlugin, type FoundPlugin } from './find.ts';
import { inCommandLineWords } from './missing-data.ts';
import { kinds, type PluginKind, type PluginValues } from './kinds.ts';
import { isRecord } from './package-info.ts';

/** A plugin as a configuration has it: its name, or the name with options. */
export type PluginSpec = string | { readonly name: string; readonly [option: string]: unknown };

/** A plugin, and where it is from. */
export interface MadePlugin<T> {
  readonly value: T;
  readonly found: FoundPlugin;
}

/** How errors call a plugin, and what it is given beside its own options. */
export interface MakeOptions {
  /** Where the configuration has it; the kind by default. */
  readonly path?: string;
  /** Options where the configuration has none; it is no error if they are not read. */
  readonly defaults?: Readonly<Record<string, unknown>>;
}

/** A spec's name. */
export const nameOf = (spec: PluginSpec): string => (typeof spec === 'string' ? spec : spec.name);

/**
 * Finds a plugin and makes it of its options. A factory reads all of its options when it is called, as docs/plugins.md says: what
 * it has not read when the plugin is made is an option that it does not have.
 *
 * @throws PluginError if there is none, or what is made is no such plugin; UsageError for an option that it does not take.
 * @example
 * const { value } = await makePlugin('solver', { name: 'kvaerno5', newtonTolerance: 1e-3 }, io);
 */
export async function makePlugin<K extends PluginKind>(
  kind: K,
  spec: PluginSpec,
  io: Io,
  { path = kind, defaults = {} }: MakeOptions = {},
): Promise<MadePlugin<PluginValues[K]>> {
  const found = await findPlugin(kind, nameOf(spec), io);
  const { name: _name, ...options } = typeof spec === 'string' ? { name: spec } : spec;
  const read = new Set<string>();
  const all = { ...defaults, ...options };
  const given = kind === 'backend' ? withEngine(all, io) : all;
  const value = await made(found, watched(given, read), path);
  const unread = Object.keys(options).find((option) => !read.has(option));
  if (unread !== undefined) {
    throw new UsageError(path, `${found.exported} of ${found.source} takes no option “${unread}”`, {
      expected: read.size === 0 ? 'no options' : `one of ${[...read].join(', ')}`,
    });
  }
  const { what, isValue } = kinds[kind];
  if (!isValue(value)) {
    throw new PluginError(path, `${found.exported} of ${found.source} does not make ${what}`, {
      expected: `a factory that gives ${what}, as docs/plugins.md describes`,
    });
  }
  return { value, found };
}

/** The engine inside of another, unless its options name one. */
const innerEngine = 'wasm';

/**
 * Options of an engine around another one, which gets that as the option `engine`, a promise: the one that is named there. It is
 * made when it is asked for, and not among the options that are listed, so that other engines know nothing of it.
 */
function withEngine({ engine = innerEngine, ...rest }: Readonly<Record<string, unknown>>, io: Io): object {
  const get = (): unknown =>
    isSpec(engine) ? makePlugin('backend', engine, io, { path: 'engine' }).then(({ value }) => value) : engine;
  return Object.defineProperty({ ...rest }, 'engine', { get, configurable: true });
}

const isSpec = (value: unknown): value is PluginSpec =>
  typeof value === 'string' || (isRecord(value) && typeof value['name'] === 'string');

async function made(found: FoundPlugin, options: unknown, path: string): Promise<unknown> {
  try {
    return await found.factory(options);
  } catch (cause) {
    const missing = inCommandLineWords(cause, path);
    if (missing !== undefined) throw missing;
    if (cause instanceof NodeOdeError || (cause instanceof Error && 'code' in cause)) throw cause;
    throw new PluginError(path, `${found.exported} of ${found.source} failed: ${String(cause)}`, { cause });
  }
}

/** Options that tell which names were asked for: others would be left out in silence. */
function watched(options: object, read: Set<string>): object {
  const note = (key: string | symbol): void => {
    if (typeof key === 'string') read.add(key);
  };
  return new Proxy(options, {
    get: (target, key, receiver): unknown => (note(key), Reflect.get(target, key, receiver)),
    has: (target, key) => (note(key), Reflect.has(target, key)),
    getOwnPropertyDescriptor: (target, key) => (note(key), Reflect.getOwnPropertyDescriptor(target, key)),
  });
}
