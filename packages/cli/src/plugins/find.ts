/** From a name on the command line to a factory: a path, a package, or a short name. */
import { stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { moduleResolve } from 'import-meta-resolve';
import { PluginError } from '../errors.ts';
import type { Io } from '../io.ts';
import { dashed, didYouMean } from '../names.ts';
import { installedPlugins, searchFrom } from './installed.ts';
import { kinds, type PluginKind } from './kinds.ts';
import { packageNamed, type PackageInfo } from './package-info.ts';

/** What makes a plugin from its options. */
export type Factory = (options?: unknown) => unknown;

/** A factory, and where it is from. */
export interface FoundPlugin {
  readonly kind: PluginKind;
  /** Name of the export. */
  readonly exported: string;
  readonly factory: Factory;
  /** The package or the file, as errors and model files name it. */
  readonly source: string;
  readonly version: string | undefined;
}

/** A module that may have the plugin. */
interface Candidate {
  readonly source: string;
  readonly url: string;
  readonly version: string | undefined;
  /** Exports that are declared to be of the kind. */
  readonly declared: readonly string[] | undefined;
}

/**
 * Finds the plugin of a kind that a user named: a path (`./my-solver.js`), a package (`my-package`, `@scope/x`), a module of a
 * package (`@scope/x/more`), all of them with `#export` if need be, or a short name (`dopri5`), which is `@node-ode/solver-dopri5`,
 * `node-ode-solver-dopri5`, or an export that an installed package declares. Packages are looked for from the user's folder, then
 * from the command line's.
 *
 * @throws PluginError if there is none, or it is not clear which export is meant.
 * @example
 * const { factory } = await findPlugin('solver', 'dopri5', io);
 */
export async function findPlugin(kind: PluginKind, name: string, io: Io): Promise<FoundPlugin> {
  const [, base = '', exported] = /^(.*?)(?:#([^#]*))?$/s.exec(name) ?? [];
  if (base.startsWith('.') || isAbsolute(base)) return fromModule(kind, await fileCandidate(kind, base, io), exported);
  const [, main = base, entry] = /^(@[^/]+\/[^/]+|[^@/][^/]*)\/(.+)$/.exec(base) ?? [];
  for (const packageName of packageNames(kind, main)) {
    for (const from of searchFrom(io)) {
      const info = await packageNamed(packageName, from);
      if (info !== undefined) return fromModule(kind, candidateOf(kind, info, io, entry), exported);
    }
  }
  const installed = (await installedPlugins(io)).filter((one) => one.kind === kind);
  const found = installed.find((one) => plain(one.exported) === plain(base));
  if (found !== undefined) return fromModule(kind, candidateOf(kind, found.from, io), found.exported);
  throw notFound(kind, base, [...new Set(installed.map(({ exported: one }) => dashed(one)))]);
}

/** Names that are the same but for case and dashes: `two-moons` is `twoMoons`. */
const plain = (name: string): string => name.toLowerCase().replace(/[-_]/g, '');

/** The packages that a name may stand for. */
function packageNames(kind: PluginKind, name: string): readonly string[] {
  const isName = /^(@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/i.test(name);
  if (!isName) return [];
  if (name.startsWith('@')) return [name];
  return [`@node-ode/${kind}-${name}`, `node-ode-${kind}-${name}`, name];
}

async function fileCandidate(kind: PluginKind, path: string, { cwd }: Io): Promise<Candidate> {
  const file = resolve(cwd, path);
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) {
    throw new PluginError('plugins', `there is no module ${path} for ${kinds[kind].what}`, {
      expected: 'a JavaScript file',
      advice: `Paths are relative to ${cwd}.`,
    });
  }
  return { source: path, url: pathToFileURL(file).href, version: undefined, declared: undefined };
}

/** A package's main module, or another one of its `exports`, whose plugins the package does not declare. */
function candidateOf(
  kind: PluginKind,
  info: PackageInfo,
  { conditions = ['node', 'import'] }: Io,
  entry?: string,
): Candidate {
  const source = entry === undefined ? info.name : `${info.name}/${entry}`;
  const declared = entry === undefined ? info.declares?.[kind] : undefined;
  const resolved = (parent: string): Candidate => {
    const { href } = moduleResolve(source, pathToFileURL(parent), new Set(conditions));
    return { source, url: href, version: info.version, declared };
  };
  try {
    return resolved(join(info.folder, 'package.json'));
  } catch {
    return resolvedFromParent();
  }

  /** Packages without `exports` can't import themselves by name: those around them can. */
  function resolvedFromParent(): Candidate {
    try {
      return resolved(join(info.folder, '..', 'importer.js'));
    } catch (cause) {
      const module = entry === undefined ? 'main module' : `module “${entry}”`;
      throw new PluginError('plugins', `the package ${info.name} in ${info.folder} has no ${module}`, {
        expected: `a module that exports ${kinds[kind].what}`,
        cause,
      });
    }
  }
}

async function fromModule(kind: PluginKind, from: Candidate, exported: string | undefined): Promise<FoundPlugin> {
  const { what } = kinds[kind];
  const module = await imported(from);
  const functions = [...module].filter(([, value]) => typeof value === 'function').map(([name]) => name);
  const names = exported === undefined ? (from.declared ?? (await guessed(kind, module))) : [exported];
  const [name] = names;
  if (name === undefined || (names.length > 1 && from.declared === undefined)) {
    throw new PluginError(
      'plugins',
      `${from.source} exports ${names.length === 0 ? `nothing that makes ${what}` : `several that make ${what}`}`,
      {
        expected: `"node-ode": { "${kind}": "<export>" } in its package.json, or ${from.source}#<export>`,
        advice: `It exports ${(names.length === 0 ? functions : names).join(', ') || 'no functions'}.`,
      },
    );
  }
  const factory = module.get(name);
  if (typeof factory !== 'function') {
    const advice = didYouMean(name, functions);
    throw new PluginError('plugins', `${from.source} has no function “${name}”`, {
      expected: `one of ${functions.join(', ') || 'its exports, of which it has none'}`,
      ...(advice === undefined ? {} : { advice }),
    });
  }
  return {
    kind,
    exported: name,
    factory: (options) => Reflect.apply(factory, undefined, options === undefined ? [] : [options]),
    source: from.source,
    version: from.version,
  };
}

async function imported({ source, url }: Candidate): Promise<ReadonlyMap<string, unknown>> {
  try {
    const module: unknown = await import(/* @vite-ignore */ url);
    return new Map(Object.entries(typeof module === 'object' && module !== null ? module : {}));
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new PluginError('plugins', `${source} can't be imported: ${message}`, {
      expected: 'an ES module whose dependencies are installed',
      cause,
    });
  }
}

/**
 * A package as a module, found as plugins are: from the user's folder, then from the command line's.
 *
 * @returns undefined if it is not installed
 */
export async function importInstalled(name: string, io: Io): Promise<ReadonlyMap<string, unknown> | undefined> {
  for (const from of searchFrom(io)) {
    const info = await packageNamed(name, from);
    if (info !== undefined) return imported(candidateOf('backend', info, io));
  }
  return undefined;
}

/** The exports that make such a plugin when they are called without options; the only function, if it needs some. */
async function guessed(kind: PluginKind, module: ReadonlyMap<string, unknown>): Promise<readonly string[]> {
  const functions = [...module].flatMap(([name, value]) => (typeof value === 'function' ? [{ name, value }] : []));
  const makes = async (factory: (typeof functions)[number]['value']): Promise<boolean> => {
    try {
      return kinds[kind].isValue(await Reflect.apply(factory, undefined, []));
    } catch {
      return functions.length === 1;
    }
  };
  const found = await Promise.all(functions.map(async ({ name, value }) => ((await makes(value)) ? [name] : [])));
  return found.flat();
}

function notFound(kind: PluginKind, name: string, installed: readonly string[]): PluginError {
  const meant = didYouMean(name, installed);
  const packageName = packageNames(kind, name)[0];
  const install =
    packageName === undefined ? '' : ` Or install it, where it is one of ours: npm install ${packageName}.`;
  return new PluginError('plugins', `${kinds[kind].what} “${name}” is not installed`, {
    expected: `a path (./my-${kind}.js), a package, or one that is installed: ${installed.join(', ') || 'there is none'}`,
    advice: `${meant ?? 'See node-ode plugins for all that are installed.'}${install}`,
  });
}
