/** Learning a system from irregular noisy observations, and forecasting what comes after them. */
import { defineExperiment, integer, spread, type Cell, type Lab, type NamedFigure } from '../lab/index.ts';
import { autoregression, persistence } from './baselines.ts';
import { portraitFigure, type Portrait } from './figures.ts';
import { identification, type Params } from './model.ts';
import {
  lorenzProblem,
  lotkaVolterraProblem,
  lynxHareProblem,
  type Path,
  type Problem,
  type State,
} from './problem.ts';
import { scoreOf, type Score } from './score.ts';

/** What one seed of one system gives. */
interface Outcome {
  readonly scores: Readonly<Record<string, Score>>;
  readonly portrait: Portrait;
}

const [neural, naive] = ['Neural ODE', 'persistence'];

export const experiment = defineExperiment({
  name: 'identify',
  title: 'Learning a system from irregular noisy observations',
  source:
    'Chen et al. 2018, section 5, on systems that are known: Lorenz, Lotka–Volterra, and the record of lynx and hare',
  seeds: { full: 5, quick: 2 },
  options: {
    lorenzSteps: integer('training steps on the Lorenz system', { full: 8000, quick: 1200 }),
    populationSteps: integer('training steps on both of the others', { full: 4000, quick: 1500 }),
    lags: integer('lags of the longer autoregression', 4, { min: 2, max: 7 }),
  },
  run: async ({ lorenzSteps, populationSteps, lags }, lab) => {
    const systems: readonly (readonly [(seed: number) => Problem, number])[] = [
      [lorenzProblem, lorenzSteps],
      [lotkaVolterraProblem, populationSteps],
      [() => lynxHareProblem(), populationSteps],
    ];
    const rows: Cell[][] = [];
    const figures: NamedFigure[] = [];
    for (const [make, steps] of systems) {
      const outcomes: Outcome[] = [];
      for (const seed of lab.seeds) outcomes.push(await outcomeOf(make(seed), { seed, steps, lags }, lab));
      const problem = make(lab.seeds[0] ?? 0);
      rows.push(...rowsOf(problem, outcomes));
      const [shown] = outcomes;
      if (shown !== undefined) figures.push(figureOf(problem, shown.portrait));
    }
    return {
      tables: [
        {
          title: 'Forecast over the stretch held out',
          columns: [
            'system',
            'model',
            { name: 'error, first third', digits: 3 },
            { name: 'error, whole', digits: 3 },
            { name: 'RMSE, own units', digits: 2 },
            { name: 'valid for', digits: 2 },
          ],
          rows,
        },
      ],
      figures,
      notes: notesOf(lags),
    };
  },
});

const outcomeOf = (
  problem: Problem,
  { seed, steps, lags }: { readonly seed: number; readonly steps: number; readonly lags: number },
  lab: Lab,
): Promise<Outcome> =>
  lab.once(`${problem.name}/${seed}`, async () => {
    const model = identification(problem, { backend: lab.backend, seed, steps });
    const { state } = await lab.train(`${problem.name}/${seed}`, {
      step: model.step,
      state: model.state,
      batches: () => [model.segments],
      steps,
    });
    const { params } = state;
    const times = problem.heldOut.t;
    const score = (path: Path): Score => scoreOf(problem, path);
    return {
      scores: {
        [neural]: score(await model.forecast(params, times)),
        [naive]: score(persistence(problem, times)),
        'linear autoregression, 1 lag': score(autoregression(problem, times, 1)),
        [`linear autoregression, ${lags} lags`]: score(autoregression(problem, times, lags)),
      },
      portrait: await portraitOf(problem, model, params),
    };
  });

