/** Every `ts` block of every README and page of documentation is a program that runs. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { globSync } from 'tinyglobby';
import { afterAll, describe, expect, it, vi } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'tools', '.readme');
const pages = globSync(['README.md', 'docs/*.md', 'docs/guide/*.md', 'packages/**/README.md', 'e2e/README.md'], {
  cwd: root,
  ignore: '**/node_modules/**',
}).sort();

const blocksOf = (page: string): readonly string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '');

mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('finds the pages', () => expect(pages).toContain('README.md'));

const fileOf = (page: string, i: number, code: string): string => {
  const file = join(folder, `${page.replace(/\W+/g, '-')}-${i}.ts`);
  writeFileSync(file, code);
  return file;
};

/** A block that declares tests itself, as the testkit's suites do. */
const isSuite = (code: string): boolean => code.includes("from '@node-ode/testkit'") && /\btest[A-Z]\w*\(/.test(code);

describe.each(pages.map((page) => ({ page, blocks: blocksOf(page) })).filter(({ blocks }) => blocks.length > 0))(
  '$page',
  async ({ page, blocks }) => {
    for (const [i, code] of blocks.entries()) {
      if (isSuite(code)) await import(/* @vite-ignore */ fileOf(page, i, code));
      else {
        it(`block ${i} runs`, async () => {
          const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
          await import(/* @vite-ignore */ fileOf(page, i, code)).finally(() => log.mockRestore());
        });
      }
    }
  },
);
