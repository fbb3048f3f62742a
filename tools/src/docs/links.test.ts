/** Links between pages of the repository lead somewhere, and the commands that pages name are there. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import { anchorsOf, commandsOf, linksOf, type Command } from './links.ts';
import { entryPoints } from './packages.ts';
import { pages } from './pages.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (page: string): string => readFileSync(join(root, page), 'utf8');
const all = globSync(['*.md', 'docs/**/*.md', 'packages/**/*.md', 'e2e/**/*.md', 'tools/**/*.md', 'results/**/*.md'], {
  cwd: root,
  ignore: ['**/node_modules/**', '**/dist/**', '**/CHANGELOG.md'],
}).sort();

/** What a link of a page misses. */
function missing(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), decodeURIComponent(path));
  if (!existsSync(join(root, target))) return `${link}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  return anchorsOf(read(target)).includes(anchor) ? undefined : `${link}: no heading of that name`;
}

/** Scripts of the workspace, and of the package that a page belongs to. */
function scriptsFor(page: string): Readonly<Record<string, string>> {
  const own = join(dirname(page), 'package.json');
  return Object.assign({}, ...['package.json', own].filter((file) => existsSync(join(root, file))).map(scriptsIn));
}

const scriptsIn = (file: string): Readonly<Record<string, string>> =>
  (JSON.parse(read(file)) as { readonly scripts?: Readonly<Record<string, string>> }).scripts ?? {};

/** The sources of a program that `tools/run.mjs` builds and starts. */
const sourcesOf = (command: string): string | undefined => {
  const [, folder] = /run\.mjs \S+ (\S+)\/dist\//.exec(command) ?? [];
  if (folder === undefined) return undefined;
  return globSync(`${folder}/src/**/*.ts`, { cwd: root }).map(read).join('\n');
};

const camel = (option: string): string => option.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** What is wrong with `npm run script -- --options`. */
function mistakes(page: string, { script, options }: Command): readonly string[] {
  const command = scriptsFor(page)[script];
  if (command === undefined) return [`npm run ${script}`];
  const sources = sourcesOf(command);
  if (sources === undefined) return [];
  const known = (option: string): boolean =>
    new RegExp(`--${option}\\b|\\b${camel(option)}\\b|'${option}'`).test(sources);
  return options.filter((option) => !known(option)).map((option) => `npm run ${script} -- --${option}`);
}

describe('pages', () => {
  it('are found', () => expect(all.length).toBeGreaterThan(50));

  it.each(all)('%s has links that lead somewhere', (page) => {
    expect(linksOf(read(page)).flatMap((link) => missing(page, link) ?? [])).toEqual([]);
  });

  it('name scripts that are there, with options that these know', () => {
    const unknown = all.flatMap((page) =>
      commandsOf(read(page)).flatMap((command) => mistakes(page, command).map((mistake) => `${page}: ${mistake}`)),
    );
    expect(unknown).toEqual([]);
  });

  it('of the guide are in the site', () => {
    const guide = all.filter((page) => page.startsWith('docs/'));
    expect(pages).toEqual(expect.arrayContaining(guide));
  });
});

describe('the site', () => {
  it('has every public package', () => {
    const names = entryPoints(root).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['@node-ode/core', '@node-ode/viz/node', '@node-ode/solver-dopri5']));
    expect(names).not.toContain('@node-ode/experiments');
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('what is read in a page', () => {
  const page =
    '# One `two`: three\n\n[a](b.md#c) ![d](e.png) [f](https://g) `[h](i)`\n\n```sh\nnpm run docs -- --serve\n[j](k)\n```\n';

  it('are links outside of code, to places in the repository', () =>
    expect(linksOf(page)).toEqual(['b.md#c', 'e.png']));
  it('are headings as GitHub anchors them', () => expect(anchorsOf(page)).toEqual(['one-two-three']));
  it('are commands', () => expect(commandsOf(page)).toEqual([{ script: 'docs', options: ['serve'] }]));
});
