/** An ODE-Net trained at one tolerance and evaluated at others, and figure 3 of Chen et al. 2018. */
import { lineChart, type Axis, type Figure, type Series } from '@node-ode/viz';
import { augmented } from '@node-ode/datasets';
import { mnist } from '../images/mnist.ts';
import { describeRun, mnistOptions } from '../images/options.ts';
import { byEpoch, trainClassifier } from '../images/train-classifier.ts';
import { defineExperiment, integer, real, type Cell } from '../lab/index.ts';
import { rows } from '../mnist-table/networks.ts';
import { batches, evaluate, type Evaluation } from './evaluate.ts';

/** What a tolerance gave. */
interface Point extends Omit<Evaluation, 'outputs'> {
  readonly tol: number;
  /** Of the outputs, relative, in the Euclidean norm. */
  readonly numericalError: number;
}

/** A survey's own run, at 1e-5, 1e-3 and 1: test error in percent, evaluations over ten batches, seconds of a batch of 1000. */
const survey: Readonly<Record<string, { readonly error: number; readonly nfe: number; readonly seconds?: number }>> = {
  '0.00001': { error: 0.39, nfe: 320, seconds: 4.6 },
  '0.001': { error: 0.39, nfe: 140 },
  '1': { error: 0.44, nfe: 140, seconds: 2.13 },
};

export const experiment = defineExperiment({
  name: 'tolerance',
  title: 'An ODE-Net trained at one tolerance, evaluated at others',
  source: 'Chen et al. 2018, figure 3; a survey’s own run',
  engine: 'onnx-cpu',
  threads: 2,
  options: {
    ...mnistOptions,
    batch: integer('test images in a batch, of which there are ten', { full: 1000, quick: 200 }, { max: 1000 }),
    truth: real('tolerance of the outputs that numerical errors are taken from', 1e-6),
  },
  run: async (options, lab) => {
    const { crop, tol, truth, batch } = options;
    const images = await mnist(lab, options);
    const at = (tolerance: number) => rows.odenet.make(lab.backend, { ...options, tol: tolerance }, seed);
    const [seed = 0] = lab.seeds;
    const data = crop === 0 ? images : augmented(images, { padding: crop });
    const { params, history } = await trainClassifier(lab, `odenet/${seed}`, at(tol), data, { ...options, seed });

    const evaluated = (tolerance: number): Promise<Evaluation> =>
      lab.once(`evaluation/${tolerance}`, () => evaluate(lab.backend, at(tolerance), params, images, batch));
    const exact = await evaluated(truth);
    const points: Point[] = [];
    for (const tolerance of [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]) {
      const { outputs, ...evaluation } = await evaluated(tolerance);
      points.push({ tol: tolerance, numericalError: relativeError(outputs, exact.outputs), ...evaluation });
    }
    const nfeByEpoch = { forward: byEpoch(history, 'nfe', 'mean'), backward: byEpoch(history, 'nfeBackward', 'mean') };
    return {
      tables: [table(points, batch)],
      figures: [
        {
          name: 'numerical-error',
          figure: numericalErrorFigure(points),
          caption:
            'Numerical error of the outputs against evaluations of a solve, tolerances from 1 to 1e-5 (figure 3a).',
        },
        {
          name: 'time',
          figure: timeFigure(points, batch),
          caption: `Time of a batch of ${batch} against evaluations of its solve (figure 3b).`,
        },
        {
          name: 'backward',
          figure: backwardFigure(points),
          caption: 'Evaluations of the adjoint solve against those of the forward solve (figure 3c).',
        },
        {
          name: 'nfe',
          figure: epochFigure(nfeByEpoch),
          caption: 'Evaluations of a training step, mean of each epoch (figure 3d).',
        },
      ],
      notes: [
        describeRun(options),
        `Trained with rtol = atol = ${tol}; evaluated with both at each tolerance. The numerical error is that of the outputs of the first batch, against those at ${truth.toExponential()}, in single precision.`,
        'The survey counts evaluations over ten batches of 1000; where it says something is the column behind ours. Its times are of another machine.',
      ],
      data: { points, nfeByEpoch, testError: byEpoch(history, 'testError', 'last') },
    };
  },
});

function relativeError(a: readonly number[], b: readonly number[]): number {
  const norm = (values: readonly number[]): number => Math.hypot(...values);
  return norm(a.map((x, i) => x - (b[i] ?? NaN))) / norm(b);
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

const table = (points: readonly Point[], batch: number) => ({
  columns: [
    'tolerance',
    { name: 'test error, %', digits: 2 },
    { name: 'survey, %', digits: 2 },
    { name: 'NFE of a solve', digits: 1 },
    { name: `NFE over ${batches} batches`, digits: 0 },
    { name: 'survey', digits: 0 },
    { name: `s a batch of ${batch}`, digits: 3 },
    { name: 'survey, s', digits: 2 },
    'numerical error',
    { name: 'NFE of a training step, forward', digits: 0 },
    { name: 'backward', digits: 0 },
  ],
  rows: points.map(({ tol, error, nfe, secondsPerBatch, numericalError, step }): readonly Cell[] => {
    const theirs = survey[String(tol)];
    return [
      tol.toExponential(0),
      error,
      theirs?.error ?? null,
      meanOf(nfe),
      nfe.reduce((sum, x) => sum + x, 0),
      theirs?.nfe ?? null,
      secondsPerBatch,
      theirs?.seconds ?? null,
      numericalError.toExponential(1),
      step.forward,
      step.backward,
    ];
  }),
});

const chart = (title: string, x: Axis, y: Axis, series: readonly Series[]): Figure =>
  lineChart({ title, width: 560, height: 400, x, y, series });

const evaluations: Axis = { label: 'evaluations of a solve' };

const numericalErrorFigure = (points: readonly Point[]): Figure =>
  chart('Numerical error', evaluations, { label: 'relative error of the outputs', scale: 'log' }, [
    {
      name: '',
      x: points.map(({ nfe }) => meanOf(nfe)),
      y: points.map(({ numericalError }) => numericalError),
      points: true,
      line: true,
    },
  ]);

const timeFigure = (points: readonly Point[], batch: number): Figure =>
  chart(`Time of a batch of ${batch}`, evaluations, { label: 'time', unit: 's' }, [
    {
      name: '',
      x: points.map(({ nfe }) => meanOf(nfe)),
      y: points.map(({ secondsPerBatch }) => secondsPerBatch),
      points: true,
    },
  ]);

function backwardFigure(points: readonly Point[]): Figure {
  const forward = points.map(({ step }) => step.forward);
  const most = Math.max(...forward);
  return chart('Forward and backward', { label: 'evaluations forward' }, { label: 'evaluations backward' }, [
    { name: 'adjoint', x: forward, y: points.map(({ step }) => step.backward), points: true },
    { name: 'as many', x: [0, most], y: [0, most], dashed: true },
    { name: 'half as many (Chen et al.)', x: [0, most], y: [0, most / 2], dashed: true },
  ]);
}

const epochFigure = ({ forward, backward }: Readonly<Record<'forward' | 'backward', readonly number[]>>): Figure =>
  chart('Evaluations while training', { label: 'epoch', whole: true }, { label: 'evaluations of a step' }, [
    { name: 'forward', x: forward.map((_, i) => i + 1), y: forward, points: true, line: true },
    { name: 'backward', x: backward.map((_, i) => i + 1), y: backward, points: true, line: true },
  ]);
