/** A program of its own for tests that end processes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, defaultServerConditions } from 'vite';

/** Bundles a program, which may import this package's sources, as `out/program.js` in a folder, which is made. */
export async function buildProgram(place: string, program: string): Promise<void> {
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'program.ts'), program);
  await build({
    root: join(import.meta.dirname, '..'),
    logLevel: 'error',
    configFile: false,
    ssr: { resolve: { conditions: ['@node-ode/source', ...defaultServerConditions] }, noExternal: [/^@node-ode\//] },
    build: { ssr: join(place, 'program.ts'), outDir: join(place, 'out'), target: 'node20' },
  });
}
