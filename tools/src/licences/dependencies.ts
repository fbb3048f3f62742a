/** What users install with this library: the packages that its own ones need, as the lock file has them. */

/** A package of a lock file. */
export interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A lock file of npm, version 3: packages by their folder. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** A package that comes along. */
export interface Dependency {
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  /** Names of the packages through which it comes, from one of ours to itself. */
  readonly through: readonly string[];
}

/**
 * Everything that the packages under `packages/` need when they run, at any depth, peers included: the engines that users
 * choose among are peers. What is locked for no machine (an optional package of another platform, an engine of 500 MB) is left out.
 *
 * @example
 * dependenciesOf(JSON.parse(await readFile('package-lock.json', 'utf8'))).map(({ license }) => license);
 */
export function dependenciesOf(lock: Lock): readonly Dependency[] {
  const found = new Map<string, Dependency>();
  const visit = (folder: string, through: readonly string[]): void => {
    const from = lock.packages[folder];
    const needed = { ...from?.peerDependencies, ...from?.optionalDependencies, ...from?.dependencies };
    for (const name of Object.keys(needed)) {
      const place = resolved(lock, folder, name);
      if (place === undefined || found.has(place)) continue;
      const { link = false, version = '', license } = lock.packages[place] ?? {};
      if (link) continue; // one of ours, visited by itself
      found.set(place, { name, version, license, through: [...through, name] });
      visit(place, [...through, name]);
    }
  };
  for (const folder of Object.keys(lock.packages)) {
    if (folder.startsWith('packages/') && !folder.includes('node_modules')) visit(folder, [folder]);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Where Node finds a package, from a folder upwards. */
function resolved({ packages }: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const place = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[place] !== undefined) return place;
    if (folder === '') return undefined;
  }
}
