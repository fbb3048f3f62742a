import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FormatError, OptionError } from '@node-ode/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dataPath, readCsv } from './index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'datasets-'));
  writeFileSync(join(folder, 'good.csv'), 't,y\n0,1\n');
  writeFileSync(join(folder, 'bad.csv'), 't,y\n0,x\n');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('readCsv', () => {
  it('reads a file', async () => {
    const { numbers, source } = await readCsv(join(folder, 'good.csv'));
    expect([numbers['y'], source]).toEqual([Float64Array.of(1), join(folder, 'good.csv')]);
  });

  it('names the file in errors', async () => {
    await expect(readCsv(join(folder, 'bad.csv'))).rejects.toThrow(
      `${join(folder, 'bad.csv')}, line 2, column 2 (“y”)`,
    );
    await expect(readCsv(join(folder, 'none.csv'))).rejects.toThrow(FormatError);
    await expect(readCsv(join(folder, 'none.csv'))).rejects.toThrow(
      `readCsv: ${join(folder, 'none.csv')} can't be read`,
    );
  });
});

describe('dataPath', () => {
  it('looks in the folder that is given, else in that of NODE_ODE_DATA', () => {
    vi.stubEnv('NODE_ODE_DATA', folder);
    expect(dataPath('good.csv')).toBe(join(folder, 'good.csv'));
    vi.stubEnv('NODE_ODE_DATA', '/nowhere');
    expect(dataPath('good.csv', { root: folder })).toBe(join(folder, 'good.csv'));
  });

  it('says how to set it', () => {
    vi.stubEnv('NODE_ODE_DATA', undefined);
    expect(() => dataPath('mnist')).toThrow(OptionError);
    expect(() => dataPath('mnist')).toThrow('Set the environment variable NODE_ODE_DATA to the folder that has it');
    vi.stubEnv('NODE_ODE_DATA', folder);
    expect(() => dataPath('mnist')).toThrow(`dataPath: ${join(folder, 'mnist')} does not exist; expected “mnist”`);
  });
});
