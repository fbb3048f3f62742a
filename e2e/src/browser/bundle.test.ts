// The bundle: whole, of the runner's own page, and of nothing that only Node has.
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleForBrowser, pageEntry } from './bundle.ts';
import { packageFile, servedModules } from './served-files.ts';

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
  it('imports nothing but what the page is served', async () => {
    const script = await bundleForBrowser(pageEntry);
    expect(script).toContain('globalThis.e2ePage');
    expect(script).not.toMatch(/^import /m);
    // tfjs's WebAssembly has the text of a worker, which asks for these where it runs in Node.
    const required = [...script.matchAll(/\brequire\("([^"]*)/g)].map(([, name]) => name);
    expect(required).toEqual(['worker_threads', 'fs']);
    // esbuild writes double quotes: others are in the texts of errors.
    const imported = new Set([...script.matchAll(/\bimport\("([^"]*)/g)].map(([, name]) => name));
    expect([...imported].toSorted()).toEqual(Object.keys(servedModules).toSorted());
    for (const path of Object.values(servedModules)) {
      expect(packageFile(path)).toMatchObject({ contentType: 'text/javascript' });
    }
  });

  it('is beside the files that a package loads, and no others', async () => {
    for (const [path, contentType] of [
      ['/onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm', 'application/wasm'],
      ['/onnxruntime-web/ort.bundle.min.mjs', 'text/javascript'],
    ] as const) {
      const served = packageFile(path);
      expect(served?.contentType).toBe(contentType);
      await expect(access((served as { readonly path: string }).path)).resolves.toBeUndefined();
    }
    for (const path of ['/onnxruntime-web/../package.json', '/onnxruntime-web/deep/a.mjs', '/package.json', '/']) {
      expect(packageFile(path)).toBeUndefined();
    }
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
