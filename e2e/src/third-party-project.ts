/** A project outside the workspace, on nothing but packed tarballs: what a third party would have. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a command did. */
export interface CommandResult {
  readonly code: number;
  readonly output: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const sources = fileURLToPath(new URL('../third-party/', import.meta.url));

/** The packages that a third party installs, and what comes with them. */
const named = ['@node-ode/core', '@node-ode/testkit'] as const;
const brought = ['@node-ode/backend-reference'] as const;

/** Tools that the workspace has already: linked, so that nothing is downloaded twice. */
const tools = ['vitest', 'typescript', '@types/node'] as const;

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
async function succeed(command: string, args: readonly string[], cwd = root): Promise<string> {
  const { code, output } = await execute(command, args, cwd);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${code}:\n${output}`);
  return output;
}

/** Builds a TypeScript project of the workspace with what it references. */
export const build = (project: string): Promise<string> =>
  succeed(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, project)]);

/** A folder outside the repository with the third party's sources and the packed packages installed. */
export interface ThirdPartyProject {
  readonly folder: string;
  /** Runs a tool that the project has, from its own folder. */
  run(tool: 'vitest' | 'tsc', ...args: readonly string[]): Promise<CommandResult>;
  remove(): Promise<void>;
}

const entryPoints = { vitest: 'vitest/vitest.mjs', tsc: 'typescript/bin/tsc' } as const;

/** Packs the packages as they are built, and installs the tarballs in a new folder. */
export async function thirdPartyProject(): Promise<ThirdPartyProject> {
  const folder = await mkdtemp(join(tmpdir(), 'node-ode-third-party-'));
  const tarballs = await pack(join(folder, 'tarballs'));
  const of = (name: string): string => `file:${tarballs.get(name) ?? ''}`;
  await cp(sources, folder, { recursive: true });
  const manifest = {
    name: 'third-party-solvers',
    private: true,
    type: 'module',
    dependencies: Object.fromEntries(named.map((name) => [name, of(name)])),
    // Nothing is published yet: what testkit depends on comes from a tarball too.
    overrides: Object.fromEntries(brought.map((name) => [name, of(name)])),
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig, null, 2));
  // Its peers, core and vitest, are there: npm need not look for them.
  await succeed(
    'npm',
    ['install', '--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', '--ignore-scripts'],
    folder,
  );
  for (const tool of tools) {
    const link = join(folder, 'node_modules', tool);
    await mkdir(join(link, '..'), { recursive: true });
    await symlink(join(root, 'node_modules', tool), link, 'dir');
  }
  return {
    folder,
    run: (tool, ...args) =>
      execute(process.execPath, [join(folder, 'node_modules', entryPoints[tool]), ...args], folder),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const tsconfig = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023', 'dom'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    types: ['node'],
  },
  include: ['*.ts'],
};

/** Packs the packages; the path of each tarball by the package's name. */
async function pack(destination: string): Promise<ReadonlyMap<string, string>> {
  await mkdir(destination);
  const workspaces = [...named, ...brought].flatMap((name) => ['--workspace', name]);
  const output = await succeed('npm', ['pack', '--json', '--silent', '--pack-destination', destination, ...workspaces]);
  const packed = JSON.parse(output.slice(output.indexOf('['), output.lastIndexOf(']') + 1)) as readonly {
    readonly name: string;
    readonly filename: string;
  }[];
  return new Map(packed.map(({ name, filename }) => [name, join(destination, filename)]));
}
