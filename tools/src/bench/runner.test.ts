/** The runner from its command line to files and an exit code, with workers in this process. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BenchCase } from './cases/case.ts';
import { benchCases } from './cases/index.ts';
import type { Contestant } from './contestants.ts';
import type { Task } from './problem.ts';
import type { Counts } from './protocol.ts';
import type { Results, Row } from './results.ts';
import { main } from './runner.ts';
import { altered, decay, referenceWorker, saying, taking, y0 } from './test/support.ts';
import type { Worker } from './worker-process.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-ode-bench-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const cases: readonly BenchCase[] = [
  {
    id: 1,
    title: 'decay',
    description: 'y′ = −y.',
    experiments: () => [
      {
        kind: 'timed',
        name: 'forward',
        problem: decay({ kind: 'solve', y0, ts: [0, 1] }),
        bound: 100,
        targets: [
          { peer: 'torchdiffeq', ratio: 20 },
          { peer: 'diffrax', ratio: 1, isStrict: true },
        ],
      },
    ],
  },
  {
    id: 4,
    title: 'yardsticks',
    description: 'An engine beside its own steps.',
    experiments: () => [
      {
        kind: 'timed',
        name: 'solve',
        problem: decay({ kind: 'solve', y0, ts: [0, 1] }),
        bound: 100,
        targets: [{ peer: 'torchdiffeq', ratio: 2, engine: 'reference' }],
        yardsticks: [
          {
            name: 'evaluations',
            engine: 'reference',
            ratio: 1.5,
            task: ({ nfe }) => ({ kind: 'evaluations', y0, count: nfe ?? NaN }),
          },
        ],
      },
      {
        kind: 'timed',
        name: 'steps',
        isInternal: true,
        problem: decay({ kind: 'steps', y0, h: 0.25, count: 4, form: 'parts' }),
        bound: 100,
        targets: [],
      },
    ],
  },
  {
    id: 6,
    title: 'heavy',
    description: 'Too much for the reference engine.',
    experiments: () => [
      {
        kind: 'timed',
        name: 'forward',
        tooHeavyFor: ['reference'],
        longestRound: 60,
        problem: decay({ kind: 'solve', y0, ts: [0, 1] }),
        bound: 0.1,
        units: { rtol: 1e-3, atol: 0 },
        targets: [],
      },
    ],
  },
  {
    id: 7,
    title: 'memory',
    description: 'Its gradient.',
    experiments: () => [
      {
        kind: 'memory',
        name: 'adjoint',
        problem: {
          ...decay({ kind: 'solve', y0, ts: [0, 1] }),
          task: { kind: 'gradient', gradient: 'adjoint', y0, ts: [0, 0.1] },
        },
        bound: 100,
        spans: [1, 2],
      },
    ],
  },
];

const wrongly = (worker: Worker, name = 'ys'): Worker =>
  altered(worker, (reply) =>
    'prepared' in reply
      ? { prepared: { ...reply.prepared, answer: { [name]: (reply.prepared.answer[name] ?? []).map((y) => y + 0.1) } } }
      : reply,
  );

/** Workers by contestant; whoever is not named is right, and takes a millisecond. */
const starting =
  (workers: Readonly<Record<string, () => Worker>>, started: string[] = []) =>
  ({ name }: Contestant): Worker => {
    started.push(name);
    return (workers[name] ?? (() => taking(1)))();
  };

async function run(
  args: readonly string[],
  workers: Readonly<Record<string, () => Worker>> = {},
  signal?: AbortSignal,
) {
  const [logs, errors, started]: [string[], string[], string[]] = [[], [], []];
  const code = await main(['--quick', '--out', folder, ...args], {
    log: (text) => logs.push(text),
    error: (text) => errors.push(text),
    start: starting(workers, started),
    cases,
    ...(signal === undefined ? {} : { signal }),
  });
  const results = (): Results => JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as Results;
  return { code, logs, errors, started, results };
}

const rowOf = ({ rows }: Results, contestant: string): Row | undefined =>
  rows.find((row) => row.contestant === contestant);

