/** A set of packages in an empty folder: what is there, how large it is, and whether the READMEs' examples run. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { install, installedPackages, root, succeed, type Tarballs } from '../packed.ts';
import type { Subset } from './subsets.ts';

/** What was installed. */
export interface Installed {
  readonly folder: string;
  /** All of it, by name. */
  readonly packages: readonly string[];
  /** Bytes of all files in node_modules. */
  readonly bytes: number;
}

/** Installs a set in an empty folder. */
export async function installSubset(subset: Subset, tarballs: Tarballs, folder: string): Promise<Installed> {
  await install(folder, subset.packages, tarballs, { others: subset.others ?? {} });
  const packages = await installedPackages(folder);
  return { folder, packages, bytes: await sizeOf(join(folder, 'node_modules')) };
}

/** Names of all that a set should have installed. */
export const expectedPackages = ({ packages, others = {}, brings }: Subset): readonly string[] =>
  [...packages, ...Object.keys(others), ...brings].sort();

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** An example of a README: the page, and its program in JavaScript. */
interface Example {
  readonly page: string;
  readonly program: string;
}

/** What failed. */
export interface ExampleFailure {
  readonly page: string;
  readonly error: string;
}

/** Runs modules one after the other in one process, and writes what failed. */
const runner = `
import { writeFileSync } from 'node:fs';
const failures = [];
for (const file of process.argv.slice(2)) {
  try {
    await import('./' + file);
  } catch (error) {
    failures.push([file, String(error?.stack ?? error)]);
  }
}
writeFileSync('failures.json', JSON.stringify(failures));
`;

/**
 * Runs the program of a set and every example that needs no other packages: of the repository's README, and of the READMEs as
 * they came in the tarballs.
 *
 * @param about Only examples that import this package.
 * @returns How many ran, and what failed.
 */
export async function runExamples(
  subset: Subset,
  { folder, packages }: Pick<Installed, 'folder' | 'packages'>,
  about?: string,
): Promise<{ readonly ran: number; readonly failures: readonly ExampleFailure[] }> {
  const readmes = subset.packages.map((name) => join(folder, 'node_modules', name, 'README.md'));
  const found = await Promise.all([join(root, 'README.md'), ...readmes].map(examplesOf));
  const own = subset.program === undefined ? [] : [{ page: subset.name, program: subset.program }];
  const examples = [...own, ...found.flat()].filter(({ program }) => {
    const imported = importsOf(program);
    return imported.every((name) => packages.includes(name)) && (about === undefined || imported.includes(about));
  });
  const files = examples.map((_, i) => `example-${i}.mjs`);
  await Promise.all(examples.map(({ program }, i) => writeFile(join(folder, files[i] ?? ''), program)));
  await writeFile(join(folder, 'run-examples.mjs'), runner);
  await succeed(process.execPath, ['run-examples.mjs', ...files], folder);
  const failed = JSON.parse(await readFile(join(folder, 'failures.json'), 'utf8')) as readonly [string, string][];
  const failures = failed.map(([file, error]) => ({ page: examples[files.indexOf(file)]?.page ?? file, error }));
  return { ran: examples.length, failures };
}

async function examplesOf(page: string): Promise<readonly Example[]> {
  const blocks = [...(await readFile(page, 'utf8')).matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(
    (match) => match[1] ?? '',
  );
  const scripts = await Promise.all(blocks.map((block) => transform(block, { loader: 'ts', format: 'esm' })));
  return scripts.map(({ code }) => ({ page, program: code }));
}

/** Packages that a program imports. */
const importsOf = (program: string): readonly string[] =>
  [...program.matchAll(/from ["']([^"'.][^"']*)["']/g)]
    .map((match) => match[1] ?? '')
    .filter((specifier) => !specifier.startsWith('node:'))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
