/** Each task from a file of the user's to predictions, as functions. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { random } from '@node-ode/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSession, type Ended, type Session } from '../../test/session.ts';

let session: Session;
beforeAll(async () => {
  session = await startSession();
  const source = random(3);
  const points = Array.from({ length: 160 }, () => [source.normal(), source.normal()] as const);
  const rows = points.map(([a, b], i) => `r${i},${a},${b},${a * b > 0 ? 'same' : 'other'},${100 + 20 * a - 5 * b}`);
  await session.file('table.csv', ['id,a,b,kind,price', ...rows, ''].join('\n'));
  const times = Array.from({ length: 60 }, (_, k) => 2000 + k / 4);
  const waves = times.map((t) => `${t},${5 + Math.cos(t - 2000)},${Math.sin(t - 2000)}`);
  await session.file('waves.csv', ['when,x,y', ...waves, ''].join('\n'));
});
afterAll(() => session.end());

const ok = async (args: readonly string[], stdin?: string): Promise<Ended> => {
  const ended = await session.run(args, stdin);
  expect(ended.stderr.replace(/^(step|\w+: \d|The model|Going).*$/gm, '').trim()).toBe('');
  expect(ended.code).toBe(0);
  return ended;
};
const json = async (args: readonly string[], stdin?: string) =>
  JSON.parse((await ok([...args, '--json'], stdin)).stdout);
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('classification', () => {
  it('trains, evaluates and predicts', async () => {
    await session.file(
      'kind.yaml',
      'task: classification\ndata: { file: table.csv, target: kind, features: [a, b] }\nmodel: { name: anode, extra: 2, activation: tanh }\nrtol: 1e-2\natol: 1e-3\nepochs: 40\nlearningRate: 0.02\nbatchSize: 32\n',
    );
    const trained = await json(['train', 'kind.yaml']);
    expect(trained).toMatchObject({ steps: 160, test: { accuracy: expect.any(Number) } });
    // a line cannot tell them apart: half of them would be right
    expect(trained.test.accuracy).toBeGreaterThan(0.85);
    expect(await readFile(join(session.folder, 'output/kind/history.csv'), 'utf8')).toMatch(/^step,epoch,seconds,nfe/);
    const evaluated = await json(['evaluate', 'output/kind']);
    expect(evaluated.scores).toEqual(trained.test);

    const { stdout } = await ok(['predict', 'output/kind'], 'name,b,a\np,1.2,0.9\nq,-1.1,1\n');
    const [header, first = '', second = ''] = stdout.split('\n');
    expect(header).toBe('name,b,a,kind predicted,p(other),p(same)');
    expect([first.split(',')[3], second.split(',')[3]]).toEqual(['same', 'other']);
    const rows = linesOf((await ok(['predict', 'output/kind', '--format', 'jsonl'], '{"a":1.2,"b":0.9}\n')).stdout);
    expect(rows[0]['p(other)'] + rows[0]['p(same)']).toBeCloseTo(1, 10);
  });

  it('accuracy against cost is chosen after training', async () => {
    const rows = await json(['evaluate', 'output/kind', '--rtol', '1e-1,1e-3,1e-5', '--atol', '1e-1,1e-3,1e-5']);
    expect(rows.map(({ rtol }: { rtol: number }) => rtol)).toEqual([1e-1, 1e-3, 1e-5]);
    expect(rows[2].nfe).toBeGreaterThan(rows[0].nfe);
    const fixed = await json(['evaluate', 'output/kind', '--solver', 'rk4', '--step-size', '0.25']);
    expect(fixed.nfe).toBe(16);
    expect(fixed.scores.crossEntropy).toBeCloseTo(rows[2].scores.crossEntropy, 2);
  });
});

it('regression is in the units of its target', async () => {
  const flags = [
    '--task',
    'regression',
    '--data-file',
    'table.csv',
    '--data-target',
    'price',
    '--data-features',
    'a,b',
  ];
  const { test } = await json([
    'train',
    ...flags,
    '--model',
    'node',
    '--epochs',
    '60',
    '--out',
    'output/price',
    '--set',
    'model.width=8',
  ]);
  expect(test.r2).toBeGreaterThan(0.98);
  const { stdout } = await ok(['predict', 'output/price', '--json'], 'a,b\n1,1\n');
  expect(Math.abs(linesOf(stdout)[0]['price predicted'] - 115)).toBeLessThan(5);
});

it('a forecast goes on from the last observation', async () => {
  const flags = [
    '--data-file',
    'waves.csv',
    '--data-time',
    'when',
    '--data-window',
    '8',
    '--rtol',
    '1e-4',
    '--atol',
    '1e-5',
  ];
  const { test } = await json([
    'train',
    ...flags,
    '--model',
    'node',
    '--steps',
    '600',
    '--learning-rate',
    '0.01',
    '--out',
    'output/waves',
  ]);
  expect(test.rmse).toBeLessThan(0.15);
  const rows = linesOf((await ok(['forecast', 'output/waves', '--points', '4', '--json'])).stdout);
  expect(rows.map(({ when }) => when)).toEqual([2015, 2015.25, 2015.5, 2015.75]);
  expect(Math.abs(rows[0].x - (5 + Math.cos(15)))).toBeLessThan(0.1);
  const other = linesOf(
    (await ok(['forecast', 'output/waves', '-', '--points', '2', '--every', '0.5', '--json'], 'when,x,y\n1,6,0\n'))
      .stdout,
  );
  expect(other.map(({ when }) => when)).toEqual([1.5, 2]);
  expect(Math.abs(other[1].y - Math.sin(1))).toBeLessThan(0.15);
});

it('a density is that of points in their own units, and can be sampled', async () => {
  const points = ['--task', 'density', '--data-file', 'table.csv', '--data-features', 'a,price'];
  const flags = [
    ...points,
    '--model',
    'cnf',
    '--epochs',
    '30',
    '--set',
    'model.hidden=[16]',
    '--rtol',
    '1e-3',
    '--atol',
    '1e-3',
  ];
  const { test } = await json(['train', ...flags, '--out', 'output/density']);
  // of a normal a, and a price of deviation 5 given a: −log 2π − log 5 − 1
  expect(Math.abs(test.logLikelihood - -4.45)).toBeLessThan(0.4);
  const drawn = linesOf((await ok(['sample', 'output/density', '--count', '500', '--seed', '4', '--json'])).stdout);
  const mean = drawn.reduce((sum, { price }) => sum + price, 0) / drawn.length;
  expect([drawn.length, Math.abs(mean - 100) < 6]).toEqual([500, true]);
  const again = (await ok(['sample', 'output/density', '--count', '500', '--seed', '4', '--json'])).stdout;
  expect(linesOf(again)).toEqual(drawn);
});

it('a model of the user’s own is trained as ours are', async () => {
  await session.file(
    'line.js',
    `export const line = ({ start = 0 } = {}) => ({
      name: 'line',
      makes: {
        regression: ({ features, outputs, dtype }) => ({
          name: 'line',
          init: () => ({ w: { kind: 'array', shape: [features, outputs], dtype, data: new Float32Array(features * outputs).fill(start) } }),
          apply: ({ w }, x) => x.matmul(w),
          loss: ({ w }, { x, y }) => x.matmul(w).sub(y).square().mean(),
        }),
      },
    });\n`,
  );
  const data = ['--task', 'regression', '--data-file', 'table.csv', '--data-target', 'price', '--data-features', 'a,b'];
  const { test } = await json([
    'train',
    ...data,
    '--model',
    './line.js',
    '--set',
    'model.start=0.5',
    '--epochs',
    '60',
    '--out',
    'output/line',
  ]);
  // the price is a line in a and b, but for the seventh digit
  expect(test.r2).toBeGreaterThan(0.999);
  const wrong = await session.run([
    'train',
    ...data,
    '--model',
    './line.js',
    '--task',
    'density',
    '--out',
    'output/none',
  ]);
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringContaining('the model line is not made for density; expected a task of regression'),
  ]);
});

describe('what is wrong', () => {
  const fails = async (args: readonly string[], code: number, message: string, stdin = ''): Promise<void> => {
    const ended = await session.run(args, stdin);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(ended.stderr).not.toMatch(/\n {4}at /);
  };

  it.each<[readonly string[], number, string, string?]>([
    [['train', 'output/kind/model.safetensors'], 2, 'output/kind/model.safetensors: it holds no entries'],
    [['train', 'kind.yaml'], 2, 'Go on with --resume'],
    [['train', 'kind.yaml', '--resume', '--learning-rate', '0.5'], 2, '--resume with learningRate 0.5; expected 0.02'],
    [['train', 'kind.yaml', '--out', 'output/x', '--solver', 'rk4'], 2, 'no error estimate'],
    [['train', 'kind.yaml', '--out', 'output/x', '--solver', 'rk5'], 5, 'is not installed'],
    [['train', 'kind.yaml', '--out', 'output/x', '--model', 'cnf'], 2, 'is not made for classification'],
    [['train', 'kind.yaml', '--out', 'output/x', '--data-target', 'sort'], 2, 'has no column “sort”'],
    [['train', 'kind.yaml', '--out', 'output/x', '--set', 'model.hidden=0'], 2, 'an integer of at least 1'],
    [['train', 'kind.yaml', '--out', 'output/x', '--set', 'model.wdith=1'], 2, "there is no option 'wdith'"],
    [['train', 'kind.yaml', '--out', 'output/x', '--data-file', 'none.csv'], 3, 'none.csv'],
    [['train', 'kind.yaml', '--out', 'kind.yaml/x'], 3, "can't be made"],
    [
      ['train', 'kind.yaml', '--out', 'output/x', '--max-steps', '1'],
      4,
      'step 1: odeint: the solve tried 1 steps, its largest number',
    ],
    [['evaluate', 'nowhere'], 3, 'there is no model nowhere'],
    [['evaluate', 'table.csv'], 3, 'table.csv'],
    [['evaluate', 'output/kind', '--split', 'valid'], 2, 'there is no split “valid”; expected train, test'],
    [['predict', 'output/kind'], 3, 'line 2: there is no column “b”', 'a\n1\n'],
    [['predict', 'output/kind'], 3, 'column “b”: "x" is no number', 'a,b\n1,x\n'],
    [['predict', 'output/kind', 'none.csv'], 3, "none.csv can't be read"],
    [['predict', 'output/kind', '--format', 'jsonl'], 3, 'line 1: it is no JSON', 'a,b\n'],
    [['predict', 'output/waves'], 2, 'the model forecasts series'],
    [['forecast', 'output/kind'], 2, 'the model is for classification'],
    [['forecast', 'output/waves', '-'], 3, 'has the time 1 twice', 'when,x,y\n1,6,0\n1,6,0\n'],
    [['sample', 'output/kind'], 2, 'the model is for classification'],
    [['sample', 'output/density', '--count', '-3'], 2, '--count: “-3”'],
  ])('%j ends with %i', async (args, code, message, stdin) => {
    await fails(args, code, message, stdin);
    if (args.includes('output/x')) expect(existsSync(join(session.folder, 'output/x/model.safetensors'))).toBe(false);
  });

  it('is an object with --json', async () => {
    const { stdout, code } = await session.run(['evaluate', 'nowhere', '--json']);
    expect([code, JSON.parse(stdout).error.code]).toEqual([3, 'FILE']);
  });
});
