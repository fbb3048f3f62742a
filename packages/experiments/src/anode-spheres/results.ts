/** Tables, figures and notes of the experiment. */
import { modelNames } from '../anode/point-models.ts';
import { spread, type Results, type Spread, type Table } from '../lab/index.ts';
import { dataNames, type DataName } from './data.ts';
import { evolutionFigure, flowsFigure, flowsInTime } from './flow-figures.ts';
import { fewFigure, lossFigure, nfeFigure, nfeLossFigure, sweepFigure } from './curve-figures.ts';
import { mapFigure } from './map-figure.ts';
import type { PicturedRun, Run, SphereOptions } from './train.ts';

/** Everything that was trained. */
export interface Trained {
  readonly runs: readonly Run[];
  readonly sweep: readonly Run[];
  readonly pictured: readonly PicturedRun[];
  readonly few: readonly PicturedRun[];
}

const last = (values: readonly number[]): number => values.at(-1) ?? NaN;

/** A number over runs. */
const over = (runs: readonly Run[], value: (run: Run) => number): Spread => spread(runs.map(value));

/** The runs of a data set in so many dimensions by a model. */
export const runsOf = (runs: readonly Run[], data: DataName, dimensions: number, model: string): readonly Run[] =>
  runs.filter((run) => run.data === data && run.dimensions === dimensions && run.model === model);

/** Function evaluations in the last epoch over those in the first. */
const growth = ({ curves }: Run): number => last(curves.nfe) / (curves.nfe[0] ?? NaN);

/** Everything that is written. */
export function resultsOf(trained: Trained, options: Options, seeds: readonly number[]): Results {
  const [first = 0] = seeds;
  const { runs, sweep, pictured, few } = trained;
  return {
    tables: [mainTable(runs, options.dimensions), sweepTable(sweep), fewTable(few)],
    figures: [
      {
        name: 'loss',
        figure: lossFigure(runs, options.dimensions),
        caption: 'Loss over each epoch, mean over seeds, of the spheres (above) and the control (below).',
      },
      {
        name: 'nfe',
        figure: nfeFigure(runs, options.dimensions),
        caption:
          'Function evaluations of a forward solve, mean over each epoch and over seeds, with the deviation over seeds.',
      },
      {
        name: 'nfe-loss',
        figure: nfeLossFigure(runs, options.dimensions),
        caption: 'Loss against function evaluations, an epoch a point, means over seeds.',
      },
      {
        name: 'evolution',
        figure: evolutionFigure(pictured),
        animation: flowsInTime(pictured),
        caption: `Where points of the test set are on their way, d = 2, seed ${first}: NODE in the plane of the data, ANODE with one extra dimension, which is drawn upwards.`,
      },
      {
        name: 'flows',
        figure: flowsFigure(pictured),
        caption: `Trajectories of points in the ball and in the shell, seed ${first}, ANODE with one extra dimension. NODE has to push the one through the other.`,
      },
      {
        name: 'sweep',
        figure: sweepFigure(sweep),
        caption:
          'Loss and function evaluations by the number of extra dimensions p, spheres of d = 2, mean over seeds; p = 0 is NODE.',
      },
      {
        name: 'few',
        figure: fewFigure(few),
        caption: `Loss on ${options.fewPoints} points to train on and on 1000 others, mean over seeds.`,
      },
      {
        name: 'maps',
        figure: mapFigure(few, first),
        caption: `What the models trained on ${options.fewPoints} points make of the plane, seed ${first}; cut off at ±1.5; circles: the edges of ball and shell.`,
      },
    ],
    notes: [...claims(runs), ...stuck(runs), ...remarks(options)],
  };
}

/** Options that the results tell of. */
export type Options = SphereOptions & { readonly dimensions: readonly number[]; readonly fewPoints: number };

