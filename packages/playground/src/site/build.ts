/** Builds the page: a folder of static files. */
import { fileURLToPath } from 'node:url';
import { build, defaultClientConditions, type InlineConfig } from 'vite';

/** The package, whichever of source and build this is. */
const root = fileURLToPath(new URL('../..', import.meta.url));

/** What building and serving have in common. Addresses are relative, so that the folder can be served from anywhere. */
export const configOf = (outDir: string): InlineConfig => ({
  root,
  base: './',
  configFile: false,
  logLevel: 'warn',
  resolve: { conditions: ['@node-ode/source', ...defaultClientConditions] },
  worker: { format: 'es' },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    // ONNX Runtime's are loaded when they are asked for.
    chunkSizeWarningLimit: 2000,
    reportCompressedSize: false,
  },
});

/** Writes the page into a folder, which is emptied before. */
export async function buildSite(outDir: string): Promise<void> {
  await build(configOf(outDir));
}
