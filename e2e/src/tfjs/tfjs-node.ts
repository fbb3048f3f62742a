/** Where `@tensorflow/tfjs-node` is. No package here depends on it: what its installer downloads is on a host that may not be reached. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The CPU's build, and the one for CUDA. */
export type TfjsNodeBuild = 'tfjs-node' | 'tfjs-node-gpu';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The version that is installed and tested. */
export const tfjsNodeVersion = '4.22.0';

/** An installation that can be loaded. */
export interface TfjsNode {
  /** The package, as it is imported. */
  readonly package: `@tensorflow/${TfjsNodeBuild}`;
  /** A folder from which it resolves. */
  readonly folder: string;
}

/** Why there is none. */
export interface NoTfjsNode {
  readonly reason: string;
}

/** The environment variable that names a folder with the build in its `node_modules`. */
export const folderVariable = (build: TfjsNodeBuild): string => `NODE_ODE_${build.toUpperCase().replaceAll('-', '_')}`;

/** The folder that `npm run tfjs-node` fills: the user's, so that every clone of the workspace has it. */
export function ownFolder(build: TfjsNodeBuild, env: NodeJS.ProcessEnv = process.env): string {
  const named = env[folderVariable(build)] ?? '';
  if (named !== '') return resolve(named);
  const cache = env['XDG_CACHE_HOME'] ?? '';
  return join(cache === '' ? join(homedir(), '.cache') : cache, 'node-ode', `${build}-${tfjsNodeVersion}`);
}

/** The installation that a folder resolves to, if its addon is there: npm leaves the package without one if its installer failed. */
export function tfjsNodeIn(folder: string, build: TfjsNodeBuild): TfjsNode | undefined {
  const name = `@tensorflow/${build}` as const;
  try {
    const manifest = createRequire(join(folder, 'package.json')).resolve(`${name}/package.json`);
    return hasAddon(dirname(manifest)) ? { package: name, folder } : undefined;
  } catch {
    return undefined;
  }
}

function hasAddon(packageFolder: string): boolean {
  const lib = join(packageFolder, 'lib');
  return existsSync(lib) && readdirSync(lib).some((api) => existsSync(join(lib, api, 'tfjs_binding.node')));
}

/** The workspace's own, or the one in the user's folder. */
export function findTfjsNode(
  build: TfjsNodeBuild,
  folders: readonly string[] = [here, ownFolder(build)],
): TfjsNode | NoTfjsNode {
  for (const folder of folders) {
    const found = tfjsNodeIn(folder, build);
    if (found !== undefined) return found;
  }
  const command = `npm run tfjs-node${build === 'tfjs-node-gpu' ? ' -- --gpu' : ''}`;
  return { reason: `package @tensorflow/${build} is not installed: \`${command}\` installs it beside the workspace` };
}

/** The version of an installation. */
export function versionOf({ package: name, folder }: TfjsNode): string {
  const manifest = createRequire(join(folder, 'package.json'))(`${name}/package.json`) as { readonly version: string };
  return manifest.version;
}
