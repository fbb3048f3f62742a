import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { array, compile, FormatError, OptionError, valueAndGrad, type Tensor } from '@node-ode/core';
import { inMemory } from '@node-ode/datasets';
import { loadMnist } from '@node-ode/datasets/node';
import { applyGradients, sgd, trainState, type TrainState } from '@node-ode/nn';
import { lineChart } from '@node-ode/viz';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WrittenResults } from './write-results.ts';
import {
  defineExperiment,
  ifThere,
  integer,
  listOf,
  partsOf,
  measured,
  oneOf,
  spread,
  type Experiment,
  type Lab,
} from './index.ts';
import { usage } from './command-line.ts';
import { runExperiment } from './run-experiment.ts';
import { writeIndex } from './results-index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A line through three points, for each seed; `watch` sees the lab at each of them. */
const line = (watch: (lab: Lab, seed: number) => void = () => undefined): Experiment =>
  defineExperiment({
    name: 'line',
    title: 'A line through points',
    source: 'Legendre 1805',
    options: { steps: integer('training steps', { full: 50, quick: 30 }), rates: listOf(integer('rates', 1), [1, 2]) },
    seeds: { full: 3, quick: 2 },
    engine: 'reference',
    run: async ({ steps, rates }, lab) => {
      const optimizer = sgd({ learningRate: 0.1 });
      const step = compile(
        lab.backend,
        (state: TrainState<Tensor, { readonly w: Tensor }>, { x, y }: { readonly x: Tensor; readonly y: Tensor }) => {
          const { value, grad } = valueAndGrad((p: { readonly w: Tensor }) => x.mul(p.w).sub(y).square().mean())(
            state.params,
          );
          return { state: applyGradients(optimizer, state, grad), loss: value };
        },
      );
      const slopes: number[] = [];
      for (const seed of lab.seeds) {
        watch(lab, seed);
        slopes.push(
          await lab.once(`slope/${seed}`, async () => {
            const { state } = await lab.train(`line/${seed}`, {
              step,
              state: trainState(optimizer, { w: array(seed) }),
              dataset: inMemory('points', { train: { x: array([1, 2, 3]), y: array([2, 4, 6]) } }),
              batchSize: 3,
              steps,
            });
            return state.params.w.data[0] ?? NaN;
          }),
        );
      }
      const chart = lineChart({ x: { label: 'x' }, y: { label: 'y' }, series: [{ name: '', x: [0, 1], y: [0, 2] }] });
      return {
        tables: [{ columns: ['model', 'slope', 'paper'], rows: [['line', spread(slopes), 2]] }],
        figures: [
          { name: 'line', figure: chart, caption: 'The line.', animation: { frames: [chart, chart], seconds: [1, 1] } },
        ],
        notes: [`rates ${rates.join(', ')}`],
      };
    },
  });

async function run(experiment: Experiment, args: readonly string[] = [], signal = new AbortController().signal) {
  const stream = new PassThrough();
  const out = join(folder, 'results');
  const options = { stream, signal, workRoot: join(folder, 'work') };
  const { interrupted } = await runExperiment(experiment, [...args, '--out', out], options);
  return { interrupted, text: String(stream.read()), out };
}

const resultsIn = async (out: string): Promise<WrittenResults> =>
  JSON.parse(await readFile(join(out, 'results.json'), 'utf8')) as WrittenResults;

