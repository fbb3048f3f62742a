/** Spheres, one inside the other, and a control that is easy: what flows of the same space find hard, and what it costs them. */
import { modelNames } from '../anode/point-models.ts';
import { defineExperiment, integer, listOf, real } from '../lab/index.ts';
import { dataNames } from './data.ts';
import { resultsOf } from './results.ts';
import { trainPictured, trainRun, type PicturedRun, type Run } from './train.ts';

export const experiment = defineExperiment({
  name: 'anode-spheres',
  title: 'Concentric spheres and a separable control',
  source: 'Dupont, Doucet and Teh 2019, Augmented Neural ODEs, Figures 3 to 10',
  seeds: { full: 5, quick: 2 },
  options: {
    dimensions: listOf(integer('dimensions of the data', 2), { full: [1, 2, 5], quick: [1, 2] }),
    epochs: integer('times through the data', 30),
    points: integer('points to train on', 2000),
    batchSize: integer('points of a batch', 64),
    hidden: integer('width of the hidden layers', 32),
    extra: integer('extra dimensions of ANODE', 5),
    sweep: listOf(integer('extra dimensions to compare', 5, { min: 0 }), {
      full: [0, 1, 2, 3, 5, 10],
      quick: [0, 1, 5],
    }),
    blocks: integer('residual blocks of ResNet', 5),
    fewPoints: integer('points to train on where generalisation is looked at', 200),
    fewEpochs: integer('times through those', { full: 600, quick: 250 }),
    learningRate: real('of Adam', 1e-3),
    tolerance: real('of the solves, relative and absolute', 1e-3),
  },
  run: async (options, lab) => {
    const [first = 0] = lab.seeds;
    const runs: Run[] = [];
    for (const data of dataNames) {
      for (const dimensions of options.dimensions) {
        for (const model of modelNames) {
          const { extra } = options;
          for (const seed of lab.seeds) {
            runs.push(await trainRun(lab, 'main', { data, dimensions, model, extra, seed }, options));
          }
        }
      }
    }
    const sweep: Run[] = [];
    for (const extra of options.sweep) {
      const model = extra === 0 ? 'NODE' : 'ANODE';
      for (const seed of lab.seeds) {
        const subject = { data: 'spheres', dimensions: 2, model, extra, seed } as const;
        sweep.push(await trainRun(lab, 'sweep', subject, options));
      }
    }
    // Flows to look at: of one extra dimension, so that a plane shows them.
    const pictured: PicturedRun[] = [];
    for (const dimensions of [1, 2]) {
      for (const model of ['NODE', 'ANODE'] as const) {
        const subject = { data: 'spheres', dimensions, model, extra: 1, seed: first } as const;
        pictured.push(await trainPictured(lab, 'pictured', subject, options));
      }
    }
    const few: PicturedRun[] = [];
    const little = { ...options, points: options.fewPoints, epochs: options.fewEpochs };
    for (const model of ['NODE', 'ANODE'] as const) {
      for (const seed of lab.seeds) {
        const subject = { data: 'spheres', dimensions: 2, model, extra: options.extra, seed } as const;
        few.push(await trainPictured(lab, 'few', subject, little));
      }
    }
    return resultsOf({ runs, sweep, pictured, few }, options, lab.seeds);
  },
});
