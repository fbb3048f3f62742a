import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Every module that the entry imports, and what they import besides. */
function walk(url: URL, seen = new Map<string, string[]>()): Map<string, string[]> {
  if (seen.has(url.href)) return seen;
  const code = readFileSync(url, 'utf8');
  const imports = [...code.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map((match) => match[1] ?? '');
  seen.set(
    url.href,
    imports.filter((name) => !name.startsWith('.')),
  );
  for (const name of imports) if (name.startsWith('.') && name.endsWith('.ts')) walk(new URL(name, url), seen);
  return seen;
}

it('the main entry needs nothing of Node; the other one does', () => {
  const main = walk(new URL('./index.ts', import.meta.url));
  expect(main.size).toBeGreaterThan(20);
  expect([...new Set([...main.values()].flat())].sort()).toEqual(['@node-ode/core', 'papaparse']);
  // word for word, so that a global of Node's is seen too
  for (const url of main.keys())
    expect(readFileSync(new URL(url), 'utf8')).not.toMatch(/\b(Buffer|process|require)\b[.(]/);
  expect([...walk(new URL('./node/index.ts', import.meta.url)).values()].flat()).toContain('node:fs');
});
