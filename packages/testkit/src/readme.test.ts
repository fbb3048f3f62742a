// The suites in the README's examples are declared here, as they would be in an author's own test file, and pass.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
// `ts` blocks are run with those of every other README; suites must be declared while a test file is collected.
const examples = [...readme.matchAll(/^```typescript\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '');

const folder = fileURLToPath(new URL('../.readme/', import.meta.url));
mkdirSync(folder, { recursive: true });
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('finds the examples', () => {
  expect(examples.length).toBe(2);
});

for (const [i, code] of examples.entries()) {
  const file = `${folder}${i}.ts`;
  writeFileSync(file, code);
  describe(`example ${i + 1}`, async () => {
    await import(/* @vite-ignore */ file);
  });
}
