// Finding the driver, by folders of the test's own; what its environment is.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installSwiftShader } from './install.ts';
import { environmentOf, files, findSwiftShader, swiftShaderIn } from './swiftshader.ts';

let folder = '';
const at = (...parts: readonly string[]): string => join(folder, ...parts);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-swiftshader-'));
  for (const name of ['whole', 'second', 'partial']) await mkdir(at(name));
  for (const file of Object.values(files)) {
    for (const name of ['whole', 'second']) await writeFile(at(name, file), '');
  }
  await writeFile(at('partial', files.driver), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('SwiftShader', () => {
  it('is the first folder that has the driver, its manifest and a loader', () => {
    const found = findSwiftShader([at('none'), at('partial'), at('second'), at('whole')]);
    expect(found).toEqual({
      manifest: at('second', 'vk_swiftshader_icd.json'),
      loader: at('second', 'libvulkan.so.1'),
      folder: at('second'),
    });
  });

  it('is missing with what to do about it', () => {
    expect(findSwiftShader([at('none'), at('partial')])).toEqual({
      reason: expect.stringContaining('`npm run swiftshader` downloads it') as string,
    });
  });

  it('is used by the loader and the manifest, before what the search path had', () => {
    const whole = swiftShaderIn(at('whole'));
    expect(whole).toBeDefined();
    if (whole === undefined) return;
    expect(environmentOf(whole, {})).toEqual({
      VK_ICD_FILENAMES: at('whole', 'vk_swiftshader_icd.json'),
      LD_LIBRARY_PATH: at('whole'),
    });
    expect(environmentOf(whole, { LD_LIBRARY_PATH: '/opt/lib' }).LD_LIBRARY_PATH).toBe(`${at('whole')}:/opt/lib`);
  });

  it('is downloaded once', async () => {
    // Nothing to do where it is: no apt-get is started, and none may be installed.
    expect(await installSwiftShader(at('whole'))).toEqual(swiftShaderIn(at('whole')));
  });
});