describe('a run', () => {
  it('measures the reference engine for real', async () => {
    const { code, results } = await run(['--no-peers', '--backend', 'reference'], { reference: referenceWorker });
    expect(code).toBe(0);
    const row = rowOf(results(), 'reference');
    expect(row).toMatchObject({ status: 'measured', counts: { nfeBackward: 0 }, task: 'solve' });
    expect('ms' in row! && row.rounds.every((ms) => ms > 0 && ms < 1000)).toBe(true);
    expect('error' in row! && row.error).toBeLessThan(100);
  });

  it('writes figures, verdicts and a table', async () => {
    const { code, logs, results } = await run(['--case', '1', '--threads', '1'], {
      wasm: () => taking(1),
      torchdiffeq: () => taking(30),
      'torchdiffeq, f compiled': () => taking(25),
      diffrax: () => taking(1),
    });
    expect(code).toBe(0);
    const found = results();
    expect(rowOf(found, 'torchdiffeq')).toMatchObject({
      status: 'measured',
      rounds: [30, 30, 30],
      ms: { median: 30, low: 30, high: 30 },
      peer: 'torchdiffeq',
      threads: 1,
      task: 'solve',
    });
    const [torch, jax] = found.targets;
    // Of PyTorch's two the faster counts; as fast as diffrax is not ahead of it.
    expect(torch).toMatchObject({ contestant: 'torchdiffeq, f compiled', verdict: 'met', ratio: { median: 25 } });
    expect(jax).toMatchObject({ contestant: 'diffrax', verdict: 'missed', ratio: { median: 1 } });
    const table = readFileSync(join(folder, 'results.md'), 'utf8');
    expect(logs.join('\n')).toContain(table);
    expect(table).toMatch(/^\| 1, forward +\| torchdiffeq +\| +1 \| +30 \| +30–30 \|/m);
    expect(table).toMatch(/\| +25× \| +25–25 \| met/);
    expect(table).toMatch(/\| +1× \| +1–1 \| missed/);
  });

  it('spares the reference engine what is too much for it', async () => {
    const { code, started, results } = await run(
      ['--case', '6', '--no-peers', '--threads', '1', '--backend', 'reference,wasm,onnx-cpu'],
      {
        'onnx-cpu': () => wrongly(taking(1)),
      },
    );
    expect([code, started]).toEqual([1, ['wasm', 'wasm', 'onnx-cpu']]);
    expect(rowOf(results(), 'reference')).toMatchObject({ status: 'skipped' });
    // Errors are in units of the experiment, far larger here than the tolerances of the problem.
    const row = rowOf(results(), 'wasm');
    expect(row).toMatchObject({ status: 'measured' });
    expect('error' in row! && row.error).toBeLessThan(0.1);
    expect(rowOf(results(), 'onnx-cpu')).toMatchObject({ status: 'wrong', reason: expect.stringContaining('0.1') });
  });

  it('times nobody whose answer is wrong', async () => {
    const { code, results } = await run(['--case', '1', '--peers', 'diffrax', '--threads', '1'], {
      diffrax: () => wrongly(taking(1)),
    });
    expect(code).toBe(0);
    const row = rowOf(results(), 'diffrax');
    expect(row).toMatchObject({ status: 'wrong', reason: expect.stringContaining('tolerances off') });
    expect(row).not.toHaveProperty('ms');
    expect(results().targets[1]).toMatchObject({ verdict: 'not measured' });
  });

  it('counts an engine of its own that is wrong as a failure', async () => {
    const { code } = await run(['--case', '1', '--no-peers'], { wasm: () => wrongly(taking(1)) });
    expect(code).toBe(1);
  });

  it('tells of libraries that are missing, and asks them once', async () => {
    const reason = 'package @node-ode/backend-onnx is not installed';
    const { code, started, results } = await run(['--no-peers', '--backend', 'reference,onnx-cpu'], {
      'onnx-cpu': () => saying({ unavailable: reason }),
    });
    expect(code).toBe(0);
    expect(results().unavailable).toEqual({ 'onnx-cpu': reason });
    expect(rowOf(results(), 'onnx-cpu')).toMatchObject({ status: 'unavailable', reason });
    expect(started.filter((name) => name === 'onnx-cpu')).toHaveLength(1);
    expect(readFileSync(join(folder, 'results.md'), 'utf8')).toContain(`- onnx-cpu: ${reason}`);
  });

  it('goes on without who crashes in a round', async () => {
    let rounds = 0;
    const crashing = (): Worker =>
      altered(taking(1), (reply) => ('times' in reply && ++rounds > 2 ? { error: 'ended by SIGSEGV' } : reply));
    const { code, results } = await run(['--case', '1', '--peers', 'diffrax', '--threads', '1'], { diffrax: crashing });
    expect(code).toBe(0);
    expect(rowOf(results(), 'diffrax')).toMatchObject({ status: 'failed', reason: 'ended by SIGSEGV' });
    expect(rounds).toBe(3); // a warm-up, a round, the crash
    expect(rowOf(results(), 'reference')).toMatchObject({ status: 'measured' });
  });

  it('runs compiled dynamics only where they help', async () => {
    const { results } = await run(['--case', '1', '--peers', 'torchdiffeq', '--threads', '1'], {
      torchdiffeq: () => taking(30),
      'torchdiffeq, f compiled': () => taking(31),
    });
    expect(rowOf(results(), 'torchdiffeq, f compiled')).toMatchObject({
      status: 'skipped',
      reason: 'does not help: 31.0 ms against 30.0 ms',
    });
  });

  it('takes turns: each round has everyone', async () => {
    const order: string[] = [];
    const noting = (name: string) => (): Worker =>
      altered(taking(1), (reply) => {
        if ('times' in reply) order.push(name);
        return reply;
      });
    await run(['--case', '1', '--backend', 'wasm', '--peers', 'diffrax', '--threads', '1', '--rounds', '2'], {
      wasm: noting('ours'),
      diffrax: noting('peer'),
    });
    expect(order).toEqual(['ours', 'peer', 'ours', 'peer', 'ours', 'peer']); // a warm-up and two rounds
  });

  it('skips the reference engine where a round would be long', async () => {
    const slow = (): Worker =>
      altered(taking(1), (reply) => ('prepared' in reply ? { prepared: { ...reply.prepared, runMs: 21_000 } } : reply));
    const { results } = await run(['--case', '1', '--no-peers', '--backend', 'reference,wasm'], { reference: slow });
    expect(rowOf(results(), 'reference')).toMatchObject({ status: 'skipped', reason: 'a round would take 21 s' });
    expect(rowOf(results(), 'wasm')).toMatchObject({ status: 'measured' });
  });

  it.each([
    [9_000, ['prepared', 'times', 'times', 'times', 'times']],
    [30_000, ['prepared', 'times', 'times', 'times']],
  ])('warms up who is not slow: %i ms, where a round may take a minute', async (runMs, expected) => {
    const replies: string[] = [];
    const slow = (): Worker =>
      altered(taking(1), (reply) => {
        replies.push(...Object.keys(reply));
        return 'prepared' in reply ? { prepared: { ...reply.prepared, runMs } } : reply;
      });
    const { results } = await run(['--case', '6', '--no-peers', '--backend', 'tfjs-cpu'], { 'tfjs-cpu': slow });
    expect(rowOf(results(), 'tfjs-cpu')).toMatchObject({ status: 'measured' });
    expect(replies).toEqual(expected);
  });

  it('leaves out threads that the machine does not have', async () => {
    const { results } = await run(['--case', '1', '--backend', 'reference', '--peers', 'diffrax', '--threads', '4096']);
    expect(rowOf(results(), 'diffrax')).toMatchObject({ status: 'skipped', reason: expect.stringMatching(/core/) });
  });

  it('compares engines with their yardsticks', async () => {
    const asked: [Task, Task | undefined][] = [];
    const noting = (worker: Worker) => (): Worker => ({
      ...worker,
      request: (request, seconds) => {
        if ('prepare' in request) asked.push([request.prepare.task, request.inTurnWith]);
        return worker.request(request, seconds);
      },
    });
    const args = ['--case', '4', '--backend', 'wasm,reference', '--peers', 'torchdiffeq', '--threads', '1'];
    const { code, results } = await run(args, {
      reference: noting(taking(3)),
      // In its process the engine takes 3, 30 and 3.25 ms: one run was disturbed.
      'reference, evaluations': noting(taking(2.5, [3, 30, 3.25])),
      torchdiffeq: () => taking(5),
      'torchdiffeq, f compiled': () => taking(6),
    });
    expect(code).toBe(0);
    const { rows, targets } = results();
    const names = (experiment: string): readonly string[] =>
      rows.filter((row) => row.experiment === experiment).map(({ contestant }) => contestant);
    expect(names('solve')).toEqual([
      ...['wasm', 'reference', 'torchdiffeq', 'torchdiffeq, f compiled'],
      'reference, evaluations',
    ]);
    // Peers take no part in what is about our engines alone.
    expect(names('steps')).toEqual(['wasm', 'reference']);
    const solved = rows.find(({ contestant, experiment }) => contestant === 'reference' && experiment === 'solve');
    const { nfe } = (solved as { readonly counts: Counts }).counts;
    const solve: Task = { kind: 'solve', y0, ts: [0, 1] };
    // Each round of the yardstick has a process of its own.
    const evaluations: Task = { kind: 'evaluations', y0, count: nfe ?? NaN };
    const inTurn = asked.filter(([, inTurnWith]) => inTurnWith !== undefined);
    expect(inTurn).toEqual([1, 2, 3].map(() => [evaluations, solve]));
    expect(asked).toContainEqual([solve, undefined]);
    expect(solved).toMatchObject({ rounds: [3, 3, 3] });
    expect(targets).toMatchObject([
      { engine: 'reference', rival: 'torchdiffeq', relation: '≥', ratio: { median: 5 / 3 }, verdict: 'missed' },
      { engine: 'reference', rival: 'evaluations', relation: '≤', ratio: { median: 1.3 }, verdict: 'met' },
    ]);
    expect(readFileSync(join(folder, 'results.md'), 'utf8')).toMatch(
      /^\| 4, solve +\| reference +\| reference, evaluations +\| +≤ 1.5× \| +1.3× \|/m,
    );
  });

  it('has no yardstick of an engine that is wrong, or does not run', async () => {
    const wrong = await run(['--case', '4', '--no-peers', '--backend', 'wasm,reference'], {
      'reference, evaluations': () => wrongly(taking(1), 'dy'),
    });
    expect(wrong.code).toBe(1);
    expect(rowOf(wrong.results(), 'reference, evaluations')).toMatchObject({ status: 'wrong' });
    const without = await run(['--case', '4', '--no-peers', '--backend', 'wasm']);
    expect(without.code).toBe(0);
    expect(rowOf(without.results(), 'reference, evaluations')).toBeUndefined();
    expect(without.results().targets[1]).toMatchObject({ verdict: 'not measured', reason: 'reference did not run' });
  });

  it('measures memory over each span', async () => {
    const { code, results } = await run(['--case', '7', '--no-peers', '--backend', 'reference']);
    expect(code).toBe(0);
    const row = rowOf(results(), 'reference');
    expect(row).toMatchObject({ status: 'memory', spans: [{ span: 1 }, { span: 2 }] });
    expect(readFileSync(join(folder, 'results.md'), 'utf8')).toMatch(
      /^\| 7, adjoint +\| reference +\| +\S+ \(\d+\) \|/m,
    );
  });

  it('can not check anything without the reference engine', async () => {
    const { code, results } = await run(['--case', '1', '--no-peers', '--backend', 'wasm'], {
      reference: () => saying({ error: 'broken' }),
    });
    expect(code).toBe(1);
    expect(rowOf(results(), 'wasm')).toMatchObject({
      status: 'failed',
      reason: 'there is no reference answer: broken',
    });
  });

  it('reports what there is when it is interrupted', async () => {
    const controller = new AbortController();
    const interrupting = (): Worker =>
      altered(taking(1), (reply) => {
        controller.abort();
        return reply;
      });
    const { code, results } = await run(['--no-peers', '--backend', 'wasm'], { wasm: interrupting }, controller.signal);
    expect(code).toBe(130);
    expect(results().isInterrupted).toBe(true);
    expect(results().rows.some((row) => row.case === 7)).toBe(false);
  });
});

