import { FormatError } from '@node-ode/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { startSession, type Session } from '../../test/session.ts';
import { FileError, UsageError } from '../errors.ts';
import { configFlags, withFlags } from './flags.ts';
import { parseYaml, presetNames, readConfig } from './read.ts';
import { validConfig } from './validate.ts';

const right = { data: { set: 'two-moons' }, model: 'cnf' };

describe('a configuration', () => {
  it.each(['breast-cancer', 'lynx-hare', 'moons-cnf', 'spheres-anode', 'spirals', 'spirals-latent'])(
    'preset %s is one',
    async (name) => {
      expect(await presetNames()).toContain(name);
      const { value, source } = await readConfig(name, '/');
      expect(validConfig(value, source)).toEqual(value);
    },
  );

  it.each<[string, unknown, string]>([
    ['a misspelt entry', { ...right, epcohs: 3 }, 'has the entry “epcohs”, which there is not; expected'],
    ['with a suggestion', { ...right, epcohs: 3 }, 'Did you mean epochs?'],
    ['a misspelt inner entry', { ...right, data: { fiel: 'x' } }, '“data” has the entry “fiel”'],
    [
      'a word out of a list',
      { ...right, task: 'regresion' },
      '“task” is "regresion"; expected classification, regression',
    ],
    ['a word for a number', { ...right, epochs: 'ten' }, '“epochs” is "ten"; expected an integer'],
    ['a number out of range', { ...right, learningRate: -1 }, '“learningRate” is -1; expected a number above 0'],
    ['a plugin without a name', { ...right, solver: { h: 1 } }, '“solver” has no “name”'],
    ['no model', { data: right.data }, 'has no “model”'],
    ['a name written wrongly', { ...right, model: undefined, modle: 'node' }, '“modle”, which there is not'],
    ['no data', { model: 'cnf', data: {} }, 'data has neither file nor set'],
    ['data twice', { model: 'cnf', data: { file: 'a', set: 'b' } }, 'data has both file and set'],
    ['tolerances for steps of one size', { ...right, rtol: 1e-3, stepSize: 0.1 }, 'rtol or atol with stepSize'],
    ['no object', 7, 'the configuration is 7'],
  ])('%s is refused', (_, value, message) => {
    expect(() => validConfig(value, 'run.yaml')).toThrow(UsageError);
    expect(() => validConfig(value, 'run.yaml')).toThrow(message);
    expect(() => validConfig(value, 'run.yaml')).toThrow(/^run\.yaml: /);
  });
});

describe('files', () => {
  let session: Session;
  beforeAll(async () => {
    session = await startSession();
    await session.file(
      'run.yaml',
      'model: ./mine.js\ndata: { file: a.csv }\nsolver: { name: ../other.js, theta: 1 }\n',
    );
    await session.file('run.json', '{ "model": "cnf", "data": { "set": "two-moons" } }');
    await session.file('bad.yaml', 'model: [1,\ndata: {\n');
    await session.file('list.yaml', '- 1\n');
    await session.file(
      'bomb.yaml',
      `a: &a [1,1]\n${Array.from({ length: 30 }, (_, i) => `${'b'.repeat(i + 1)}: &x${i} [*${i === 0 ? 'a' : `x${i - 1}`},*${i === 0 ? 'a' : `x${i - 1}`}]`).join('\n')}\n`,
    );
  });
  afterAll(() => session.end());

  it('have paths relative to themselves', async () => {
    const { value, name } = await readConfig('run.yaml', session.folder);
    expect([value['model'], value['data'], value['solver'], name]).toEqual([
      join(session.folder, 'mine.js'),
      { file: join(session.folder, 'a.csv') },
      { name: join(session.folder, '../other.js'), theta: 1 },
      'run',
    ]);
    expect((await readConfig('run.json', session.folder)).value).toEqual(right);
  });

  it('that are none are told from those that are wrong', async () => {
    const read = (name: string) => readConfig(name, session.folder);
    await expect(read('none.yaml')).rejects.toThrow(FileError);
    await expect(read('bad.yaml')).rejects.toThrow(FormatError);
    await expect(read('bad.yaml')).rejects.toThrow(/line \d+, column \d+/);
    await expect(read('list.yaml')).rejects.toThrow('it holds no entries');
    await expect(read('bomb.yaml')).rejects.toThrow('Excessive alias count');
    await expect(read('moons-cnff')).rejects.toThrow('Did you mean moons-cnf?');
  });
});

describe('flags', () => {
  const apply = (given: object) => withFlags({ model: 'cnf', data: { set: 'x' } }, configFlags, { ...given }, '/work');

  it('reach every entry', () => {
    const names = configFlags.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['data-file', 'batch-size', 'checkpoint-every-steps', 'learning-rate', 'schedule']),
    );
    expect(
      apply({ batchSize: '32', dataFile: 'a.csv', dataFeatures: 'a, b', dataStandardize: 'false', solver: 'tsit5' }),
    ).toEqual({
      model: 'cnf',
      data: { set: 'x', file: '/work/a.csv', features: ['a', 'b'], standardize: false },
      batchSize: 32,
      solver: 'tsit5',
    });
  });

  it('--set reaches options of plugins', () => {
    expect(apply({ set: ['model.hidden=[8, 8]', 'data.set.noise=0.1', 'clip=1'] })).toEqual({
      model: { name: 'cnf', hidden: [8, 8] },
      data: { set: { name: 'x', noise: 0.1 } },
      clip: 1,
    });
  });

  it('that say nothing are refused', () => {
    expect(() => apply({ batchSize: 'many' })).toThrow('--batch-size: “many” is no number');
    expect(() => apply({ set: ['model'] })).toThrow('--set: “model”');
    expect(() => apply({ set: ['__proto__.x=1'] })).toThrow(UsageError);
    expect(Object.prototype).not.toHaveProperty('x');
    expect(() => parseYaml('{', 'x')).toThrow(FormatError);
  });
});
