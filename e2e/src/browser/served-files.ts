/** What a page may load: its document, its script, and the files of packages that find their own beside them. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { tfjsWasmFolder } from './served-paths.ts';

/** An answer to a request of the page. */
export type Served =
  | { readonly contentType: string; readonly body: string | Buffer }
  | { readonly contentType: string; readonly path: string };

/** Packages that are not bundled, because they load WebAssembly by its address: where a module of each is served. */
export const servedModules = {
  'onnxruntime-web/webgpu': '/onnxruntime-web/ort.webgpu.bundle.min.mjs',
  'onnxruntime-web': '/onnxruntime-web/ort.bundle.min.mjs',
} as const;

const { resolve } = createRequire(import.meta.url);

/** Where the files of packages lie, by where a page finds them. */
const folders: Readonly<Record<string, string>> = {
  '/onnxruntime-web/': dirname(resolve('onnxruntime-web/webgpu')),
  [tfjsWasmFolder]: dirname(resolve('@tensorflow/tfjs-backend-wasm')),
};

const contentTypes: Readonly<Record<string, string>> = { mjs: 'text/javascript', wasm: 'application/wasm' };

/** A page without content; `script` is its entry point, if it has one. */
export const documentOf = (script?: string): Served => ({
  contentType: 'text/html',
  body: `<!doctype html>
<meta charset="utf-8">
<title>@node-ode/e2e</title>
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports: servedModules })}</script>
${script === undefined ? '' : `<script type="module" src="${script}"></script>`}`,
});

/** A file of a package that is served, by its path in the page; undefined if there is none. */
export function packageFile(path: string): Served | undefined {
  const [, folder = '', file = '', extension = ''] = /^(\/[\w-]+\/)([\w.-]+\.(\w+))$/.exec(path) ?? [];
  const [source, contentType] = [folders[folder], contentTypes[extension]];
  return source === undefined || contentType === undefined ? undefined : { contentType, path: join(source, file) };
}

/** Headers of a page that may share memory with its workers. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

/**
 * Opens an address at which a page has these files, by their paths, and those of the packages that are served. http from a
 * local host is what engines run in: a secure context, without a content policy unless `headers`, which all answers have, say so.
 */
export async function openServed(
  page: Page,
  files: Readonly<Record<string, Served>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const address = 'http://localhost/';
  // Nothing listens there: the browser is answered before it connects.
  await page.route('**/*', (route) => {
    const { href, origin, pathname } = new URL(route.request().url());
    const isOurs = `${origin}/` === address && href === `${origin}${pathname}`;
    const file = isOurs ? (files[pathname] ?? packageFile(pathname)) : undefined;
    return route.fulfill(file === undefined ? { status: 404 } : { ...file, headers });
  });
  await page.goto(address);
}
