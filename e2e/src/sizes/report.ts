/** The tables of docs/sizes.md. */
import type { BundleSize } from './bundles.ts';
import type { Subset } from './subsets.ts';

/** A set of packages, installed. */
export interface InstallSize {
  readonly subset: Subset;
  readonly packages: readonly string[];
  readonly bytes: number;
  /** Bytes of this library's tarballs among them, as they are downloaded. */
  readonly packed: number;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;
const kilobytes = (bytes: number): string => `${(bytes / 1e3).toFixed(1)} kB`;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
/** Columns of words are aligned to the left, those of numbers to the right. */
const words = ['set', 'comes along', 'bundle'];
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map((name) => (words.includes(name) ? '---' : '---:'))), ...rows.map(row)].join('\n');

const asked = (name: string): string => `\`${name.replace('@node-ode/', '')}\``;

/** What is asked for, and what else comes. */
const contents = ({ subset, packages }: InstallSize): string => {
  const others = Object.keys(subset.others ?? {});
  const brought = packages.filter((name) => !subset.packages.includes(name) && !others.includes(name));
  return brought.length <= 8 ? brought.map(asked).join(', ') || 'nothing' : `${brought.length} packages`;
};

/** The whole page. */
export const sizesPage = (installs: readonly InstallSize[], bundles: readonly BundleSize[]): string =>
  `# Sizes

Written by \`npm run size -- --docs\`, which packs every package, installs these sets in empty folders, and bundles for a page.
\`npm run size\` fails where one is above its budget, or where a package comes along that is not expected.

## Installed

Tarballs are of this library alone; node_modules is all files in it, type declarations and source maps included.

${table(
  ['set', 'packages', 'comes along', 'tarballs', 'node_modules', 'budget'],
  installs.map((install) => [
    install.subset.name,
    String(install.packages.length),
    contents(install),
    kilobytes(install.packed),
    megabytes(install.bytes),
    megabytes(install.subset.budget),
  ]),
)}

The tests hold the first three to their lists, and run the examples of the READMEs there.

## In a page

Bundled and minified by esbuild, gzipped, as size-limit measures it. The budgets are in \`.size-limit.mjs\`.

${table(
  ['bundle', 'gzip', 'budget'],
  bundles.map(({ name, size, sizeLimit }) => [name, kilobytes(size), kilobytes(sizeLimit)]),
)}
`;

/** What is wrong, a line each. */
export const complaints = (
  installs: readonly (InstallSize & { readonly expected: readonly string[] })[],
  bundles: readonly BundleSize[],
): readonly string[] => [
  ...installs.flatMap(({ subset: { name, budget }, packages, expected, bytes }) => [
    ...packages.filter((p) => !expected.includes(p)).map((p) => `${name}: ${p} came along`),
    ...expected.filter((p) => !packages.includes(p)).map((p) => `${name}: ${p} is missing`),
    ...(bytes > budget ? [`${name}: node_modules has ${megabytes(bytes)}; at most ${megabytes(budget)}`] : []),
  ]),
  ...bundles
    .filter(({ passed }) => !passed)
    .map(({ name, size, sizeLimit }) => `bundle ${name}: ${kilobytes(size)}; at most ${kilobytes(sizeLimit)}`),
];
