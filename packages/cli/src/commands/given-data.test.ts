/** Trained models with other data than theirs, in other places. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSession, type Ended, type Session } from '../../test/session.ts';

let session: Session;

/** Rows of two features, one of which says the class and both the price; another mean and spread than what is trained on. */
const rowsAround = (centre: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => {
    const [a, b] = [centre + Math.sin(7 * i), Math.cos(11 * i)];
    return `${a},${b},${a > 2 ? 'high' : 'low'},${3 * a - b},0${i}`;
  });

beforeAll(async () => {
  session = await startSession();
  const header = 'a,b,kind,price,id';
  await session.file('project/table.csv', [header, ...rowsAround(2, 80), ''].join('\n'));
  await session.file('other.csv', [header, ...rowsAround(3, 30), ''].join('\n'));
  const data = '{ file: table.csv, features: [a, b], target: ';
  const rest = '}\nmodel: { name: node, width: 6 }\nrtol: 1e-2\natol: 1e-2\nlearningRate: 0.03\nepochs: 15\n';
  await session.file('project/kind.yaml', `task: classification\ndata: ${data}kind ${rest}`);
  await session.file('project/price.yaml', `task: regression\ndata: ${data}price ${rest}`);
  for (const name of ['kind', 'price']) await ok(['train', `project/${name}.yaml`, '--out', `project/output/${name}`]);
});
afterAll(() => session.end());

async function ok(args: readonly string[], stdin?: string): Promise<Ended> {
  const ended = await session.run(args, stdin);
  expect([ended.code, ended.stderr.includes('node-ode: ')]).toEqual([0, false]);
  return ended;
}
const json = async (args: readonly string[], stdin?: string) =>
  JSON.parse((await ok([...args, '--json'], stdin)).stdout);
const linesOf = ({ stdout }: Ended) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('evaluate --data', () => {
  it('scores what predict says of all its rows, whatever their own mean and spread', async () => {
    const rows = linesOf(await ok(['predict', 'project/output/price', 'other.csv', '--json']));
    const errors = rows.map((row) => row['price predicted'] - row.price);
    const found = await json(['evaluate', 'project/output/price', '--data', 'other.csv']);
    expect([found.split, found.samples]).toEqual(['given', 30]);
    expect(found.scores.mse / mean(errors.map((error) => error ** 2))).toBeCloseTo(1, 4);

    const kinds = linesOf(await ok(['predict', 'project/output/kind', 'other.csv', '--json']));
    const right = kinds.map((row) => (row['kind predicted'] === row.kind ? 1 : 0));
    const classes = await json(
      ['evaluate', 'project/output/kind', '--data', '-', '--format', 'jsonl'],
      kindLines(kinds),
    );
    expect(classes.scores.accuracy).toBeCloseTo(mean(right), 12);
    const losses = kinds.map((row) => -Math.log(row[`p(${row.kind})`]));
    expect(classes.scores.crossEntropy / mean(losses)).toBeCloseTo(1, 4);
  });

  const kindLines = (rows: readonly Record<string, unknown>[]): string =>
    rows.map(({ a, b, kind }) => `${JSON.stringify({ a, b, kind })}\n`).join('');

  it.each<[readonly string[], number, string, string?]>([
    [['price', '--data', 'none.csv'], 3, "none.csv can't be read"],
    [['price', '--data', '-'], 3, 'line 2: there is no column “b”', 'a,price\n1,2\n'],
    [['price', '--data', '-'], 3, 'line 2: “price” is missing', 'a,b,price\n1,2,NaN\n'],
    [['price', '--data', '-'], 3, 'stdin has no rows', 'a,b,price\n'],
    [['price', '--data', '-'], 3, 'stdin has no rows', ''],
    [['kind', '--data', '-'], 3, '“medium” is no class; expected a “kind” of the model', 'a,b,kind\n1,2,medium\n'],
    [['kind', '--data', '-'], 3, 'there is no column “kind”', 'a,b\n1,2\n'],
    [['kind', '--data', 'other.csv', '--split', 'train'], 2, '--data with --split'],
  ])('%j ends with %i', async ([name, ...args], code, message, stdin) => {
    const ended = await session.run(['evaluate', `project/output/${name ?? ''}`, ...args], stdin);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(message)]);
  });
});

describe('predict', () => {
  it('writes numbers of CSV as numbers of JSON, and nothing else as one', async () => {
    const stdin = 'a,b,id,name,big,gap\n1.50,2,007,x,123456789012345678901,\n-1e0,.5,7,NaN,0,\n';
    const rows = linesOf(await ok(['predict', 'project/output/price', '--json'], stdin));
    expect(rows[0]).toMatchObject({ a: 1.5, b: 2, id: '007', name: 'x', big: '123456789012345678901', gap: null });
    expect(rows[1]).toMatchObject({ a: -1, b: '.5', id: 7, name: 'NaN', big: 0 });
  });

  it('says so where there are no rows', async () => {
    for (const stdin of ['', 'a,b\n']) {
      const ended = await session.run(['predict', 'project/output/price'], stdin);
      expect([ended.code, ended.stderr]).toEqual([3, 'node-ode: rows: stdin has no rows; expected at least one.\n']);
    }
  });
});

