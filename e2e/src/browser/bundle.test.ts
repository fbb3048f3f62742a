// The bundle: whole, of the runner's own page, and of nothing that only Node has.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleForBrowser, pageEntry } from './bundle.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-bundle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const bundleOf = async (source: string): Promise<string> => {
  const entry = join(folder, 'entry.ts');
  await writeFile(entry, source);
  return bundleForBrowser(entry);
};

describe("the page's bundle", () => {
  it('imports nothing', async () => {
    const script = await bundleForBrowser(pageEntry);
    expect(script).toContain('globalThis.e2ePage');
    expect(script).not.toMatch(/^import /m);
    expect(script).not.toMatch(/\b(import|require)\(["']/);
  });

  it('is refused, with the import and the file, if something needs Node', async () => {
    await expect(bundleOf(`import { readFileSync } from 'node:fs';\nconsole.log(readFileSync);`)).rejects.toThrow(
      /entry\.ts:1.*Could not resolve "node:fs"/,
    );
  });

  it('leaves a package that may be missing to the browser', async () => {
    expect(await bundleOf(`const name: string = '@node-ode/none';\nawait import(name);`)).toContain('import(name)');
  });
});
