import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { failureOf } from '../errors.ts';
import { writeWhole } from './files.ts';

const cwd = mkdtempSync(join(tmpdir(), 'files-'));
afterAll(() => rmSync(cwd, { recursive: true }));

it('writes a file in a folder that it makes, and nothing beside it', async () => {
  expect(await writeWhole({ cwd }, 'new/table.csv', 't,x\n')).toBe('new/table.csv');
  expect(readdirSync(join(cwd, 'new'))).toEqual(['table.csv']);
  expect(readFileSync(join(cwd, 'new/table.csv'), 'utf8')).toBe('t,x\n');
});

it.each(['/proc/none/x/table.csv', '/dev/null/table.csv'])('says that nothing can be written to %s', async (path) => {
  const error: unknown = await writeWhole({ cwd }, path, 'x').catch((caught: unknown) => caught);
  const { code, exitCode, message } = failureOf(error);
  expect([code, exitCode]).toEqual(['FILE', 3]);
  expect(message).toMatch(/can't be (made|written): .+ Choose another place\.$/);
});
