/** Packages as npm would publish them, and empty folders with some of them installed. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a command did. */
export interface CommandResult {
  readonly code: number;
  readonly output: string;
}

/** The workspace. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs a program; resolves whatever its exit code. */
export function execute(command: string, args: readonly string[], cwd = root): Promise<CommandResult> {
  return new Promise((resolve) => {
    const options = { cwd, maxBuffer: 64 * 2 ** 20, env: { ...process.env, NODE_OPTIONS: '', CI: '1', VITEST: '' } };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

/** @throws Error with the output of a program that failed. */
export async function succeed(command: string, args: readonly string[], cwd = root): Promise<string> {
  const { code, output } = await execute(command, args, cwd);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${code}:\n${output}`);
  return output;
}

/** Builds TypeScript projects of the workspace with what they reference. */
export const build = (...projects: readonly string[]): Promise<string> =>
  succeed(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-b',
    ...projects.map((project) => join(root, project)),
  ]);

/** Tarballs by the names of their packages. */
export type Tarballs = ReadonlyMap<string, string>;

/** Packs packages of the workspace, as they are built, into a folder. */
export async function pack(names: readonly string[], destination: string): Promise<Tarballs> {
  const workspaces = names.flatMap((name) => ['--workspace', name]);
  return packed(await packedBy(root, destination, ...workspaces), destination);
}

/** Packs the package in a folder; the tarball's path. */
export async function packFolder(folder: string, destination: string): Promise<string> {
  const [tarball] = packed(await packedBy(folder, destination), destination).values();
  if (tarball === undefined) throw new Error(`npm pack in ${folder} made nothing`);
  return tarball;
}

async function packedBy(folder: string, destination: string, ...more: readonly string[]): Promise<string> {
  await mkdir(destination, { recursive: true });
  return succeed('npm', ['pack', '--json', '--silent', '--pack-destination', destination, ...more], folder);
}

function packed(output: string, destination: string): Tarballs {
  const list = JSON.parse(output.slice(output.indexOf('['), output.lastIndexOf(']') + 1)) as readonly {
    readonly name: string;
    readonly filename: string;
  }[];
  return new Map(list.map(({ name, filename }) => [name, join(destination, filename)]));
}

/** A new folder outside of the repository. */
export async function emptyFolder(
  name: string,
): Promise<{ readonly folder: string; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), `node-ode-${name}-`));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** How packages are installed. */
export interface InstallOptions {
  /** Packages of the registry by name, with their versions. */
  readonly others?: Readonly<Record<string, string>>;
  /** For npm: `--legacy-peer-deps`, say. */
  readonly flags?: readonly string[];
}

/**
 * Installs packages by their tarballs in a folder. What they depend on is taken from the tarballs too: nothing needs to be published.
 */
export async function install(
  folder: string,
  names: readonly string[],
  tarballs: Tarballs,
  { others = {}, flags = [] }: InstallOptions = {},
): Promise<void> {
  const file = (name: string): string => {
    const tarball = tarballs.get(name);
    if (tarball === undefined) throw new Error(`${name} was not packed`);
    return `file:${tarball}`;
  };
  const brought = [...tarballs.keys()].filter((name) => !names.includes(name));
  const manifest = {
    name: 'project',
    private: true,
    type: 'module',
    dependencies: { ...Object.fromEntries(names.map((name) => [name, file(name)])), ...others },
    overrides: Object.fromEntries(brought.map((name) => [name, file(name)])),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  await succeed(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', ...flags],
    folder,
  );
}

/** Names of all packages that npm installed in a folder, those inside of others too. */
export async function installedPackages(folder: string): Promise<readonly string[]> {
  const { packages } = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, unknown>>;
  };
  return Object.keys(packages)
    .map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
    .sort();
}