describe('an experiment', () => {
  it('writes a page, its numbers and its figures', async () => {
    const { out, text } = await run(line());
    expect((await readdir(out)).sort()).toEqual(['README.md', 'line.gif', 'line.png', 'line.svg', 'results.json']);
    const page = await readFile(join(out, 'README.md'), 'utf8');
    for (const part of [
      '# A line through points',
      'Legendre 1805.',
      'npm run experiment -- line',
      '![The line.](line.png)',
      '(line.gif)',
      '| size | full |',
    ])
      expect(page).toContain(part);
    expect(page).toMatch(/\| line \| 2\.0+ ± 0\.0+ \| 2 \|/);
    expect(text).toContain('| line | 2.0');
    const results = await resultsIn(out);
    expect(results).toMatchObject({ seeds: [0, 1, 2], engine: 'reference', settings: { steps: 50, rates: [1, 2] } });
    expect(results.sessions).toHaveLength(1);
  });

  it('says on its page which of its own options made it another than the full one', async () => {
    const { out } = await run(line(), ['--rates', '4,5', '--seeds', '1']);
    expect(await readFile(join(out, 'README.md'), 'utf8')).toContain('| size | full, but for `--rates` |');
  });

  it('says at once that its results can not be written', async () => {
    const { signal } = new AbortController();
    const environment = { stream: new PassThrough(), signal, workRoot: join(folder, 'work') };
    await expect(runExperiment(line(), ['--out', '/proc/none/results'], environment)).rejects.toThrow(
      'npm run experiment: the folder /proc/none',
    );
  });

  it('has other defaults under --quick, and takes options', async () => {
    const { out } = await run(line(), ['--quick', '--rates', '4,5', '--seeds', '1']);
    expect(await resultsIn(out)).toMatchObject({ quick: true, seeds: [0], settings: { steps: 30, rates: [4, 5] } });
    expect(await readFile(join(out, 'README.md'), 'utf8')).toMatch(/\| line \| [\d.]+ \| 2 \|/);
  });

  it('shows the parts of earlier runs that differ in nothing but the parts they made', async () => {
    const names = ['a', 'b', 'c'] as const;
    const made: string[] = [];
    const letters = defineExperiment({
      name: 'letters',
      title: 'Letters',
      source: 'Cadmus',
      options: {
        only: partsOf(oneOf('letters', names, 'a'), names),
        size: integer('of a letter', 1),
      },
      run: async ({ only, size }, lab) => {
        const shown = names.filter((name) => only.includes(name) || lab.isDone(name));
        const rows: (readonly [string, number])[] = [];
        for (const name of shown) rows.push([name, await lab.once(name, () => (made.push(name), size))]);
        return { tables: [{ columns: ['letter', 'size'], rows }], notes: [] };
      },
    });
    const rowsOf = async (...args: string[]) => (await resultsIn((await run(letters, args)).out)).tables[0]?.rows;
    expect(await rowsOf('--only', 'a')).toEqual([['a', 1]]);
    expect(await rowsOf('--only', 'c')).toEqual([
      ['a', 1],
      ['c', 1],
    ]);
    expect(await rowsOf('--only', 'a', '--size', '2')).toEqual([['a', 2]]);
    expect(made).toEqual(['a', 'c', 'a']);
  });

  it('goes on where it was interrupted, without repeating what is done', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const stops = line((_, seed) => (seen.push(seed) === 2 ? controller.abort() : undefined));
    const first = await run(stops, [], controller.signal);
    expect(first.interrupted).toBe(true);
    expect(first.text).toContain('Go on with the same command.');
    const second = await run(line());
    expect(second.text).not.toContain('line/0');
    expect(second.text).toContain('line/1');
    const results = await resultsIn(second.out);
    expect(results.sessions).toHaveLength(2);
    const whole = await runExperiment(line(), ['--out', join(folder, 'whole')], {
      stream: new PassThrough(),
      signal: new AbortController().signal,
      workRoot: join(folder, 'elsewhere'),
    });
    expect(whole.interrupted).toBe(false);
    expect(results.tables).toEqual((await resultsIn(join(folder, 'whole'))).tables);
  });

  it('keeps runs with other options apart, shares seeds, and forgets when it is told to', async () => {
    expect((await run(line(), ['--seeds', '1'])).text).toContain('line/0');
    const more = (await run(line(), ['--seeds', '2'])).text;
    expect([more.includes('line/0'), more.includes('line/1')]).toEqual([false, true]);
    expect((await run(line(), ['--steps', '3', '--seeds', '1'])).text).toContain('line/0');
    expect((await run(line(), ['--fresh', '--seeds', '1'])).text).toContain('line/0');
  });

  it('removes figures of the run before, and nothing else', async () => {
    const { out } = await run(line());
    const noFigures = { ...line(), prepare: () => ({ settings: {}, decisive: {}, run: async () => ({ tables: [] }) }) };
    await writeFile(join(out, 'mine.png'), '');
    await run(noFigures);
    expect((await readdir(out)).sort()).toEqual(['README.md', 'mine.png', 'results.json']);
  });

  it('closes engines that it opened', async () => {
    const opened: Lab['backend'][] = [];
    const opens = defineExperiment({
      ...{ name: 'opens', title: 'Opens', source: 'none', options: {} },
      run: async (_, lab) => {
        opened.push(lab.backend, await lab.open('reference'));
        return { tables: [] };
      },
    });
    await run(opens);
    expect(opened.map(({ name }) => name)).toEqual(['wasm', 'reference']);
    await expect(opened[0]?.upload(array(1))).rejects.toThrow();
  });

  it.each([
    [['--steps', '0'], 'npm run experiment -- line: --steps 0; expected an integer, at least 1. See --help.'],
    [['--rates', '1,x'], '--rates 1,x; expected an integer, at least 1; several with commas between them'],
    [['--backend', 'abacus'], '--backend abacus; expected wasm, reference, onnx-cpu, onnx-cuda'],
    [['--seeds', '-1'], '--seeds -1; expected an integer'],
    [['--fresh', '--resume'], '--fresh with --resume'],
    [['--data='], '--data without a folder'],
    [['--unknown'], "Unknown option '--unknown'"],
  ])('refuses %j', async (args, message) => {
    await expect(run(line(), args)).rejects.toThrow(OptionError);
    await expect(run(line(), args)).rejects.toThrow(message);
  });

  it('explains its options', async () => {
    const { text } = await run(line(), ['--help']);
    expect(text).toBe(usage(line()));
    for (const part of ['Legendre', '--steps X', '50 by default, 30 with --quick', '--quick', '--data DIR'])
      expect(text).toContain(part);
  });

  it('can not have an option that all have', () => {
    const options = { seeds: integer('seeds', 1) };
    const define = () =>
      defineExperiment({ name: 'x', title: '', source: '', options, run: async () => ({ tables: [] }) });
    expect(define).toThrow(OptionError);
  });

  it('refuses ids that are taken or no path, and results that JSON does not keep', async () => {
    const once = (work: (lab: Lab) => Promise<unknown>): Experiment =>
      defineExperiment({
        ...{ name: 'once', title: '', source: '', options: { solver: oneOf('solver', ['a', 'b'], 'a') } },
        run: async (_, lab) => {
          await work(lab);
          return { tables: [] };
        },
      });
    const twice = async (lab: Lab) => [await lab.once('a', () => 1), await lab.once('a', () => 2)];
    await expect(run(once(twice))).rejects.toThrow('two with the id “a”');
    await expect(run(once((lab) => lab.once('../a', () => 1)))).rejects.toThrow('id “../a”');
    const typed = (lab: Lab) => lab.once('b', () => Float32Array.of(1));
    await expect(run(once(typed))).rejects.toThrow('a result that JSON does not keep');
    const odd = { numbers: [NaN, Infinity, -0, 0.1], text: 'é', nested: [{ none: null }] };
    const keep = (got: unknown[]) => once(async (lab) => got.push(await lab.once('odd', () => odd)));
    const got: unknown[] = [];
    await run(keep(got));
    await run(keep(got));
    expect(got).toEqual([odd, odd]);
  });
});

