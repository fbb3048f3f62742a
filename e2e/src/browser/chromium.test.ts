// Finding the browser, by folders and variables of the test's own: no browser is needed.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchChromium } from './chromium.ts';

let folder = '';
const at = (...parts: readonly string[]): string => join(folder, ...parts);

async function executable(path: string): Promise<void> {
  await writeFile(path, '#!/bin/sh\necho no display >&2\nexit 3\n');
  await chmod(path, 0o755);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-chromium-'));
  for (const name of ['first', 'second', 'empty']) await mkdir(at(name));
  await executable(at('first', 'google-chrome'));
  await executable(at('second', 'chromium'));
  await executable(at('mine'));
  await writeFile(at('text'), 'no program');
  await chmod(at('text'), 0o644);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const path = (...folders: readonly string[]): string => folders.map((name) => at(name)).join(delimiter);

describe('the browser', () => {
  it('is the one given, then the one of the environment, then the first on PATH', async () => {
    const env = { CHROME_PATH: at('mine'), PATH: path('second') };
    expect(await findChromium(at('first', 'google-chrome'), env)).toBe(at('first', 'google-chrome'));
    expect(await findChromium(undefined, env)).toBe(at('mine'));
    expect(await findChromium(undefined, { PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH: at('mine') })).toBe(at('mine'));
    expect(await findChromium(undefined, { ...env, CHROME_PATH: '' })).toBe(at('second', 'chromium'));
  });

  it('is chromium before google-chrome, wherever they lie on PATH', async () => {
    expect(await findChromium(undefined, { PATH: path('empty', 'first', 'second') })).toBe(at('second', 'chromium'));
    expect(await findChromium(undefined, { PATH: path('empty', 'first') })).toBe(at('first', 'google-chrome'));
  });

  it('is refused if it is named and can not be run, without a look elsewhere', async () => {
    const env = { PATH: path('second') };
    await expect(findChromium(at('text'), env)).rejects.toThrow(
      `--chromium is '${at('text')}'; expected an executable`,
    );
    await expect(findChromium(at('empty'), env)).rejects.toThrow('expected an executable file');
    await expect(findChromium('', { ...env, CHROME_PATH: at('none') })).rejects.toThrow(
      `CHROME_PATH is '${at('none')}'`,
    );
  });

  it('is asked for, with what to install, if there is none', async () => {
    await expect(findChromium(undefined, { PATH: path('empty') })).rejects.toThrow(
      'e2e --browser: no Chromium on this machine; expected chromium, chromium-browser or google-chrome on PATH. ' +
        'Install one (on Debian: apt-get install chromium), or name its executable by --chromium PATH or ' +
        'CHROME_PATH or PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH.',
    );
    await expect(findChromium(undefined, {})).rejects.toMatchObject({ code: 'OPTION' });
  });

  it('is refused if it starts no browser', async () => {
    await expect(launchChromium(at('mine'))).rejects.toMatchObject({
      code: 'OPTION',
      message: expect.stringContaining(`${at('mine')} does not start (no display). Install one`) as string,
    });
  });
});
