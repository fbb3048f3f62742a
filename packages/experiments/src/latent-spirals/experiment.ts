/** Latent ODE against a recurrent network on spirals of both directions. */
import type { Backend } from '@node-ode/core';
import { defineExperiment, integer, listOf, real, spread, type Lab } from '../lab/index.ts';
import { spirals, type Spirals } from './data.ts';
import { evaluateLatent, evaluateRnn, type Scores } from './evaluate.ts';
import { spiralsFigure } from './figures.ts';
import { latentTraining, rnnTraining, type Settings } from './models.ts';

/** Chen et al. 2018, table 2, by observed points: latent ODE, RNN. */
const paper: Readonly<Record<number, readonly [number, number]>> = {
  30: [0.1642, 0.3937],
  50: [0.1502, 0.3202],
  100: [0.1346, 0.1813],
};

/** Scores of every seed. */
interface Row {
  readonly observed: number;
  readonly test: Spirals;
  readonly latent: readonly Scores[];
  readonly rnn: readonly Scores[];
}

/** Trains a model and evaluates it. */
type Run = (backend: Backend, settings: Settings, seed: number, split: ReturnType<typeof spirals>) => Promise<Scores>;

const runs = (lab: Lab, id: string): { readonly latent: Run; readonly rnn: Run } => ({
  latent: async (backend, settings, seed, { train, test }) => {
    const { state } = await lab.train(id, latentTraining(backend, settings, seed, train));
    return evaluateLatent(backend, settings, state.params, test);
  },
  rnn: async (backend, settings, seed, { train, test }) => {
    const { state } = await lab.train(id, rnnTraining(backend, settings, seed, train));
    return evaluateRnn(backend, settings, state.params, test);
  },
});

export const experiment = defineExperiment({
  name: 'latent-spirals',
  title: 'Extrapolating spirals: a latent ODE against a recurrent network',
  source: 'Chen et al. 2018, table 2 and figure 8',
  seeds: { full: 3, quick: 1 },
  options: {
    observed: listOf(integer('points observed of each piece of 100', 30, { max: 100 }), {
      full: [30, 50, 100],
      quick: [30],
    }),
    train: integer('spirals to train on', 1000),
    test: integer('spirals to test on', 200, { min: 4 }),
    steps: integer('training steps', { full: 5000, quick: 700 }),
    batchSize: integer('spirals in a step', 250),
    learningRate: real('learning rate at the start', 1e-2),
    latent: integer('components of the latent state', 4),
    rtol: real('tolerance of the latent solves, relative and absolute', 1e-3),
  },
  run: async ({ observed: counts, train, test, ...settings }, lab) => {
    const rows: Row[] = [];
    for (const observed of counts) {
      const split = spirals({ observed, train, test });
      const scores: { readonly latent: Scores[]; readonly rnn: Scores[] } = { latent: [], rnn: [] };
      for (const seed of lab.seeds) {
        for (const model of ['latent', 'rnn'] as const) {
          const id = `${model}/${observed}/seed-${seed}`;
          const run = runs(lab, id)[model];
          scores[model].push(await lab.once(id, () => run(lab.backend, settings, seed, split)));
        }
      }
      rows.push({ observed, test: split.test, ...scores });
    }
    return {
      tables: [extrapolationTable(rows), reconstructionTable(rows)],
      figures: rows.map(({ observed, test: shown, latent, rnn }) => ({
        name: `spirals-${observed}`,
        figure: spiralsFigure(shown, observed, firstOf(latent), firstOf(rnn)),
        caption: `The first spirals to test on with ${observed} of 100 points observed, by the models of seed 0: what they make of the piece, and how they go on.`,
      })),
      notes,
    };
  },
});

function firstOf([first]: readonly Scores[]): Scores {
  if (first === undefined) throw new Error('an experiment has at least one seed');
  return first;
}

const extrapolationTable = (rows: readonly Row[]) => ({
  title: 'Root mean square error of the 100 points behind the piece',
  columns: ['observed points', 'latent ODE', 'RNN', 'latent ODE, paper', 'RNN, paper'],
  rows: rows.map(({ observed, latent, rnn }) => [
    `${observed} of 100`,
    spread(latent.map(({ extrapolation }) => extrapolation)),
    spread(rnn.map(({ extrapolation }) => extrapolation)),
    paper[observed]?.[0] ?? null,
    paper[observed]?.[1] ?? null,
  ]),
});

const reconstructionTable = (rows: readonly Row[]) => ({
  title: 'Root mean square error of all 100 points of the piece, observed or not (the noise is 0.3)',
  columns: ['observed points', 'latent ODE'],
  rows: rows.map(({ observed, latent }) => [
    `${observed} of 100`,
    spread(latent.map(({ reconstruction }) => reconstruction ?? NaN)),
  ]),
});

const notes = [
  'Errors are of coordinates, against points without noise. One split of spirals for all models, seeds and numbers of points; a seed is that of parameters, batches and draws.',
];
