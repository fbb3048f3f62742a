/** `npm run size`: sets of packages in empty folders and bundles for a page, held to their budgets. */
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NodeOdeError, OptionError } from '@node-ode/core';
import { parseOptions } from '@node-ode/scripts';
import { format, resolveConfig } from 'prettier';
import { build, emptyFolder, pack, root, succeed, type Tarballs } from '../packed.ts';
import { bundleSizes } from './bundles.ts';
import { expectedPackages, installSubset } from './install.ts';
import { complaints, sizesPage, type InstallSize } from './report.ts';
import { subsets, type Subset } from './subsets.ts';

/** A package of the workspace. */
interface Workspace {
  readonly name: string;
  readonly location: string;
  readonly private?: boolean;
}

async function publicPackages(): Promise<readonly Workspace[]> {
  const output = await succeed('npm', ['query', '.workspace']);
  const all = JSON.parse(output.slice(output.indexOf('['), output.lastIndexOf(']') + 1)) as readonly Workspace[];
  return all.filter((workspace) => workspace.private !== true);
}

async function measure(subset: Subset, tarballs: Tarballs, folder: string) {
  const { packages, bytes } = await installSubset(subset, tarballs, folder);
  const files = packages.flatMap((name) => tarballs.get(name) ?? []);
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const packed = sizes.reduce((sum, size) => sum + size, 0);
  return { subset, packages, bytes, packed, expected: expectedPackages(subset) };
}

const help = `npm run size [-- --docs]

Packs every package, installs sets of them in empty folders, and bundles some for a page. Ends with 1 where something is
above its budget, or a package comes along that is not expected.

  --docs   writes the tables into docs/sizes.md
  --help   prints this
`;

const options = {
  docs: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

async function main(): Promise<void> {
  const { docs, help: asked } = parseOptions('npm run size', process.argv.slice(2), options);
  if (asked) {
    console.log(help);
    return;
  }
  console.error('Building and packing …');
  const packages = await publicPackages();
  await build(...packages.map(({ location }) => `${location}/tsconfig.lib.json`));
  const { folder, remove } = await emptyFolder('sizes');
  try {
    const names = packages.map(({ name }) => name);
    const tarballs = await pack(names, join(folder, 'tarballs'));
    const installs: (InstallSize & { readonly expected: readonly string[] })[] = [];
    for (const [i, subset] of subsets.entries()) {
      console.error(`Installing ${subset.name} …`);
      installs.push(await measure(subset, tarballs, join(folder, String(i))));
    }
    console.error('Bundling …');
    const bundles = await bundleSizes();
    const file = join(root, 'docs/sizes.md');
    const page = await format(sizesPage(installs, bundles), { ...(await resolveConfig(file)), parser: 'markdown' });
    if (docs) await writeFile(file, page);
    console.log(page);
    const wrong = complaints(installs, bundles);
    for (const line of wrong) console.error(line);
    if (wrong.length > 0) process.exitCode = 1;
  } finally {
    await remove();
  }
}

await main().catch((error: unknown) => {
  console.error(error instanceof NodeOdeError ? error.message : error);
  process.exitCode = error instanceof OptionError ? 2 : 1;
});
