// The last line of a run is true: a real vitest, run on files that end in every way there is.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const reporter = fileURLToPath(new URL('./tally-reporter.ts', import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-tally-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs vitest on one file of this text: its exit code and the last line that it printed. */
const run = async (text: string): Promise<{ code: number; last: string | undefined }> => {
  await writeFile(join(folder, 'some.test.js'), text);
  const args = [vitest, 'run', '--root', folder, '--globals', '--reporter', reporter];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, (_error, stdout) => {
      resolve({ code: child.exitCode ?? -1, last: stdout.trimEnd().split('\n').at(-1) });
    });
  });
};

test('counts what passed, failed and was skipped', async () => {
  const text = `
    test('a', () => {}); test('b', () => {});
    test('c', () => { throw new Error('on purpose'); });
    describe('d', () => { test.skip('e', () => {}); test.todo('f'); });`;
  expect(await run(text)).toEqual({ code: 1, last: '2 passed, 1 failed, 2 skipped' });
});

test('a clean run says 0 failed', async () => {
  expect(await run(`test('a', () => {});`)).toEqual({ code: 0, last: '1 passed, 0 failed, 0 skipped' });
});

test.each([
  ['a file that does not load', `throw new Error('on purpose');`, '0 passed, 1 failed, 0 skipped'],
  [
    'a hook that throws once its tests have passed',
    `afterAll(() => { throw new Error('on purpose'); }); test('a', () => {});`,
    '1 passed, 1 failed, 0 skipped',
  ],
  [
    'a rejection that nobody catches',
    `test('a', async () => { Promise.reject(new Error('on purpose')); await new Promise((r) => setTimeout(r, 20)); });`,
    '1 passed, 1 failed, 0 skipped',
  ],
])('%s is a failure', async (_what, text, last) => {
  expect(await run(text)).toEqual({ code: 1, last });
});