describe('the command line', () => {
  it('shows its usage', async () => {
    const { code, logs } = await run(['--help']);
    expect(code).toBe(0);
    expect(logs.join('\n')).toContain('npm run bench -- [options]');
  });

  it('refuses what is wrong with one line', async () => {
    const { code, errors, started } = await run(['--case', '99']);
    expect([code, errors]).toEqual([2, ["npm run bench: --case '99'; expected one of 1, 2, 3, 4, 6, 7. See --help."]]);
    expect(started).toEqual([]);
  });
});

describe('the cases', () => {
  /** What each experiment holds engines to, of those engines that are asked for. */
  const targetsOf = (isAbout: (engine: string) => boolean) =>
    benchCases.flatMap(({ id, experiments }) =>
      experiments(true).map((e) => {
        const { targets, yardsticks = [] } = e.kind === 'timed' ? e : { targets: [] };
        const ours = <T extends { readonly engine?: string }>(all: readonly T[]): readonly T[] =>
          all.filter(({ engine = '' }) => isAbout(engine));
        return [
          id,
          e.name,
          ...ours(targets).map(({ peer, contestant, ratio, engine }) =>
            [contestant ?? peer, ratio, engine].join(' ').trim(),
          ),
          ...ours(yardsticks).map(({ name, ratio, engine }) => `${name} ${ratio} ${engine}`),
        ];
      }),
    );
  const isOnTfjs = (engine: string): boolean => engine.startsWith('tfjs-');

  it('are those of the issue, each with its targets', () => {
    const targets = targetsOf((engine) => !isOnTfjs(engine));
    expect(targets).toEqual([
      [1, 'forward', 'torchdiffeq 20', 'diffrax 1'],
      [1, 'steps', 'plain nodes 0.65 onnx-cpu'],
      [2, 'adjoint', 'torchdiffeq 20', 'diffrax 1'],
      [2, 'backprop', 'torchdiffeq 20', 'diffrax 1'],
      [3, 'forward', 'torchdiffeq 8'],
      [4, 'forward', 'torchdiffeq 0.7', 'torchdiffeq 1.5 onnx-cpu', 'evaluations alone 1.3 onnx-cpu'],
      [4, 'adjoint', 'torchdiffeq 0.7', 'torchdiffeq 1.5 onnx-cpu'],
      [4, 'backprop', 'torchdiffeq 0.7', 'torchdiffeq 1.5 onnx-cpu'],
      [6, 'adjoint', 'torchdiffeq 0.83 onnx-cpu'],
      [6, 'backprop', 'torchdiffeq 0.83 onnx-cpu'],
      [7, 'adjoint'],
      [7, 'backprop'],
    ]);
  });

  it('hold engines on tfjs to their kernel calls, and to solvers by hand', () => {
    const targets = targetsOf(isOnTfjs).filter((row) => row.length > 2);
    const byHand = ['cpu', 'wasm', 'node'].map((backend) => `tfjs on ${backend} 1 tfjs-${backend}`);
    const alone = ['cpu', 'wasm', 'node', 'webgpu', 'node-gpu'].map((of) => `kernel calls alone 1.1 tfjs-${of}`);
    expect(targets).toEqual([
      [1, 'forward', ...byHand, ...alone],
      [2, 'adjoint', ...alone],
      [2, 'backprop', ...alone],
      [3, 'forward', ...byHand, ...alone],
      [4, 'forward', ...byHand, ...alone],
      [4, 'adjoint', ...alone],
      [4, 'backprop', ...alone],
      [6, 'adjoint', ...alone.slice(1)],
      [6, 'backprop', ...alone.slice(1)],
    ]);
  });

  it('give everyone the same batches', () => {
    const [adjoint, backprop] = (benchCases[1]?.experiments(false) ?? []).map(({ problem }) => problem.task);
    expect({ ...adjoint, gradient: 'backprop' }).toEqual(backprop);
  });

  it('are the same problems when they are to be quick', () => {
    for (const { experiments } of benchCases) {
      const [quick, full] = [experiments(true), experiments(false)].map((all) =>
        all.map(({ problem: { task, ...rest } }) => ({ ...rest, task: { ...task, iterations: 0 } })),
      );
      expect(quick).toEqual(full);
    }
  });
});