it('the index lists runs', async () => {
  await run(line());
  const out = join(folder, 'all/quick/line');
  const environment = {
    stream: new PassThrough(),
    signal: new AbortController().signal,
    workRoot: join(folder, 'work'),
  };
  await runExperiment(line(), ['--quick', '--out', out], environment);
  const page = await readFile(await writeIndex(join(folder, 'all')), 'utf8');
  expect(page).toContain('[A line through points](quick/line)');
  expect(page).not.toContain('## Full runs');
});

it('spreads have a deviation from two values on', () => {
  expect(spread([3])).toEqual({ mean: 3, values: [3] });
  expect(spread([1, 3])).toEqual({ mean: 2, std: Math.SQRT2, values: [1, 3] });
});

it('measures time, and the peak of memory', async () => {
  const before = await measured(() => 1);
  const { value, cost } = await measured(async () => {
    const block = new Float64Array(2 ** 24).fill(1); // 128 MiB
    await new Promise((resolve) => setTimeout(resolve, 30));
    return block.length;
  });
  expect(value).toBe(2 ** 24);
  expect(cost.seconds).toBeGreaterThan(0.02);
  expect(cost.peakMiB).toBeGreaterThan(before.cost.peakMiB + 100);
});

it('data sets that are not there are undefined, damaged ones an error', async () => {
  expect(await ifThere(() => loadMnist({ path: join(folder, 'nowhere') }))).toBe(undefined);
  await writeFile(join(folder, 'train-images-idx3-ubyte'), 'damaged');
  await writeFile(join(folder, 'train-labels-idx1-ubyte'), 'damaged');
  await writeFile(join(folder, 't10k-images-idx3-ubyte'), 'damaged');
  await writeFile(join(folder, 't10k-labels-idx1-ubyte'), 'damaged');
  await expect(ifThere(() => loadMnist({ path: folder }))).rejects.toThrow(FormatError);
});
