import { reference } from '@node-ode/backend-reference';
import {
  array,
  compile,
  createOde,
  FormatError,
  mapTree,
  OptionError,
  random,
  rungeKutta,
  SolveError,
  valueAndGrad,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { inMemory } from '@node-ode/datasets';
import { describe, expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint, type CheckpointStore } from '../checkpoint/checkpoint.ts';
import { fit } from './fit.ts';
import type { FitOptions, Progress } from './options.ts';
import { StepError } from './step-error.ts';

interface Params {
  readonly w: HostArray;
  readonly b: HostArray;
}
interface State {
  readonly params: Params;
  readonly velocity: Params;
  readonly steps: number;
}
interface Sample {
  readonly x: HostArray;
  readonly y: HostArray;
}

const rng = random(3);
const x = Array.from({ length: 10 }, () => [rng.normal(), rng.normal()]);
const y = x.map(([a = 0, b = 0]) => [2 * a - b + 0.5]);
/** Ten samples: four batches of three, the last of one. */
const line = inMemory<Sample>('line', { train: { x: array(x), y: array(y) }, test: { x: array(x), y: array(y) } });

const zeros = (): Params => ({ w: array([[0], [0]]), b: array([0]) });
const initial = (): State => ({ params: zeros(), velocity: zeros(), steps: 0 });

const loss = (params: TensorsOf<Params>, batch: TensorsOf<Sample>): Tensor =>
  batch.x.matmul(params.w).add(params.b).sub(batch.y).square().mean();

interface TracedState {
  readonly params: TensorsOf<Params>;
  readonly velocity: TensorsOf<Params>;
  readonly steps: Tensor;
}

/** Gradient descent with momentum. */
const traced = (state: TracedState, batch: TensorsOf<Sample>) => {
  const { value, grad } = valueAndGrad((params: TensorsOf<Params>) => loss(params, batch))(state.params);
  const w = state.velocity.w.mul(0.9).add(grad.w);
  const b = state.velocity.b.mul(0.9).add(grad.b);
  return {
    state: {
      params: { w: state.params.w.sub(w.mul(0.05)), b: state.params.b.sub(b.mul(0.05)) },
      velocity: { w, b },
      steps: state.steps.add(1),
    },
    loss: value,
  };
};

/** Freed memory is overwritten: what uses an array too long gives NaN. */
const backend = reference({ poison: true });
const step = compile(backend, traced);
const base = { step, state: initial(), dataset: line, batchSize: 3 };

/** Through the bytes of a file, as a folder would. */
function memory(): CheckpointStore & { readonly files: Uint8Array[] } {
  const files: Uint8Array[] = [];
  return {
    files,
    save: async (checkpoint) => void files.push(encodeCheckpoint(checkpoint)),
    latest: async () => (files.length === 0 ? undefined : decodeCheckpoint(files.at(-1) ?? new Uint8Array())),
  };
}

const run = (options: Partial<FitOptions<State, Sample>> = {}) =>
  fit<State, Sample>({ ...base, random: random(1), ...options } as FitOptions<State, Sample>);

describe('fit', () => {
  it('trains, and tells how', async () => {
    const seen: Progress[] = [];
    const { state, step, epoch, history, interrupted } = await run({
      epochs: 60,
      onProgress: (progress) => void seen.push(progress),
    });
    expect(Array.from(state.params.w.data, (v) => Math.round(1000 * v))).toEqual([2000, -1000]);
    expect(state.params.b.data[0]).toBeCloseTo(0.5, 3);
    expect(state.steps.data[0]).toBe(240);
    expect([step, epoch, interrupted]).toEqual([240, 59, false]);
    expect(history['step']).toEqual(Array.from({ length: 240 }, (_, i) => i + 1));
    expect(history['epoch']?.slice(0, 9)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2]);
    expect(history['loss']?.at(-1)).toBeLessThan(1e-6);
    expect(seen.length).toBe(240);
    expect(seen[239]).toMatchObject({ step: 240, steps: 240, epoch: 59, epochs: 60, nfe: 0 });
    expect(seen[239]?.values).toEqual({ loss: history['loss']?.[239] });
    expect(seen[239]?.stepsPerSecond).toBeGreaterThan(0);
  });

  it('does what the step does, batch by batch', async () => {
    let expected = initial();
    const order = random(1).split();
    for (const batch of line.batches('train', { batchSize: 3, random: order })) {
      const { state } = await step(expected, batch);
      const read = async (a: { read(): Promise<HostArray> }): Promise<HostArray> => a.read();
      expected = {
        params: { w: await read(state.params.w), b: await read(state.params.b) },
        velocity: { w: await read(state.velocity.w), b: await read(state.velocity.b) },
        steps: (await read(state.steps)).data[0] ?? NaN,
      };
    }
    expect((await run({ epochs: 1 })).state.params).toEqual(expected.params);
  });

  it('counts evaluations and steps of solves', async () => {
    const euler = rungeKutta({ name: 'euler', order: 1, c: [0], a: [[]], b: [1] });
    const ode = createOde({ backend, solver: euler, h: 0.25 });
    const decay = ode.compile((rate: Tensor, batch: { y: Tensor }) => {
      const solve = (r: Tensor): Tensor => {
        const { ys } = ode.odeint((_t, s) => s.mul(r), batch.y, [0, 1]);
        return ys.at(1).square().mean();
      };
      const { value, grad } = valueAndGrad(solve)(rate);
      return { state: rate.sub(grad.mul(0.1)), loss: value };
    });
    const { history } = await fit({
      step: decay,
      state: -1,
      batches: () => [{ y: array([1]) }],
      steps: 2,
    });
    expect([history['nfe'], history['accepted'], history['rejected']]).toEqual([
      [4, 4],
      [4, 4],
      [0, 0],
    ]);
    expect(history['loss']?.[0]).toBeCloseTo(0.75 ** 8, 6);
  });

  it('keeps the state on the device, and frees what it no longer needs', async () => {
    const arguments_: unknown[] = [];
    const disposed: string[] = [];
    const watched: typeof base.step = Object.assign((...args: Parameters<typeof step>) => step(...args), step, {
      run: async (...args: Parameters<typeof step.run>) => {
        arguments_.push(args[0].steps);
        const { result, stats } = await step.run(...args);
        const { dispose } = result.state.steps;
        result.state.steps.dispose = () => {
          disposed.push(`steps ${arguments_.length}`);
          dispose();
        };
        return { result, stats };
      },
    });
    await run({ step: watched, steps: 3 });
    expect(arguments_.map((leaf) => typeof leaf)).toEqual(['number', 'object', 'object']);
    expect(disposed).toEqual(['steps 2', 'steps 3', 'steps 3']);
  });

  it('keeps arrays that a step passes through', async () => {
    const frozen = compile(backend, (state: { a: Tensor; n: Tensor }, batch: Tensor) => ({
      state: { a: state.a, n: state.n.add(batch) },
      value: state.a.sum(),
    }));
    const { state, history } = await fit({
      step: frozen,
      state: { a: array([1, 2]), n: 0 },
      batches: () => [1, 2, 3],
      epochs: 2,
    });
    expect([...state.a.data, ...state.n.data]).toEqual([1, 2, 12]);
    expect(history['value']).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('computes metrics when they are due', async () => {
    const evaluate = compile(backend, loss);
    const { history } = await run({
      steps: 5,
      metrics: {
        every: 2,
        compute: async ({ params }) => ({
          'test loss': (await (await evaluate(params, line.all('test'))).read()).data[0] ?? NaN,
        }),
      },
    });
    const column = history['test loss'] ?? [];
    expect(column.map(Number.isNaN)).toEqual([true, false, true, false, true]);
    expect(column[3]).toBeLessThan(column[1] ?? 0);
  });

  it('lets the event loop have its turn between steps', async () => {
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns += 1;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    await run({ steps: 10 });
    running = false;
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it.each([
    [{}, 'fit: neither steps nor epochs'],
    [{ steps: -1 }, 'steps -1; expected an integer, at least 0'],
    [{ epochs: 1.5 }, 'epochs 1.5'],
    [
      { steps: 1, metrics: { every: 0, compute: async () => ({}) } },
      'metrics.every 0; expected an integer, at least 1',
    ],
    [{ steps: 1, checkpoint: { store: memory(), everySteps: 0 } }, 'checkpoint.everySteps 0'],
    [{ steps: 1, checkpoint: { store: memory(), everySeconds: NaN } }, 'checkpoint.everySeconds NaN'],
    [{ steps: 1, resume: true }, 'resume without a place to resume from'],
    [{ steps: 1, batches: () => [] }, 'epoch 0 has 0 batches; expected at least one'],
  ])('refuses %o', async (options, message) => {
    const refused = expect(run(options)).rejects;
    await refused.toThrow(message);
    await expect(run(options)).rejects.toThrow(OptionError);
  });

  it('refuses a result that is no scalar', async () => {
    const wrong = compile(backend, (state: Tensor, batch: Tensor) => ({ state, loss: batch }));
    await expect(fit({ step: wrong, state: 0, batches: () => [array([1, 2])], steps: 1 })).rejects.toThrow(
      "the step's result “loss” is of shape [2]; expected a scalar",
    );
  });
});

describe('a step that fails', () => {
  const failing = compile(backend, (state: { w: Tensor; velocity: Tensor }, batch: Tensor) => {
    const w = state.w.sub(batch);
    return { state: { w, velocity: state.velocity.mul(0.5) }, loss: w.log() };
  });
  const begin = { w: 4, velocity: 1 };

  it('leaves parameters and optimiser state as they were, and says which it was', async () => {
    const store = memory();
    const error: StepError = await fit({
      step: failing,
      state: begin,
      batches: () => [1, 1, 1, 1, 1],
      steps: 5,
      checkpoint: { store },
    }).catch((e) => e);
    expect(error).toBeInstanceOf(StepError);
    expect([error.step, error.code]).toEqual([4, 'STEP']);
    expect(error.message).toContain('fit: step 4: loss is -Infinity');
    const isArray = (a: unknown): a is HostArray => typeof a === 'object' && a !== null && 'data' in a;
    expect(mapTree('test', isArray, (a) => a.data[0], error.state)).toEqual({ w: 1, velocity: 0.125 });
    const saved = await store.latest();
    expect([saved?.step, saved?.state.get('w')?.data[0]]).toEqual([3, 1]);
  });

  it('can be tried again from there', async () => {
    const store = memory();
    const options = { step: failing, state: begin, steps: 5, checkpoint: { store } };
    await expect(fit({ ...options, batches: () => [1, 1, 1, 1, 1] })).rejects.toThrow(StepError);
    const { state, history } = await fit({ ...options, batches: () => [1, 1, 1, -1, -1], resume: true });
    expect([...state.w.data, ...state.velocity.data]).toEqual([3, 0.03125]);
    expect(history['loss']?.map(Math.exp).map(Math.round)).toEqual([3, 2, 1, 2, 3]);
  });

  it('surfaces why a solve failed', async () => {
    const euler = rungeKutta({ name: 'euler', order: 1, c: [0], a: [[]], b: [1] });
    const ode = createOde({ backend, solver: euler, h: 0.125, maxSteps: 10 });
    const grow = ode.compile((state: Tensor, batch: Tensor) => {
      const { ys } = ode.odeint((_t, s) => s, state, [0, 1], {});
      return { state: ys.at(1).mul(batch), loss: ys.at(1) };
    });
    const error: StepError = await fit({ step: grow, state: 1, batches: () => [1, 1e38, 1e38], steps: 3 }).catch(
      (e) => e,
    );
    expect(error.step).toBe(3);
    expect(error.cause).toBeInstanceOf(SolveError);
    expect((error.cause as SolveError).reason).toBe('nonFinite');
    expect(error.message).toContain((error.cause as SolveError).message);
  });

  it('says so when what was reached can not be saved either', async () => {
    const store: CheckpointStore = {
      save: async () => Promise.reject(new Error('the disk is full')),
      latest: async () => undefined,
    };
    const error: StepError = await fit({
      step: failing,
      state: begin,
      batches: () => [1, 9],
      steps: 2,
      checkpoint: { store },
    }).catch((e) => e);
    expect(error.message).toContain('step 2: loss is NaN');
    expect(error.message).toContain('could not be saved');
    expect((error.cause as AggregateError).errors.map(String)).toEqual([
      expect.stringContaining('loss is NaN'),
      'Error: the disk is full',
    ]);
  });
});

describe('resume', () => {
  /** Everything of a checkpoint but the time that it took. */
  const content = ({ seconds: _, history, ...rest }: Checkpoint) => ({
    ...rest,
    history: { ...history, seconds: undefined },
  });

  it.each([1, 4, 7, 9, 12, 19])('after %i of 20 steps gives the same state bit for bit', async (cut) => {
    const straight = memory();
    const expected = await run({ steps: 20, checkpoint: { store: straight } });
    const store = memory();
    const killed = new Error('killed');
    const interruption = run({
      steps: 20,
      checkpoint: { store, everySteps: 1 },
      onProgress: ({ step }) => {
        if (step > cut) throw killed;
      },
    });
    await expect(interruption).rejects.toBe(killed);
    expect((await store.latest())?.step).toBe(cut);
    const resumed = await run({ steps: 20, checkpoint: { store }, resume: true });
    expect(resumed.state).toEqual(expected.state);
    expect(content((await store.latest()) as Checkpoint)).toEqual(content((await straight.latest()) as Checkpoint));
  });

  it('goes on with the random numbers of batches that are made as they go', async () => {
    const noisy: Partial<FitOptions<State, Sample>> = {
      batches: function* ({ random: generator, epoch }) {
        for (let i = 0; i < 3; i++) {
          const inputs = Array.from({ length: 4 }, () => [generator.normal(), epoch]);
          yield { x: array(inputs), y: array(inputs.map(([a = 0]) => [a])) };
        }
      },
    };
    const expected = await run({ ...noisy, steps: 11 });
    const store = memory();
    await run({ ...noisy, steps: 5, checkpoint: { store } });
    const resumed = await run({ ...noisy, steps: 11, checkpoint: { store }, resume: true });
    expect(resumed.state).toEqual(expected.state);
    expect(resumed.history['loss']).toEqual(expected.history['loss']);
  });

  it('depends on the seed, and leaves the generator that was given alike', async () => {
    const generators = [random(1), random(1)];
    const store = memory();
    await run({ steps: 3, checkpoint: { store }, random: generators[0]! });
    await run({ steps: 6, checkpoint: { store }, resume: true, random: generators[1]! });
    expect(generators[0]?.state()).toEqual(generators[1]?.state());
    const other = await run({ steps: 6, random: random(2) });
    expect(other.state).not.toEqual((await run({ steps: 6 })).state);
  });

  it('of a finished run makes no step', async () => {
    const store = memory();
    const first = await run({ steps: 4, checkpoint: { store } });
    const again = await run({ steps: 4, checkpoint: { store }, resume: true });
    expect([again.step, again.state, store.files.length]).toEqual([4, first.state, 1]);
    expect(again.history).toEqual(first.history);
  });

  it('starts anew where there is no checkpoint', async () => {
    expect((await run({ steps: 2, checkpoint: { store: memory() }, resume: true })).step).toBe(2);
  });

  it('keeps metadata, and goes back to a checkpoint that is given', async () => {
    const store = memory();
    await run({ steps: 6, checkpoint: { store, everySteps: 2, metadata: { model: 'line' } } });
    const checkpoint = decodeCheckpoint(store.files[0] ?? new Uint8Array());
    expect([checkpoint.step, checkpoint.metadata]).toEqual([2, { model: 'line' }]);
    const { state } = await run({ steps: 6, resume: checkpoint });
    expect(state).toEqual((await run({ steps: 6 })).state);
  });

  it('refuses to write over the checkpoints of another run', async () => {
    const store = memory();
    await run({ steps: 1, checkpoint: { store } });
    await expect(run({ steps: 1, checkpoint: { store } })).rejects.toThrow(
      'a new run, but the store has a checkpoint of step 1',
    );
  });

  it('refuses a state that the checkpoint does not fit', async () => {
    const store = memory();
    await run({ steps: 1, checkpoint: { store } });
    const other = (state: unknown) => run({ steps: 2, checkpoint: { store }, resume: true, state: state as State });
    const { params, velocity } = initial();
    await expect(other({ params, velocity })).rejects.toThrow('has “steps”, which the tree has not');
    await expect(other({ params, velocity, steps: 0, more: 1 })).rejects.toThrow('has no “more”; expected a scalar');
    await expect(other({ params: { ...params, w: array([1]) }, velocity, steps: 0 })).rejects.toThrow(
      'has “params.w” as f32[2, 1]; expected f32[1]',
    );
    await expect(other({ params: { ...params, b: array([0], { dtype: 'f64' }) }, velocity, steps: 0 })).rejects.toThrow(
      FormatError,
    );
  });

  it('refuses data that has become smaller', async () => {
    const store = memory();
    await run({ steps: 3, checkpoint: { store } });
    await expect(run({ steps: 9, checkpoint: { store }, resume: true, batchSize: 5 } as object)).rejects.toThrow(
      'epoch 0 has 2 batches; expected at least the 3 that were done',
    );
  });
});

describe('an abort signal', () => {
  it('ends with the step under way, and leaves a checkpoint', async () => {
    const store = memory();
    const controller = new AbortController();
    const first = await run({
      steps: 20,
      checkpoint: { store },
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step === 5) controller.abort();
      },
    });
    expect([first.interrupted, first.step, (await store.latest())?.step]).toEqual([true, 5, 5]);
    const resumed = await run({ steps: 20, checkpoint: { store }, resume: true });
    expect(resumed.interrupted).toBe(false);
    expect(resumed.state).toEqual((await run({ steps: 20 })).state);
  });

  it('that is aborted already allows no step', async () => {
    const store = memory();
    const { interrupted, step, state } = await run({ steps: 2, signal: AbortSignal.abort(), checkpoint: { store } });
    expect([interrupted, step, store.files.length]).toEqual([true, 0, 0]);
    expect(state.params).toEqual(zeros());
    expect(state.steps).toEqual(array(0));
  });

  it('during the last step interrupts nothing', async () => {
    const controller = new AbortController();
    const { interrupted } = await run({
      steps: 2,
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step === 2) controller.abort();
      },
    });
    expect(interrupted).toBe(false);
  });
});
