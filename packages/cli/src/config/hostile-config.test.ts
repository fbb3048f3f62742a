/** Whatever a configuration holds, it is read and valid, or refused in a sentence. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bounded, damaged, hostileName, type Outcome } from '@node-ode/tools/fuzz';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from './read.ts';
import { validConfig } from './validate.ts';

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const presets = new URL('../../presets/', import.meta.url);
const valid = readdirSync(presets).map((name) => readFileSync(new URL(name, presets)));

/** Reads and checks a file with this content. */
const read = (content: string | Uint8Array): Promise<Outcome<unknown>> => {
  writeFileSync(join(folder, 'config.yaml'), content);
  const codes = ['FORMAT', 'USAGE'];
  return bounded(
    content.length,
    async () => {
      const { value, source } = await readConfig('config.yaml', folder);
      return validConfig(value, source);
    },
    { codes, bytes: 20_000_000 },
  );
};

it('presets that are damaged are valid or refused', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...valid).chain(damaged), async (bytes) => {
      seen.add(Object.keys(await read(bytes))[0] ?? '');
    }),
    { numRuns: 200 },
  );
  expect([...seen].sort()).toEqual(['refused', 'value']);
});

it('any object is valid or refused', async () => {
  const names = fc.oneof(
    fc.constantFrom('data', 'model', 'solver', 'backend', 'file', 'set', 'name', 'rtol'),
    hostileName,
  );
  const { tree } = fc.letrec<{ readonly tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.double(), fc.integer(), fc.boolean(), fc.constant(null), hostileName),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(names, tie('tree'), { maxKeys: 4 }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(tree, async (value) => void (await read(JSON.stringify(value)))),
    { numRuns: 200 },
  );
});

describe('what is made to exhaust the reader is refused', () => {
  const n = 15_000;
  it.each<readonly [string, string]>([
    ['keys', Array.from({ length: n }, (_, i) => `k${i}: 1`).join('\n')],
    ['lists in lists', '['.repeat(n)],
    ['dashes', '- '.repeat(n)],
    ['braces', '{a: '.repeat(n)],
    ['quotes', '"'.repeat(n)],
    ['question marks', '? '.repeat(n)],
    ['anchors', Array.from({ length: n }, (_, i) => `- &a${i} x`).join('\n')],
    [
      'aliases of aliases',
      `a: &a [${'x,'.repeat(9)}]\n${'bcdefgh'
        .split('')
        .map((name, i) => `${name}: &${name} [${`*${'abcdefg'[i]},`.repeat(9)}]`)
        .join('\n')}`,
    ],
    ['what holds itself', 'data: &a [*a]'],
    ['a megabyte', `# ${'x'.repeat(2 ** 20)}`],
    ['nothing', ''],
    ['NUL', '\0'.repeat(n)],
    ['a key twice', 'model: node\nmodel: cnf'],
  ])('%s', async (_what, text) => {
    expect(await read(text)).toHaveProperty('refused');
  });

  it('and a key that is there twice is named', async () => {
    const outcome = await read('model: node\ndata: { set: moons,\n set: x }');
    expect('refused' in outcome && outcome.refused.message).toContain(
      'the key “set” for the second time at line 3, column 2',
    );
  });
});
