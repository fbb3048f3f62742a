/** All packages that say they have plugins, where a user and where the command line can import them. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Io } from '../io.ts';
import type { PluginKind } from './kinds.ts';
import { ancestors, packageIn, type PackageInfo } from './package-info.ts';

/** The command line's own place. */
export const ownFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where plugins are looked for: the user's place first. */
export const searchFrom = ({ cwd }: Pick<Io, 'cwd'>): readonly string[] => [cwd, ownFolder];

/** A plugin that is installed. */
export interface InstalledPlugin {
  readonly kind: PluginKind;
  /** Name of the exported factory. */
  readonly exported: string;
  readonly from: PackageInfo;
}

/**
 * Every plugin that an installed package declares; of packages of one name the nearest to the user.
 *
 * @example
 * const solvers = (await installedPlugins(io)).filter(({ kind }) => kind === 'solver');
 */
export function installedPlugins(io: Pick<Io, 'cwd'>): Promise<readonly InstalledPlugin[]> {
  const found = known.get(io) ?? findAll(io);
  known.set(io, found);
  return found;
}

/** What a run has found: hundreds of packages are not read twice. */
const known = new WeakMap<object, Promise<readonly InstalledPlugin[]>>();

async function findAll(io: Pick<Io, 'cwd'>): Promise<readonly InstalledPlugin[]> {
  const packages = new Map<string, PackageInfo>();
  for (const folder of new Set(searchFrom(io).flatMap(ancestors))) {
    const own = await declaring(folder);
    const found = [...(own === undefined ? [] : [own]), ...(await packagesBelow(join(folder, 'node_modules')))];
    for (const one of found) {
      if (one.declares !== undefined && !packages.has(one.name)) packages.set(one.name, one);
    }
  }
  return [...packages.values()]
    .sort((a, b) => a.name.localeCompare(b.name))
    .flatMap((from) => entriesOf(from).flatMap(([kind, names]) => names.map((exported) => ({ kind, exported, from }))));
}

/** A package whose declaration is wrong is nobody's concern until somebody names it. */
const declaring = (folder: string): Promise<PackageInfo | undefined> =>
  packageIn(folder, { onlyDeclared: true }).catch(() => undefined);

const entriesOf = ({ declares = {} }: PackageInfo): readonly [PluginKind, readonly string[]][] =>
  Object.entries(declares) as [PluginKind, readonly string[]][];

async function packagesBelow(folder: string): Promise<readonly PackageInfo[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => !name.startsWith('.'))
      .map(async (name) =>
        name.startsWith('@') ? packagesBelow(join(folder, name)) : [await declaring(join(folder, name))],
      ),
  );
  return found.flat().filter((one) => one !== undefined);
}
