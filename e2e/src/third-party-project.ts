/** A third party's package outside the workspace, and a user of it: both on nothing but packed tarballs. */
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyFolder, execute, install, pack, packFolder, root, succeed, type CommandResult } from './packed.ts';

const sources = fileURLToPath(new URL('../third-party/', import.meta.url));

/** The packages that a third party installs, and what comes with them. */
const named = ['@node-ode/core', '@node-ode/testkit'] as const;
const brought = ['@node-ode/backend-reference'] as const;

/** Tools that the workspace has already: linked, so that nothing is downloaded twice. */
const tools = ['vitest', 'typescript', '@types/node'] as const;

/** A folder outside the repository with the third party's sources and the packed packages installed. */
export interface ThirdPartyProject {
  readonly folder: string;
  /** Runs a tool that the project has, from its own folder. */
  run(tool: 'vitest' | 'tsc', ...args: readonly string[]): Promise<CommandResult>;
  /** Builds and packs the third party's package, and installs it in another folder, whose path it gives. */
  publish(): Promise<string>;
  remove(): Promise<void>;
}

const entryPoints = { vitest: 'vitest/vitest.mjs', tsc: 'typescript/bin/tsc' } as const;

/** Packs the packages as they are built, and installs the tarballs in a new folder. */
export async function thirdPartyProject(): Promise<ThirdPartyProject> {
  const { folder: parent, remove } = await emptyFolder('third-party');
  const [folder, user, packs] = [join(parent, 'author'), join(parent, 'user'), join(parent, 'tarballs')];
  const tarballs = await pack([...named, ...brought], packs);
  // Its peers, core and vitest, are there: npm need not look for them.
  await install(folder, named, tarballs, { flags: ['--offline', '--legacy-peer-deps'] });
  await cp(sources, folder, { recursive: true });
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig, null, 2));
  await writeFile(join(folder, 'tsconfig.build.json'), JSON.stringify(buildConfig, null, 2));
  for (const tool of tools) {
    const link = join(folder, 'node_modules', tool);
    await mkdir(join(link, '..'), { recursive: true });
    await symlink(join(root, 'node_modules', tool), link, 'dir');
  }
  const entry = (tool: 'vitest' | 'tsc'): string => join(folder, 'node_modules', entryPoints[tool]);
  return {
    folder,
    run: (tool, ...args) => execute(process.execPath, [entry(tool), ...args], folder),
    publish: async () => {
      await succeed(process.execPath, [entry('tsc'), '-p', 'tsconfig.build.json'], folder);
      const theirs = new Map([...tarballs, [thirdParty, await packFolder(folder, packs)]]);
      await install(user, ['@node-ode/core', thirdParty], theirs, { flags: ['--offline'] });
      return user;
    },
    remove,
  };
}

/** The name of the third party's package. */
export const thirdParty = 'third-party-plugins';

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

const buildConfig = {
  extends: './tsconfig.json',
  compilerOptions: {
    noEmit: false,
    declaration: true,
    outDir: 'dist',
    rootDir: '.',
    allowImportingTsExtensions: false,
    rewriteRelativeImportExtensions: true,
  },
  exclude: ['*.test.ts', 'dist', 'node_modules'],
};
