/** The public packages of the workspace and what they export. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { globSync } from 'tinyglobby';

/** A module that can be imported: a package, or an entry of it. */
export interface EntryPoint {
  /** What is imported: `@node-ode/viz/node`. */
  readonly name: string;
  /** Its source. */
  readonly file: string;
  /** The folder of its package. */
  readonly folder: string;
  /** Whether it is the package's main entry. */
  readonly isMain: boolean;
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string | { readonly '@node-ode/source'?: string }>>;
}

/** Every entry of every public package below `root`, by name. */
export function entryPoints(root: string): readonly EntryPoint[] {
  return globSync('packages/**/package.json', { cwd: root, ignore: ['**/node_modules/**', '**/dist/**', '**/src/**'] })
    .flatMap((path) => entriesOf(join(root, dirname(path))))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function entriesOf(folder: string): readonly EntryPoint[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  if (manifest.private === true) return [];
  return Object.entries(manifest.exports ?? {}).flatMap(([key, target]) => {
    const source = typeof target === 'string' ? undefined : target['@node-ode/source'];
    const file = join(folder, source ?? '');
    if (source === undefined || !existsSync(file)) return [];
    return [{ name: join(manifest.name, key), file, folder, isMain: key === '.' }];
  });
}
