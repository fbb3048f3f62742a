import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startSession, type Session } from '../../test/session.ts';

let session: Session;
const rows = Array.from({ length: 12 }, (_, i) => [`${i}`, `${i % 5}.5`, i % 2 === 0 ? 'north' : '7', `${2 * i}`]);

/** A table of numbers a, b and y, and words in place of some fields: [row, column, field]. */
const table = (...words: readonly (readonly [number, number, string])[]): string =>
  [
    'a,b,quarter,y',
    ...rows.map((fields, i) => {
      const found = (c: number): string | undefined => words.find(([row, column]) => row === i && column === c)?.[2];
      return fields.map((field, c) => found(c) ?? field).join(',');
    }),
    '',
  ].join('\n');

beforeAll(async () => {
  session = await startSession();
  await session.file('whole.csv', table());
  await session.file('bad.csv', table([4, 0, 'n/a'], [7, 0, '1.2.3']));
  await session.file('one.csv', table([4, 0, 'n/a']));
  await session.file('target.csv', table([3, 3, 'n/a']));
  await session.file('gap.csv', table([4, 0, '']));
  await session.file('words.csv', 'name,y\nx,1\ny,2\nz,3\n');
});
afterAll(() => session.end());

const train = (file: string, ...flags: readonly string[]) =>
  session.run([
    ...['train', '--task', 'regression', '--data-file', file, '--data-target', 'y', '--model', 'node'],
    ...['--set', 'model.width=2', '--steps', '1', '--overwrite', '--out', 'run', ...flags],
  ]);

it('leaves a column of words out, and says so', async () => {
  const { code, stderr } = await train('whole.csv');
  expect([code, stderr]).toEqual([0, expect.stringContaining('\nLeft out, as it holds text: quarter.\n')]);
  expect((await train('whole.csv', '--data-exclude', 'quarter')).stderr).not.toContain('Left out');
  expect((await train('whole.csv', '--data-features', 'a')).stderr).not.toContain('Left out');
});

it.each<[string, readonly string[], number, string]>([
  ['bad.csv', [], 3, 'bad.csv, line 6, column 1 (“a”): “n/a” is no number; expected numbers'],
  ['bad.csv', [], 3, 'say so: --data-missing-values n/a (in a configuration data: { missingValues: [n/a] }).'],
  ['bad.csv', [], 3, 'is left out by --data-exclude a (data: { exclude: [a] }).'],
  ['bad.csv', ['--data-missing-values', 'n/a'], 3, 'line 9, column 1 (“a”): “1.2.3” is no number'],
  ['bad.csv', ['--data-features', 'a,b'], 3, 'line 6, column 1 (“a”): “n/a” is no number'],
  ['target.csv', [], 3, 'line 5, column 4 (“y”): “n/a” is no number'],
  ['bad.csv', ['--data-exclude', 'A'], 2, 'has no column “A”; expected some of a, b, quarter, y. Did you mean a?'],
  ['bad.csv', ['--data-exclude', 'a', '--data-features', 'b'], 2, 'data has exclude beside features'],
  ['one.csv', ['--data-missing-values', 'n/a'], 2, 'row 5 of '],
  [
    'gap.csv',
    [],
    2,
    'has no value of “a”; expected values in all columns that are used. Say what becomes of such rows:',
  ],
  ['gap.csv', [], 2, '--data-missing drop or --data-missing mean (in a configuration data: { missing: drop }).'],
  ['words.csv', [], 2, 'words.csv has no column of numbers to learn from; expected at least one. Text is in name.'],
])('%s %j ends with %i: %s', async (file, flags, code, message) => {
  const ended = await train(file, ...flags);
  expect([ended.code, ended.stdout, ended.stderr]).toEqual([code, '', expect.stringContaining(message)]);
  expect(ended.stderr.trim().split('\n')).toHaveLength(1);
});

it.each([
  ['density', '--model', 'cnf'],
  ['forecast', '--data-time', 'b', '--model', 'node'],
  ['classification', '--data-target', 'y', '--model', 'node'],
])('%s refuses a bad cell, too', async (task, ...flags) => {
  const { code, stderr } = await session.run([
    ...['train', '--task', task, '--data-file', 'bad.csv', '--out', `bad-${task}`, ...flags],
  ]);
  expect([code, stderr]).toEqual([3, expect.stringContaining('line 6, column 1 (“a”): “n/a” is no number')]);
});

it('what stands for a missing number is one, in training and in later commands', async () => {
  const named = await train('one.csv', '--data-missing-values', 'n/a', '--data-missing', 'mean');
  expect(named.code).toBe(0);
  const empty = await session.run(['predict', 'run', '-'], 'a,b\n,1\nn/a,1\n');
  expect(empty.code).toBe(0);
  const [, first = '', second = ''] = empty.stdout.split('\n');
  expect(second.split(',').at(-1)).toBe(first.split(',').at(-1));
  expect((await session.run(['evaluate', 'run', '--data', 'one.csv'])).code).toBe(0);
  const other = await session.run(['predict', 'run', '-'], 'a,b\nnone,1\n');
  expect([other.code, other.stderr]).toEqual([3, expect.stringContaining('column “a”: "none" is no number')]);
});

it('data that are not there are told in the words of the command line', async () => {
  const load = '@node-ode/datasets/node#loadCaliforniaHousing';
  const place = ['--set', 'data.set.root=nowhere'];
  const start = (...flags: readonly string[]) =>
    session.run(['train', '--data-set', load, '--model', 'node', ...flags]);
  const absent = await start(...place);
  expect([absent.code, absent.stderr]).toEqual([3, expect.stringContaining('with --set data.set.download=true (in a')]);
  expect(absent.stderr).not.toContain('set download: true');
  // and that is right: it is tried
  const tried = await start(
    ...place,
    '--set',
    'data.set.download=true',
    ...['mirror=http://127.0.0.1:9', 'retries=0'].flatMap((one) => ['--set', `data.set.${one}`]),
  );
  expect([tried.code, tried.stderr]).toEqual([4, expect.stringContaining('127.0.0.1:9')]);
  vi.stubEnv('NODE_ODE_DATA', '');
  const unset = await start();
  vi.unstubAllEnvs();
  expect([unset.code, unset.stderr]).toEqual([3, expect.stringContaining('expected --set data.set.root=FOLDER')]);
});
