/** A thousand training steps on an engine, some of which fail, with what is alive counted on the way. */
import {
  flattenTree,
  isDeviceArray,
  random,
  SolveError,
  type Backend,
  type DeviceArray,
  type HostArray,
} from '@node-ode/core';
import type { OnDevice } from '@node-ode/train';
import { collectGarbage } from '../collect-garbage.ts';
import { trainingJob, type Batch, type State } from '../training-job.ts';
import { countedBackend } from './counted-backend.ts';
import type { EngineCount } from './engine-count.ts';

/** What is alive at one moment. */
export interface Sample {
  /** Steps made until then. */
  readonly step: number;
  /** Device arrays that nobody disposed of. */
  readonly arrays: number;
  /** What the engine counts itself. */
  readonly engine: number | undefined;
  /** Bytes of JavaScript's heap and of its buffers, after a collection. */
  readonly heap: number;
  /** Bytes of the process. */
  readonly resident: number;
}

/** What was seen. */
export interface Watched {
  readonly steps: number;
  /** Solves that failed, as they were meant to. */
  readonly failures: number;
  /** The first is taken after some steps: what is made once is no leak. */
  readonly samples: readonly Sample[];
}

/** How to watch. */
export interface WatchOptions {
  readonly steps: number;
  /** Samples after the first; 19 by default. */
  readonly samples?: number;
  /** Collects garbage before each sample, without which bytes tell little; true by default. */
  readonly collect?: boolean;
}

/** Trains, and counts. Every tenth step a solve fails in its middle, and another at once. */
export async function watch(engine: Backend, engineCount: EngineCount, options: WatchOptions): Promise<Watched> {
  const { steps, samples: count = 19, collect = true } = options;
  const { backend, live } = countedBackend(engine);
  const [{ ode, state, dataset, step }, failing] = [
    trainingJob(backend),
    trainingJob(backend, { rtol: 1e-6, atol: 1e-7, maxSteps: 3 }),
  ];
  const [train, fail] = [ode.compile(step), failing.ode.compile(failing.step)];
  const every = Math.max(1, Math.floor(steps / (count + 1)));
  const samples: Sample[] = [];
  const rng = random(4);
  let [current, failures]: [State | OnDevice<State>, number] = [state, 0];
  const batches = function* (): Generator<Batch> {
    for (;;) yield* dataset.batches('train', { batchSize: 8, random: rng }) as Iterable<Batch>;
  };
  let made = 0;
  for (const batch of batches()) {
    const { state: next, loss }: { state: OnDevice<State>; loss: DeviceArray } = await train(current, batch);
    await loss.read();
    loss.dispose();
    disposeAll(current);
    current = next;
    made += 1;
    if (made % 10 === 0) {
      await mustFail(() => fail(current, batch)); // after three steps of the solve
      await mustFail(() => fail(current, { ...batch, x: notFinite(batch.x) })); // at its start
      failures += 2;
    }
    if (made % every === 0) {
      if (collect) await collectTwice();
      samples.push(sample(made, live(), engineCount()));
    }
    if (made >= steps) break;
  }
  disposeAll(current);
  return { steps: made, failures, samples };
}

/** @throws Error unless the solve fails. */
async function mustFail(solve: () => Promise<unknown>): Promise<void> {
  try {
    await solve();
  } catch (error) {
    if (error instanceof SolveError) return;
    throw error;
  }
  throw new Error('a solve that must fail did not');
}

const notFinite = (x: HostArray): HostArray => ({ ...x, data: Float32Array.from(x.data, () => NaN) });

/** Frees the device arrays of a state. */
function disposeAll(tree: unknown): void {
  const isLeaf = (x: unknown): x is DeviceArray | object =>
    isDeviceArray(x) || (typeof x === 'object' && x !== null && 'data' in x);
  for (const leaf of flattenTree('leaks', tree, isLeaf).leaves) if (isDeviceArray(leaf)) leaf.dispose();
}

/** What finalizers let go of is collected with the next. */
async function collectTwice(): Promise<void> {
  let collections = 0;
  await collectGarbage(() => collections++ >= 2);
}

function sample(step: number, arrays: number, engine: number | undefined): Sample {
  const { heapUsed, external, rss } = process.memoryUsage();
  return { step, arrays, engine, heap: heapUsed + external, resident: rss };
}
