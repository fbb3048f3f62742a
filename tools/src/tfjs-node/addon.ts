/** The package of tfjs-node with its addon: by its own installer, or compiled against a library that is there. */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { tfjsNodeVersion, type TfjsNodeBuild } from '@node-ode/e2e/tfjs-node';
import { run } from './run.ts';

/** The package's folder in an installation. */
export const packageFolder = (folder: string, build: TfjsNodeBuild): string =>
  join(folder, 'node_modules', '@tensorflow', build);

/** Installs the package without its addon: what npm does as long as no script is run. npm checks what it downloads. */
export async function installPackage(folder: string, build: TfjsNodeBuild, signal?: AbortSignal): Promise<void> {
  await mkdir(folder, { recursive: true });
  const manifest = { name: `node-ode-${build}`, private: true };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const options = ['--ignore-scripts', '--save-exact', '--no-audit', '--no-fund', '--no-workspaces'];
  // npm that runs this tells its own folder and workspace by the environment.
  const env = { npm_config_local_prefix: folder, npm_config_workspaces: 'false' };
  await run('npm', ['install', ...options, `--prefix=${folder}`, `@tensorflow/${build}@${tfjsNodeVersion}`], {
    cwd: folder,
    env,
    signal,
  });
}

/** Node's headers lie beside its binary, or are downloaded by node-gyp. */
function headersOfNode(binary = process.execPath): Readonly<Record<string, string>> {
  const prefix = dirname(dirname(binary));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

const environment = (folder: string): Readonly<Record<string, string>> => ({
  ...headersOfNode(),
  PATH: [dirname(process.execPath), join(folder, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter),
});

/** Longest that the package's own installer may take: it waits for ever for a host that does not answer. */
const installerWithinMs = 600_000;

/** Runs the package's own installer, which downloads libtensorflow and the addon, and compiles it where there is none. */
export async function runInstaller(folder: string, build: TfjsNodeBuild, signal?: AbortSignal): Promise<void> {
  const limits = [AbortSignal.timeout(installerWithinMs), ...(signal === undefined ? [] : [signal])];
  const kind = build === 'tfjs-node-gpu' ? ['gpu'] : [];
  await run(process.execPath, ['scripts/install.js', ...kind], {
    cwd: packageFolder(folder, build),
    env: environment(folder),
    signal: AbortSignal.any(limits),
  });
}

/** Compiles the addon from the sources in its package, against what is in its `deps/`. */
export async function compileAddon(folder: string, build: TfjsNodeBuild, signal?: AbortSignal): Promise<void> {
  const cwd = packageFolder(folder, build);
  await rm(join(cwd, 'lib'), { recursive: true, force: true });
  await run('node-pre-gyp', ['install', '--build-from-source'], { cwd, env: environment(folder), signal });
  await rm(join(cwd, 'build'), { recursive: true, force: true });
}
