/** This library's worker against solutions that are known: y' = −y. */
import { reference } from '@node-ode/backend-reference';
import { backends, type BackendFactory } from '@node-ode/e2e/backends';
import { describe, expect, it } from 'vitest';
import type { GradientName, Problem, TrainingTask } from '../problem.ts';
import type { MemoryUse, Prepared, Reached } from '../protocol.ts';
import { decay, referenceWorker, y0 } from '../test/support.ts';
import type { Worker } from '../worker-process.ts';
import { workerOn } from './worker.ts';

const solve = { ...decay({ kind: 'solve', y0, ts: [0, 1] }), task: { kind: 'solve', y0, ts: [0, 1] } } as const;

async function prepare(worker: Worker, problem: Problem): Promise<Prepared> {
  const reply = await worker.request({ prepare: problem }, 60);
  if (!('prepared' in reply)) throw new Error(JSON.stringify(reply));
  return reply.prepared;
}

/** Within 1e-4: ten times the tolerance of the solves. */
const expectClose = (actual: readonly number[] | undefined, expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((x, i) => expect(Math.abs((actual?.[i] ?? NaN) - x)).toBeLessThan(1e-4));
};

describe('a solve', () => {
  it('answers with the states after the first time, and what they cost', async () => {
    const worker = referenceWorker();
    const { answer, counts, compileMs, runMs, versions } = await prepare(
      worker,
      decay({ kind: 'solve', y0, ts: [0, 0.5, 2] }),
    );
    const at = (t: number): number[] => y0.flat().map((y) => y * Math.exp(-t));
    expectClose(answer['ys'], [...at(0.5), ...at(2)]);
    // dopri5: six evaluations a step, the first slope, and one more for the size of the first step
    expect(counts).toEqual({ nfe: 2 + 6 * (counts.steps ?? NaN), nfeBackward: 0, steps: expect.any(Number) });
    expect([compileMs >= 0, runMs > 0, versions]).toEqual([true, true, { node: process.versions.node }]);
  });

  it('is run at least once a round', async () => {
    const worker = referenceWorker();
    await prepare(worker, decay({ kind: 'solve', y0, ts: [0, 1] }));
    expect(await worker.request({ round: { seconds: 0 } }, 60)).toEqual({ times: [expect.any(Number)] });
  });
});

describe.each(['adjoint', 'backprop'] as const)('a gradient by %s', (gradient: GradientName) => {
  /** The loss is the mean of y(T)², so that with Y = y0·e^{WT} at W = −1 dL/dW = 2T·Yᵀ·Y/n, dL/db = 2·Σ Y·(1 − e^{−T})/n. */
  const exact = (span: number): { readonly loss: number[]; readonly gradient: number[] } => {
    const ends = y0.map((row) => row.map((y) => y * Math.exp(-span)));
    const entry = (i: number, j: number): number => ends.reduce((sum, row) => sum + row[i]! * row[j]!, 0);
    const bias = (j: number): number => ends.reduce((sum, row) => sum + row[j]!, 0) * (1 - Math.exp(-span));
    return {
      loss: [ends.flat().reduce((sum, y) => sum + y * y, 0) / 4],
      gradient: [
        ...[entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)].map((x) => (2 * span * x) / 4),
        ...[bias(0), bias(1)].map((x) => (2 * x) / 4),
      ],
    };
  };

  it('is that of the mean squared last state, weights before biases', async () => {
    const worker = referenceWorker();
    const { answer, counts } = await prepare(worker, decay({ kind: 'gradient', gradient, y0, ts: [0, 1] }));
    expectClose(answer['loss'], exact(1).loss);
    expectClose(answer['gradient'], exact(1).gradient);
    expect(counts.nfeBackward).toBeGreaterThan(0);
  });

  it('is computed over another span for memory', async () => {
    const worker = referenceWorker();
    await prepare(worker, decay({ kind: 'gradient', gradient, y0, ts: [0, 0.1] }));
    const reply = await worker.request({ memory: { ts: [0, 1.5] } }, 60);
    const memory = (reply as { readonly memory: MemoryUse }).memory;
    expectClose(memory.answer['gradient'], exact(1.5).gradient);
    expect(memory.baseBytes).toBeGreaterThan(2 ** 20);
    expect(memory.peakBytes).toBeGreaterThanOrEqual(memory.baseBytes);
  });
});

