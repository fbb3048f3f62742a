/** Tables, figures and notes of the experiment. */
import { spread, type Cell, type Results, type Spread, type Table } from '../lab/index.ts';
import { byVariant } from './by-variant.ts';
import { dataTitles, type DataName } from './data.ts';
import { curveFigure, tradeFigure } from './figures.ts';
import type { ImageOptions, Run } from './train.ts';

/** What was made of a data set. */
export interface DataResults {
  readonly data: DataName;
  readonly runs: readonly Run[];
  /** Why there are no runs. */
  readonly missing?: string;
  readonly remark?: string;
}

/** Table 1 of the paper, in percent. */
const paper: Readonly<Record<DataName, Readonly<Record<string, string>>>> = {
  mnist: { NODE: '96.4 ± 0.5', ANODE: '98.2 ± 0.1' },
  cifar10: { NODE: '53.7 ± 0.2', ANODE: '60.6 ± 0.4' },
  svhn: { NODE: '81.0 ± 0.6', ANODE: '83.5 ± 0.5' },
};

const last = (values: readonly number[]): number => values.at(-1) ?? NaN;

/** A number over the runs that reached their end. */
const over = (runs: readonly Run[], value: (run: Run) => number): Spread | null => {
  const ended = runs.filter(({ failure }) => failure === undefined);
  return ended.length === 0 ? null : spread(ended.map(value));
};

/** Everything that is written. */
export function resultsOf(results: readonly DataResults[], options: ImageOptions): Results {
  const trained = results.filter(({ runs }) => runs.length > 0);
  return {
    tables: [table(results)],
    figures: trained.flatMap(({ data, runs }) => [
      {
        name: `${data}-curves`,
        figure: curveFigure(data, runs),
        caption: `${dataTitles[data]}: loss and function evaluations of a forward solve over the steps, means over seeds.`,
      },
      {
        name: `${data}-accuracy-nfe`,
        figure: tradeFigure(data, runs),
        caption: `${dataTitles[data]}: accuracy on the test images against function evaluations; a point is the end of an epoch of one seed.`,
      },
    ]),
    notes: [
      ...results.flatMap(({ missing, remark }) => missing ?? remark ?? []),
      ...comparisons(trained, options),
      ...remarks(options),
    ],
  };
}

const table = (results: readonly DataResults[]): Table => ({
  title: 'Accuracy on the test images, in percent',
  columns: [
    'data',
    'network',
    'extra channels',
    'filters',
    'parameters',
    'images',
    { name: 'accuracy', digits: 1 },
    'paper, Table 1',
    { name: 'loss, last epoch', digits: 3 },
    { name: 'NFE, first epoch', digits: 1 },
    { name: 'NFE, last epoch', digits: 1 },
    { name: 'largest NFE', digits: 0 },
    'runs that failed',
    { name: 'seconds an epoch', digits: 1 },
  ],
  rows: results.flatMap(({ data, runs }): readonly (readonly Cell[])[] => {
    if (runs.length === 0) {
      return Object.entries(paper[data]).map(([name, value]) => [
        ...[dataTitles[data], name, null, null, null, null, null, value],
        ...[null, null, null, null, null, null],
      ]);
    }
    return byVariant(runs).map(([name, list]) => [
      dataTitles[data],
      name,
      list[0]?.variant.extra ?? null,
      list[0]?.variant.filters ?? null,
      list[0]?.parameters ?? null,
      list[0]?.images ?? null,
      over(list, (run) => 100 * last(run.accuracy)),
      paper[data][name] ?? null,
      over(list, (run) => last(run.loss)),
      over(list, (run) => run.nfe[0] ?? NaN),
      over(list, (run) => last(run.nfe)),
      over(list, (run) => run.mostNfe),
      list.filter(({ failure }) => failure !== undefined).length,
      over(list, (run) => run.secondsPerEpoch),
    ]);
  }),
});

/** Which is above which. */
const comparisons = (results: readonly DataResults[], { epochs, batchSize }: ImageOptions): readonly string[] =>
  results.map(({ data, runs }) => {
    const steps = epochs * Math.ceil((runs[0]?.images ?? NaN) / batchSize);
    const means = byVariant(runs).map(([name, list]) => {
      const value = over(list, (run) => 100 * last(run.accuracy));
      return `${name} ${value === null ? 'failed' : `${value.mean.toFixed(1)} %`}`;
    });
    return `${dataTitles[data]}, after ${steps} steps, mean over seeds: ${means.join(', ')}. The paper, after many more, has ANODE above NODE and 100 extra channels doing worse${steps < 1000 ? '; a run as short as this one tells them apart by chance' : ''}.`;
  });

const remarks = ({ pool, tolerance, autonomous }: ImageOptions): readonly string[] => [
  ...(pool === 1
    ? []
    : [
        `The images were averaged over squares of ${pool}×${pool} pixels: smaller ones than the paper’s, for less work.`,
      ]),
  autonomous
    ? 'The ODE functions do not depend on time, as in the counts of parameters of the paper’s Table 1.'
    : 'Time is a channel of every convolution, so that there are a few parameters more than the paper counts; `--autonomous` is without.',
  `NODE has as many filters as make its parameters equal to ANODE's. dopri5 at tolerance ${tolerance}, gradients back through its steps, Adam; pixels from 0 to 1, nothing before the flow.`,
];
