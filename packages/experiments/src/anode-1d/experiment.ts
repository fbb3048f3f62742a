/** What flows of the line can't do, and those of the plane can: the crossing map, and the spheres of one dimension. */
import { crossingMap, spheres } from '@node-ode/datasets';
import { modelNames } from '../anode/point-models.ts';
import { defineExperiment, integer, real } from '../lab/index.ts';
import { resultsOf } from './results.ts';
import { trainTask, type Run, type Task } from './task.ts';

/** The tasks: the crossing map by the flow alone, and the spheres with a linear layer behind it. */
const tasks: readonly Task[] = [
  { name: 'crossing', title: 'crossing map, no head', make: (seed, train) => crossingMap({ train, test: 2, seed }) },
  {
    name: 'spheres',
    title: '1-d spheres, linear head',
    outputs: 1,
    make: (seed, train) => spheres({ dimensions: 1, train, test: 2, seed }),
  },
];

export const experiment = defineExperiment({
  name: 'anode-1d',
  title: 'The crossing map and the spheres of one dimension',
  source: 'Dupont, Doucet and Teh 2019, Augmented Neural ODEs, Figures 2 and 3',
  seeds: { full: 5, quick: 5 },
  options: {
    epochs: integer('times through the data', { full: 100, quick: 40 }),
    points: integer('points to train on', { full: 3000, quick: 1500 }),
    batchSize: integer('points of a batch', 64),
    hidden: integer('width of the hidden layers', 32),
    extra: integer('extra dimensions of ANODE', 1),
    blocks: integer('residual blocks of ResNet', 5),
    learningRate: real('of Adam', 1e-3),
    tolerance: real('of the solves, relative and absolute', 1e-3),
  },
  run: async (options, lab) => {
    const runs: Run[] = [];
    for (const task of tasks) {
      for (const seed of lab.seeds) {
        for (const model of modelNames) runs.push(await trainTask(lab, task, model, seed, options));
      }
    }
    return resultsOf(tasks, runs, lab.seeds);
  },
});