describe('training', () => {
  const ts = Array.from({ length: 8 }, (_, i) => i / 8);
  const task: TrainingTask = {
    kind: 'training',
    gradient: 'adjoint',
    ts,
    // The truth decays half as fast as the initial weights say.
    ys: ts.map((t) => [Math.exp(-t / 2), 2 * Math.exp(-t / 2)]),
    window: 4,
    batches: [
      [0, 1],
      [2, 3],
    ],
    iterations: 3,
    learningRate: 0.01,
  };

  it('answers with the loss and the gradient of the first batch', async () => {
    const worker = referenceWorker();
    const { answer } = await prepare(worker, decay(task));
    const errors = [0, 1].flatMap((start) =>
      [0, 1, 2, 3].flatMap((k) => {
        const [from, to] = [task.ys[start]!, task.ys[start + k]!];
        return from.map((y, i) => Math.abs(y * Math.exp(-ts[k]!) - to[i]!));
      }),
    );
    expectClose(answer['loss'], [errors.reduce((a, b) => a + b) / errors.length]);
    expect(answer['gradient']).toHaveLength(6);
  });

  it('runs a round of so many steps, and again if there is time', async () => {
    const worker = referenceWorker();
    await prepare(worker, decay(task));
    const reply = await worker.request({ round: { seconds: 0 } }, 60);
    expect('times' in reply && reply.times).toHaveLength(3);
  });

  it('reaches a test loss, or gives up', async () => {
    const worker = referenceWorker();
    await prepare(worker, decay(task));
    const reach = async (target: number): Promise<Reached> => {
      const reply = await worker.request({ reach: { target, every: 5, limit: 200, seconds: 60 } }, 60);
      return (reply as { readonly reach: Reached }).reach;
    };
    const found = await reach(0.02);
    expect(found.reached).toBe(true);
    expect(found.loss).toBeLessThanOrEqual(0.02);
    expect([found.iterations % 5, found.iterations < 200]).toEqual([0, true]);
    expect(await reach(0)).toMatchObject({ reached: false, iterations: 200 });
  });
});

describe('steps of one size', () => {
  const [h, count] = [1 / 4, 6];
  const answerOf = async (form: 'parts' | 'plain'): Promise<Prepared> => {
    const problem = decay({ kind: 'steps', y0, h, count, form });
    return prepare(referenceWorker(), { ...problem, dtype: 'f64' });
  };
  /** What a step of dopri5 multiplies y' = −y by: e^−h up to h⁵, and its own term of h⁶. */
  const factor = [1, 1, 2, 6, 24, 120, 600].reduce((sum, n, i) => sum + (-h) ** i / n, 0);

  it.each(['parts', 'plain'] as const)('are those of dopri5 (%s)', async (form) => {
    const { answer, counts } = await answerOf(form);
    y0.flat().forEach((y, i) => expect(answer['y']?.[i]).toBeCloseTo(y * factor ** count, 12));
    expect(counts).toEqual({ nfe: 1 + 6 * count, nfeBackward: 0, steps: count });
  });

  it('have the same error norm in either form', async () => {
    const [[parts], [plain]] = [(await answerOf('parts')).answer['norm'], (await answerOf('plain')).answer['norm']] as [
      number[],
      number[],
    ];
    expect(parts).toBeGreaterThan(1e-3);
    expect(Math.abs((plain as number) / (parts as number) - 1)).toBeLessThan(1e-10);
  });

  it('tell how many nodes ONNX Runtime gets for one of them', async () => {
    const nodesOf = async (form: 'parts' | 'plain'): Promise<number> => {
      const handle = workerOn('onnx-cpu', backends['onnx-cpu'] as BackendFactory);
      const reply = await handle({ prepare: decay({ kind: 'steps', y0, h, count, form }) });
      const { nodesPerStep, versions } = (reply as { readonly prepared: Prepared }).prepared;
      expect(versions['onnxruntime-node']).toMatch(/^\d+\.\d+\.\d+/);
      return nodesPerStep ?? NaN;
    };
    const plain = await nodesOf('plain');
    // t, six evaluations (each a Gemm here), Σ 2i + 1 for the stages without b₂, the error, its norm
    expect(plain).toBe(1 + 6 + (3 + 5 + 7 + 9 + 11 + 11) + 12 + 9);
    expect(await nodesOf('parts')).toBeLessThan(plain);
  });
});

