/** Bundles a page's script. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { servedModules } from './served-files.ts';

// What runs in the page is what runs here: built packages under `npm run e2e`, sources under vitest.
const isSource = import.meta.url.endsWith('.ts');

/** The runner's page. */
export const pageEntry = fileURLToPath(new URL(isSource ? './page.ts' : './page.js', import.meta.url));

/**
 * One JavaScript module with all that an entry point imports, but for the packages that the page is served. Imports by a
 * computed name are left to the browser.
 *
 * @throws Error naming the import and the file if something only works in Node.
 */
export async function bundleForBrowser(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    external: Object.keys(servedModules),
    conditions: isSource ? ['@node-ode/source'] : [],
    write: false,
    logLevel: 'silent', // what goes wrong is in the error
  });
  return outputFiles.map(({ text }) => text).join('\n');
}
