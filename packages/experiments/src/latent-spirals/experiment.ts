/** Latent ODE against a recurrent network on spirals of both directions. */
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

/** The latent ODE with the state inferred at the start of a piece or anywhere in training, and the baseline. */
const models = ['start', 'anywhere', 'rnn'] as const;
type ModelName = (typeof models)[number];

/** Scores of every seed. */
interface Row {
  readonly observed: number;
  readonly test: Spirals;
  readonly scores: Readonly<Record<ModelName, readonly Scores[]>>;
}

/** Trains a model and evaluates it. */
async function scoresOf(
  lab: Lab,
  model: ModelName,
  settings: Settings,
  seed: number,
  { observed, train, test }: ReturnType<typeof spirals>,
): Promise<Scores> {
  const id = `${model}/${observed}/seed-${seed}`;
  if (model === 'rnn') {
    const { state } = await lab.train(id, rnnTraining(lab.backend, settings, seed, train));
    return evaluateRnn(lab.backend, settings, state.params, test);
  }
  const { state } = await lab.train(id, latentTraining(lab.backend, settings, model, seed, train));
  return evaluateLatent(lab.backend, settings, model, state.params, test);
}

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
    steps: integer('training steps', { full: 5000, quick: 1200 }),
    batchSize: integer('spirals in a step', { full: 250, quick: 100 }),
    learningRate: real('learning rate at the start', 1e-2),
    latent: integer('components of the latent state', 3),
    rtol: real('tolerance of the latent solves, relative and absolute', 1e-3),
  },
  run: async ({ observed: counts, train, test, ...settings }, lab) => {
    const rows: Row[] = [];
    for (const observed of counts) {
      const split = spirals({ observed, train, test });
      const scores: Record<ModelName, Scores[]> = { start: [], anywhere: [], rnn: [] };
      for (const seed of lab.seeds) {
        for (const model of models) {
          const id = `${model}/${observed}/seed-${seed}`;
          scores[model].push(await lab.once(id, () => scoresOf(lab, model, settings, seed, split)));
        }
      }
      rows.push({ observed, test: split.test, scores });
    }
    return {
      tables: [extrapolationTable(rows), reconstructionTable(rows)],
      figures: rows.map(({ observed, test: shown, scores }) => ({
        name: `spirals-${observed}`,
        figure: spiralsFigure(
          shown,
          observed,
          models.map((model) => ({ title: titles[model], scores: firstOf(scores[model]) })),
        ),
        caption: `The first spirals to test on with ${observed} of 100 points observed, by the models of seed 0: what they make of the piece, how they go on ahead of it, and the latent ODEs back before it. What leaves a frame is cut off.`,
      })),
      notes,
    };
  },
});

const titles: Readonly<Record<ModelName, string>> = {
  start: 'Latent ODE, state at the start',
  anywhere: 'Latent ODE, state anywhere',
  rnn: 'RNN',
};

function firstOf([first]: readonly Scores[]): Scores {
  if (first === undefined) throw new Error('an experiment has at least one seed');
  return first;
}

const extrapolationTable = (rows: readonly Row[]) => ({
  title: 'Root mean square error of the 100 points behind the piece',
  columns: ['observed points', ...models.map((model) => titles[model]), 'latent ODE, paper', 'RNN, paper'],
  rows: rows.map(({ observed, scores }) => [
    `${observed} of 100`,
    ...models.map((model) => spread(scores[model].map(({ extrapolation }) => extrapolation))),
    paper[observed]?.[0] ?? null,
    paper[observed]?.[1] ?? null,
  ]),
});

const reconstructionTable = (rows: readonly Row[]) => ({
  title: 'Root mean square error of all 100 points of the piece, observed or not (the noise is 0.3)',
  columns: ['observed points', titles.start, titles.anywhere],
  rows: rows.map(({ observed, scores }) => [
    `${observed} of 100`,
    ...(['start', 'anywhere'] as const).map((model) =>
      spread(scores[model].map(({ reconstruction }) => reconstruction ?? NaN)),
    ),
  ]),
});

const notes = [
  'Errors are of coordinates, against points without noise. One split of spirals for all models, seeds and numbers of points; a seed is that of parameters, batches and draws.',
  'The paper does not say how its spirals are scaled, how large the noise is and where pieces begin. Here they are those of torchdiffeq’s example (500 angles from 0 to 6π, noise 0.3), whose radii go up to 15; errors of all models are larger than the paper’s. Pieces to train on lie anywhere on a spiral, so that the points behind the pieces to test on are never beyond where all of those have been.',
  'Two latent ODEs, which differ in the time at which the state is inferred. At the start of the piece, as in the paper: then nothing in the bound says that z(t) behind the piece lies where some z(t₀) does, and the state drifts off the region that training knows. Or anywhere: training draws one of the 100 times for each step, infers the state there and explains the points on both sides; to extrapolate, the state is inferred at the end of the piece. That is an addition to the paper’s training, by the same model.',
  'The latent state has 3 components, the paper’s 4 (`--latent 4`). f and decoder have one hidden layer of 20 as in the paper, with tanh; encoder and baseline are GRUs with 25 features. Latent solves by dopri5, gradients by backprop through its steps; the divergence’s weight grows to 1 as 1 − 0.99^step; Adam with cosine decay.',
];