it('a project can be moved with its models, a model alone with its data given', async () => {
  const before = await json(['evaluate', 'project/output/price']);
  await mkdir(join(session.folder, 'elsewhere'));
  await rename(join(session.folder, 'project'), join(session.folder, 'elsewhere/moved'));
  const after = await json(['evaluate', 'elsewhere/moved/output/price']);
  expect(after.scores).toEqual(before.scores);
  const resumed = await ok(['train', '--resume', 'elsewhere/moved/output/price', '--epochs', '16']);
  expect(resumed.stderr).toContain('Going on after step 15, in elsewhere/moved/output/price.');

  await rename(join(session.folder, 'elsewhere/moved/output/kind'), join(session.folder, 'alone'));
  const lost = await session.run(['evaluate', 'alone']);
  expect([lost.code, lost.stderr]).toEqual([
    3,
    expect.stringMatching(/table\.csv can't be read: .*--data for evaluate/),
  ]);
  expect((await json(['evaluate', 'alone', '--data', 'other.csv'])).samples).toBe(30);
  expect(linesOf(await ok(['predict', 'alone', 'other.csv', '--json']))).toHaveLength(30);
});

it('a command line that is wrong is an object with --json, too', async () => {
  for (const args of [
    ['predict', 'alone', '--rtoll', '1'],
    ['solve', 'lorenz', '--points', 'x'],
    ['schema', 'more'],
    ['no'],
  ]) {
    const { code, stdout, stderr } = await session.run([...args, '--json']);
    const { error } = JSON.parse(stdout);
    expect([code, error.code, error.message]).toEqual([2, 'USAGE', expect.not.stringContaining('\n')]);
    expect(stderr.replaceAll('\n', ' ')).toContain(error.message);
  }
});

describe('train --resume FOLDER', () => {
  it.each<[readonly string[], number, string]>([
    [['--resume', 'elsewhere'], 3, 'there is no run in the folder elsewhere, which has no checkpoints; expected'],
    [['--resume', 'nowhere'], 3, 'there is no run in the folder nowhere, which does not exist; expected the folder of'],
    [['--resume', 'output/nowhere'], 3, 'model.safetensors and history.csv as well. A run is started by'],
    [['--resume', 'moons-cfn'], 3, 'there is no run in the folder moons-cfn, which does not exist'],
    [['--resume', 'moons-cfn'], 3, 'Did you mean moons-cnf? A run is started by'],
    [['--resume', 'nothing.yaml'], 3, 'there is no file nothing.yaml'],
    [['--resume', 'alone', '--out', 'x'], 2, '--resume alone with --out'],
    [['--resume', 'alone', '--learning-rate', '1'], 2, '--resume with learningRate 1; expected 0.03'],
    [['alone'], 3, 'alone is a folder; expected a YAML or JSON file, or a preset'],
    [['./alone'], 3, './alone is a folder; expected a YAML or JSON file, or a preset. A run that is in it goes on by'],
  ])('%j ends with %i', async (args, code, message) => {
    const ended = await session.run(['train', ...args]);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(message)]);
  });
});

describe('forecasts of several series', () => {
  const wave = (id: string, t: number): string => `${id},${t},${Math.sin(t)},${Math.cos(t)}`;
  const header = 'id,t,x,y';
  beforeAll(async () => {
    const rows = ['p', 'q', 'r'].flatMap((id, k) => Array.from({ length: 12 }, (_, i) => wave(id, k + i / 4)));
    await session.file('waves.csv', [header, ...rows, ''].join('\n'));
    const columns = '{ file: waves.csv, time: t, series: id, window: 4 }';
    await session.file('waves.yaml', `data: ${columns}\nmodel: { name: node, hidden: 4 }\nsteps: 2\n`);
    await ok(['train', 'waves.yaml']);
  });

  it('are made as the series come, or of mixed rows', async () => {
    const sorted = [header, wave('a', 0.5), wave('a', 0), wave('b', 3), ''].join('\n');
    const mixed = [header, wave('a', 0.5), wave('b', 3), wave('a', 0), ''].join('\n');
    const args = ['forecast', 'output/waves', '-', '--points', '1'];
    const whole = await ok(args, sorted);
    expect(whole.stdout).toMatch(/^id,t,x,y\na,0\.75,.*\nb,3\.25,.*\n$/);
    expect((await ok([...args, '--mixed'], mixed)).stdout).toBe(whole.stdout);
    const ended = await session.run(args, mixed);
    expect([ended.code, ended.stderr]).toEqual([3, expect.stringContaining('line 4: series a again, behind another')]);
  });

  it('are evaluated on given series by their second halves', async () => {
    const rows = ['a', 'b'].flatMap((id) => Array.from({ length: 6 }, (_, i) => wave(id, i / 4)));
    const found = await json(['evaluate', 'output/waves', '--data', '-'], [header, ...rows, ''].join('\n'));
    expect([found.samples, found.split]).toEqual([2, 'given']);
    const args = ['forecast', 'output/waves', '-', '--points', '3', '--json'];
    const made = linesOf(await ok(args, [header, ...rows.slice(0, 3), ''].join('\n')));
    const errors = made.flatMap(({ t, x, y }) => [x - Math.sin(t), y - Math.cos(t)]);
    expect(found.scores.mse / mean(errors.map((error) => error ** 2))).toBeCloseTo(1, 4);
  });
});