it('evaluates the right-hand side alone', async () => {
  const worker = referenceWorker();
  const { answer, counts } = await prepare(worker, decay({ kind: 'evaluations', y0, count: 5 }));
  expectClose(
    answer['dy'],
    y0.flat().map((y) => -y),
  );
  expect(counts).toEqual({ nfe: 5, nfeBackward: 0, steps: null });
  expect(await worker.request({ round: { seconds: 0 } }, 60)).toEqual({ times: [expect.any(Number)] });
});

it('takes turns with the task that it is a yardstick of', async () => {
  const worker = referenceWorker();
  const [{ task, ...problem }, inTurnWith] = [decay({ kind: 'evaluations', y0, count: 5 }), solve.task];
  const reply = await worker.request({ prepare: { ...problem, task }, inTurnWith }, 60);
  expect(reply).toMatchObject({ prepared: { answer: { dy: expect.any(Array) } } });
  expect(await worker.request({ round: { seconds: 0 } }, 60)).toEqual({
    times: [expect.any(Number), expect.any(Number)],
    inTurn: [expect.any(Number), expect.any(Number)],
  });
});

it('takes turns with its own kernel calls, which know what was uploaded in the place of something else', async () => {
  const handle = workerOn('tfjs-wasm', backends['tfjs-wasm'] as BackendFactory);
  const reply = await handle({
    prepare: { ...solve, task: { kind: 'kernelCalls', of: solve.task } },
    inTurnWith: solve.task,
  });
  const { calls, counts } = (reply as { readonly prepared: Prepared }).prepared;
  // The size of each step, and nothing else: the run before has left what stays the same.
  expect(calls?.uploads).toBe(counts.steps);
  expect(calls?.reads).toBeGreaterThan(counts.steps ?? NaN);
  // What the calls leave is what the engine left, or the round is an error.
  expect(await handle({ round: { seconds: 0.02 } })).toEqual({ times: expect.any(Array), inTurn: expect.any(Array) });
});

describe('what it can not do is a reply', () => {
  it('without an engine', async () => {
    const handle = workerOn('wasm', () => Promise.reject(new Error('package wasm is not installed')));
    expect(await handle({ prepare: solve })).toEqual({ unavailable: 'package wasm is not installed' });
  });

  it('with a dtype that the engine lacks', async () => {
    const engine = reference();
    const single = { ...engine, capabilities: { ...engine.capabilities, dtypes: ['f32' as const] } };
    const handle = workerOn('single', () => Promise.resolve(single));
    expect(await handle({ prepare: { ...solve, dtype: 'f64' } })).toEqual({ unsupported: 'no f64' });
  });

  it('with a solve that fails', async () => {
    const reply = await referenceWorker().request({ prepare: { ...solve, maxSteps: 1, rtol: 1e-7 } }, 60);
    expect(reply).toEqual({ error: expect.stringContaining('maxSteps') });
  });

  it('before it was prepared, or for another task', async () => {
    const worker = referenceWorker();
    expect(await worker.request({ round: { seconds: 0 } }, 60)).toMatchObject({ error: expect.any(String) });
    await prepare(worker, solve);
    expect(await worker.request({ memory: { ts: [0, 1] } }, 60)).toEqual({ unsupported: 'no gradient' });
    expect(await worker.request({ reach: { target: 1, every: 1, limit: 1, seconds: 1 } }, 60)).toEqual({
      unsupported: 'no training',
    });
  });
});