/** What the figure shows, at many times. */
async function portraitOf(
  problem: Problem,
  { forecast, fieldAt }: ReturnType<typeof identification>,
  params: Params,
): Promise<Portrait> {
  const { train, heldOut, components, segment } = problem;
  const [first, end] = [train.t.at(-1 - segment) ?? NaN, heldOut.t.at(-1) ?? NaN];
  const isLarge = components.length > 2;
  const until = isLarge ? first + 20 : end;
  const orbit = await forecast(params, between(first, until, isLarge ? 2000 : 400));
  const path = { forecast: await forecast(params, between(first, end, 400)), orbit };
  if (isLarge) return path;
  const states = gridOver([...train.y, ...orbit.y], problem.logarithms);
  return { ...path, field: { states, rates: await fieldAt(params, states) } };
}

const between = (from: number, to: number, points: number): number[] =>
  Array.from({ length: points }, (_, i) => from + ((to - from) * (i + 1)) / points);

/** Points over the plane that states lie in. */
function gridOver(states: readonly State[], isPositive: boolean, columns = 18, rows = 14): readonly State[] {
  const range = (k: number): readonly [number, number] => {
    const values = states.map((state) => state[k] ?? NaN);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = 0.05 * (high - low);
    return [isPositive ? 0 : low - margin, high + margin];
  };
  const [[left, right], [bottom, top]] = [range(0), range(1)];
  return Array.from({ length: columns * rows }, (_, i) => [
    left + ((right - left) * ((i % columns) + 0.5)) / columns,
    bottom + ((top - bottom) * (Math.floor(i / columns) + 0.5)) / rows,
  ]);
}

function rowsOf(problem: Problem, outcomes: readonly Outcome[]): Cell[][] {
  // The record is one: there, baselines do not depend on the seed.
  const isOne = problem.truth === undefined;
  return Object.keys(outcomes[0]?.scores ?? {}).map((model) => {
    const cell = (of: (score: Score) => number): Cell => {
      const values = outcomes.map(({ scores }) => of(scores[model] ?? failed));
      return isOne && model !== neural ? (values[0] ?? null) : spread(values);
    };
    return [
      problem.title,
      model,
      cell(({ third }) => third),
      cell(({ whole }) => whole),
      cell(({ rmse }) => rmse),
      cell(({ validFor }) => validFor),
    ];
  });
}

const failed: Score = { third: NaN, whole: NaN, rmse: NaN, validFor: NaN };

const figureOf = (problem: Problem, portrait: Portrait): NamedFigure => ({
  name: problem.name,
  figure: portraitFigure(problem, portrait),
  caption: `${problem.title}, first seed: observations, the forecast over the stretch held out, and the learned system on its own.`,
});

const notesOf = (lags: number): readonly string[] => [
  'The papers have no numbers for this. Errors are root mean squares over times and components, in standard deviations of what was learned ' +
    'from, or in the components’ own units; a forecast is valid until its error is above 0.4 standard deviations for the first time. ' +
    'Generated systems are held to their true states, lynx and hare to the record.',
  '**Lorenz**: 15 units of time on the attractor at about 600 irregular times, noise 0.3 on each component (4 % of its deviation); then 3 units ' +
    'held out. Errors grow by e in 1.1 units, so no forecast stays right for long. **Lotka–Volterra**: 10 units at about 100 irregular times, noise 0.1; ' +
    '5 units held out. **Lynx and hare**: 1900–1916, yearly; 1917–1920 held out. A seed is another trajectory, other times, other noise and another ' +
    'initialisation; for lynx and hare the initialisation alone.',
  'One method for all: dz/dt = MLP(z), two hidden layers, z standardised over what is learned from (of logarithms for lynx and hare), trained by ' +
    'multiple shooting (Turan and Jäschke 2021): the series is cut into segments of a few observations, whose initial states are learned too and have ' +
    'to be where the segment before ends. dopri5 with steps for each segment, backprop, Adam. The forecast is the solution from the beginning of the last segment on.',
  `Baselines: the last observation; linear autoregressions with 1 and ${lags} lags by least squares, in the same coordinates, on a regular grid with as many ` +
    'times as there are observations, which are interpolated linearly.',
];
