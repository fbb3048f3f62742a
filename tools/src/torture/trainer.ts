/**
 * The process that is killed: `node trainer.js FOLDER BACKEND STEPS` trains, or goes on, with a checkpoint after each step, and says
 * what it does at the moment it does it.
 */
import { writeSync } from 'node:fs';
import { array, random, type Tensor, type TensorsOf } from '@node-ode/core';
import { backendFactory } from '@node-ode/e2e/backends';
import { fit, type CheckpointStore } from '@node-ode/train';
import { checkpointFolder } from '@node-ode/train/node';
import { trainingJob, type Batch, type TracedState } from '../training-job.ts';
import { digestOf } from './digest.ts';

const [folder = '', name = '', steps = ''] = process.argv.slice(2);

/** Not through a stream: what was said is said, whatever happens next. */
const say = (line: string): void => void writeSync(1, `${line}\n`);

/** Tells when a checkpoint is being written, and what was written. */
function announced(store: CheckpointStore): CheckpointStore {
  return {
    latest: () => store.latest(),
    save: async (checkpoint) => {
      say(`saving ${checkpoint.step}`);
      const began = performance.now();
      await store.save(checkpoint);
      say(`saved ${checkpoint.step} ${digestOf(checkpoint)} ${(performance.now() - began).toFixed(3)}`);
    },
  };
}

say('started');
const backend = await backendFactory(name)();
const { ode, step, state, dataset } = trainingJob(backend);
/** Half a megabyte that changes with each step, so that a checkpoint takes some time to write. */
const ballast = array(Float32Array.from({ length: 2 ** 17 }, (_, i) => i / 2 ** 17));
await fit({
  step: ode.compile(
    (carried: { readonly training: TracedState; readonly ballast: Tensor }, batch: TensorsOf<Batch>) => {
      const { state: training, loss } = step(carried.training, batch);
      return { state: { training, ballast: carried.ballast.mul(0.99).add(loss) }, loss };
    },
  ),
  state: { training: state, ballast },
  dataset,
  batchSize: 8,
  steps: Number(steps),
  random: random(3),
  checkpoint: {
    store: announced(checkpointFolder(folder, { warn: (message) => say(`warning: ${message}`) })),
    everySteps: 1,
  },
  resume: true,
});
await backend.dispose();
say('finished');