const mainTable = (runs: readonly Run[], dimensions: readonly number[]): Table => ({
  title: 'NODE, ANODE and ResNet',
  columns: [
    'data',
    'd',
    'model',
    'parameters',
    'loss, last epoch',
    { name: 'NFE, first epoch', digits: 1 },
    { name: 'NFE, last epoch', digits: 1 },
    { name: 'NFE, last over first', digits: 2 },
    { name: 'seconds', digits: 1 },
  ],
  rows: dataNames.flatMap((data) =>
    dimensions.flatMap((d) =>
      modelNames.map((model) => {
        const list = runsOf(runs, data, d, model);
        const isFlow = model !== 'ResNet';
        return [
          data,
          d,
          model,
          list[0]?.parameters ?? null,
          over(list, ({ curves }) => last(curves.loss)),
          isFlow ? over(list, ({ curves }) => curves.nfe[0] ?? NaN) : null,
          isFlow ? over(list, ({ curves }) => last(curves.nfe)) : null,
          isFlow ? over(list, growth) : null,
          over(list, ({ curves }) => curves.seconds),
        ];
      }),
    ),
  ),
});

const sweepTable = (sweep: readonly Run[]): Table => ({
  title: 'Extra dimensions, spheres of d = 2',
  columns: [
    'p',
    'parameters',
    'loss, last epoch',
    { name: 'NFE, last epoch', digits: 1 },
    { name: 'seconds', digits: 1 },
  ],
  rows: [...new Set(sweep.map(({ extra }) => extra))].map((extra) => {
    const list = sweep.filter((run) => run.extra === extra);
    return [
      extra,
      list[0]?.parameters ?? null,
      over(list, ({ curves }) => last(curves.loss)),
      over(list, ({ curves }) => last(curves.nfe)),
      over(list, ({ curves }) => curves.seconds),
    ];
  }),
});

const fewTable = (few: readonly Run[]): Table => ({
  title: 'Generalisation: few points, spheres of d = 2',
  columns: ['model', 'loss, last epoch', 'validation loss'],
  rows: (['NODE', 'ANODE'] as const).map((model) => {
    const list = few.filter((run) => run.model === model);
    return [model, over(list, ({ curves }) => last(curves.loss)), over(list, ({ curves }) => last(curves.validation))];
  }),
});

/** The runs of NODE on the control of one dimension that have not separated it. */
function stuck(runs: readonly Run[]): readonly string[] {
  const list = runsOf(runs, 'control', 1, 'NODE');
  const count = list.filter(({ curves }) => last(curves.loss) > 0.4).length;
  return count === 0
    ? []
    : [
        `Control, d = 1: NODE is stuck at the loss of a constant, 0.5, in ${count} of ${list.length} seeds. There the linear layer began with the wrong sign: a flow of the line can't turn it round, and draws all points together before the sign has changed. With an extra dimension that does not happen.`,
      ];
}

/** What is asked of the spheres in two dimensions, and of the times. */
function claims(runs: readonly Run[]): readonly string[] {
  const [node, anode, resnet] = modelNames.map((model) => runsOf(runs, 'spheres', 2, model));
  if (node?.length === 0 || anode?.length === 0) return [];
  const [grown, flat] = [over(node ?? [], growth).mean, over(anode ?? [], growth).mean];
  const [slow, middle, fast] = [node, anode, resnet].map((list) => over(list ?? [], (run) => run.curves.seconds).mean);
  const times = `${slow?.toFixed(1)} s, ${middle?.toFixed(1)} s and ${fast?.toFixed(1)} s`;
  return [
    `Spheres, d = 2, means over seeds: NODE's evaluations in the last epoch are ${grown.toFixed(2)} times those in the first (wanted: at least 1.5; the paper: they double), ANODE's ${flat.toFixed(2)} times (wanted: at most 1.2).`,
    `Spheres, d = 2: NODE, ANODE and ResNet train in ${times} (the paper: ANODE is faster than NODE and slower than ResNet).`,
  ];
}

const remarks = ({ tolerance }: Options): readonly string[] => [
  `The loss is the smooth L1 loss of the authors' code, the solver dopri5 at tolerance ${tolerance}, gradients go back through its steps. Solves of one, two and three steps take 8, 14 and 20 evaluations.`,
  'Seconds are those of training after the first step, which compiles. Where the machine had other work beside it they say little; function evaluations say what a flow costs.',
  'The paper draws these figures and prints no numbers. Its residual blocks have one hidden layer; ours have the two of the ODE function.',
];
