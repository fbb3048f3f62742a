/** A copy of the workspace outside of it, as small as generated packages need, for the tests of the generators. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Packages that generated ones import, by folder; wasm for their READMEs. */
const packages = {
  core: 'packages/core',
  'backend-reference': 'packages/backends/reference',
  'backend-wasm': 'packages/backends/wasm',
  'solver-dopri5': 'packages/solvers/dopri5',
  'gradient-backprop': 'packages/gradients/backprop',
  datasets: 'packages/datasets',
  testkit: 'packages/testkit',
  tools: 'tools',
} as const;

const rootFiles = [
  'LICENSE',
  'eslint.config.js',
  'nx.json',
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
  'tsconfig.json',
  'tsconfig.lib.base.json',
  'tsconfig.spec.base.json',
  'vitest.shared.ts',
  '.prettierrc',
  '.prettierignore',
];

const parts = ['package.json', 'tsconfig.json', 'tsconfig.lib.json', 'tsconfig.spec.json', 'src', 'dist'];
const toolParts = ['package.json', 'generators.json', 'generators'];

/** What a program did. */
export interface ProgramResult {
  readonly code: number;
  readonly output: string;
}

/** A workspace in a folder of its own. */
export interface GeneratedWorkspace {
  readonly folder: string;
  /** Runs a file of an installed package in the workspace. */
  run(entry: string, ...args: readonly string[]): Promise<ProgramResult>;
  /** Makes a package known by its name, as `npm install` does. */
  link(name: string, path: string): Promise<void>;
  remove(): Promise<void>;
}

/** Copies sources and builds; everything that is installed is linked. */
export async function generatedWorkspace(): Promise<GeneratedWorkspace> {
  const folder = await mkdtemp(join(tmpdir(), 'node-ode-generated-'));
  const link = async (name: string, path: string): Promise<void> => {
    const place = join(folder, 'node_modules', name);
    await mkdir(dirname(place), { recursive: true });
    await symlink(path, place, 'dir');
  };
  const copy = (path: string): Promise<void> =>
    cp(join(root, path), join(folder, path), { recursive: true, preserveTimestamps: true, force: false }).catch(
      (error: unknown) => {
        // What was not built yet has no dist: tsc builds it there.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      },
    );
  await Promise.all(rootFiles.map(copy));
  for (const [name, path] of Object.entries(packages)) {
    await Promise.all((name === 'tools' ? toolParts : parts).map((part) => copy(join(path, part))));
    await link(`@node-ode/${name}`, join(folder, path));
  }
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (!name.startsWith('.') && name !== '@node-ode') await link(name, join(root, 'node_modules', name));
  }
  await writeFile(
    join(folder, 'vitest.config.ts'),
    "export default { test: { projects: ['packages/*/*/vitest.config.ts'] } };\n",
  );
  return {
    folder,
    link: (name, path) => link(name, join(folder, path)),
    run: (entry, ...args) => execute([join(folder, 'node_modules', entry), ...args], folder),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function execute(args: readonly string[], cwd: string): Promise<ProgramResult> {
  // A program of its own: neither vitest's child nor one that keeps a daemon or a terminal busy.
  const env = { ...process.env, NODE_OPTIONS: '', VITEST: '', NO_COLOR: '1', NX_DAEMON: 'false', CI: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, [...args], { cwd, env, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}
