/** The pages of the site beside the API, in the order in which they are read. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Pages by their path in the repository; those that are not there are left out. */
export const pages: readonly string[] = [
  'docs/guide/first-neural-ode.md',
  'docs/guide/solvers-and-tolerances.md',
  'docs/guide/gradients.md',
  'docs/guide/engines.md',
  'docs/guide/exporting.md',
  'docs/guide/command-line.md',
  'docs/guide/papers.md',
  'docs/guide/from-torchdiffeq.md',
  'docs/guide/from-diffrax.md',
  'docs/plugins.md',
  'docs/engines.md',
  'docs/accuracy.md',
  'docs/benchmarks.md',
  'docs/sizes.md',
  'docs/ARCHITECTURE.md',
  'docs/DEVELOPING.md',
];

/** The pages that are there. */
export const pagesOf = (root: string): readonly string[] => pages.filter((page) => existsSync(join(root, page)));

/** The first heading of a page. */
export const titleOf = (markdown: string): string | undefined => /^# +(.+)$/m.exec(markdown)?.[1];

/** The title of a page in the repository, its path if it has none. */
export const titleOfPage = (root: string, page: string): string =>
  titleOf(readFileSync(join(root, page), 'utf8')) ?? page;
