/** Table 1 of Chen et al. 2018: networks of about one accuracy on MNIST, and what the ODE block adds to stem and head. */
import type { Dataset } from '@node-ode/core';
import { augmented, type ImageSample } from '@node-ode/datasets';
import { lineChart, nfeCurves, type Figure } from '@node-ode/viz';
import { describeRun, mnistOptions, type MnistOptions } from '../images/options.ts';
import { byEpoch, trainClassifier } from '../images/train-classifier.ts';
import { mnist } from '../images/mnist.ts';
import { defineExperiment, measured, oneOf, partsOf, spread, type Cell, type Lab } from '../lab/index.ts';
import { rowNames, rows, type RowName } from './networks.ts';

/** What one training gave; by epoch where it is a list. */
interface Run {
  readonly parameters: number;
  /** Percent. */
  readonly errors: readonly number[];
  readonly losses: readonly number[];
  /** Evaluations of a step. */
  readonly nfe: readonly number[];
  readonly nfeBackward: readonly number[];
  readonly secondsPerEpoch: number;
  /** How far the process grew while it trained. */
  readonly memoryMiB: number;
}

export const experiment = defineExperiment({
  name: 'mnist-table',
  title: 'MNIST: perceptron, ResNet, RK-Net, ODE-Net, and the ODE-Net without its block',
  source: 'Chen et al. 2018, table 1',
  engine: 'onnx-cpu',
  threads: 2,
  options: {
    only: partsOf<RowName>(oneOf('rows of the table', rowNames, 'odenet'), {
      full: rowNames,
      quick: ['perceptron', 'resnet', 'rknet', 'odenet', 'no-block'],
    }),
    ...mnistOptions,
  },
  run: async (options, lab) => {
    const isDone = (name: RowName): boolean => lab.seeds.every((seed) => lab.isDone(`${name}/${seed}`));
    const shown = rowNames.filter((name) => options.only.includes(name) || isDone(name));
    let data: ReturnType<typeof images> | undefined;
    const results = new Map<RowName, readonly Run[]>();
    for (const name of shown) {
      const runs: Run[] = [];
      for (const seed of lab.seeds)
        runs.push(
          await lab.once(`${name}/${seed}`, async () =>
            trainRow(name, seed, await (data ??= images(options, lab)), options, lab),
          ),
        );
      results.set(name, runs);
    }
    return {
      tables: [table(results)],
      figures: [
        {
          name: 'test-error',
          figure: errorFigure(results),
          caption: 'Test error after each epoch of the first seed.',
        },
        ...(shown.some((name) => name === 'odenet' || name === 'rknet')
          ? [
              {
                name: 'nfe',
                figure: nfeFigure(results),
                caption: 'Function evaluations of a training step, mean of each epoch, of the first seed.',
              },
            ]
          : []),
      ],
      notes: [
        describeRun(options),
        'Time is that of training on this machine, with a test after each epoch; memory is by how much the process grew at most while it trained and tested, engine included, data sets not.',
        'The ResNet of the paper has 0.60 M parameters: ours of width 64 with `--stem residual` has 0.601 M, with the convolutional stem 0.577 M. The ODE-Nets have 0.233 M and 0.208 M.',
      ],
      data: { runs: Object.fromEntries(results) },
    };
  },
});

/** MNIST, moved at random where that is asked for. */
async function images(options: MnistOptions, lab: Lab): Promise<Dataset<ImageSample>> {
  const data = await mnist(lab, options);
  return options.crop === 0 ? data : augmented(data, { padding: options.crop });
}

async function trainRow(
  name: RowName,
  seed: number,
  data: Dataset<ImageSample>,
  options: MnistOptions,
  lab: Lab,
): Promise<Run> {
  const network = rows[name].make(lab.backend, options, seed);
  const { value, cost } = await measured(() =>
    trainClassifier(lab, `${name}/${seed}`, network, data, { ...options, seed }),
  );
  const { history, seconds } = value;
  return {
    parameters: network.parameters,
    errors: byEpoch(history, 'testError', 'last'),
    losses: byEpoch(history, 'loss', 'mean'),
    nfe: byEpoch(history, 'nfe', 'mean'),
    nfeBackward: byEpoch(history, 'nfeBackward', 'mean'),
    secondsPerEpoch: seconds / options.epochs,
    memoryMiB: cost.grownMiB,
  };
}

function table(results: ReadonlyMap<RowName, readonly Run[]>) {
  const over = (runs: readonly Run[], of: (run: Run) => number): Cell => spread(runs.map(of));
  return {
    columns: [
      'network',
      { name: 'test error, %', digits: 2 },
      { name: 'paper, %', digits: 2 },
      { name: 'parameters', digits: 0 },
      'paper',
      { name: 's an epoch', digits: 1 },
      { name: 'memory, MiB', digits: 0 },
      { name: 'NFE forward', digits: 1 },
      { name: 'NFE backward', digits: 1 },
    ],
    rows: [...results].map(([name, runs]): readonly Cell[] => {
      const { title, paper } = rows[name];
      const solves = (runs[0]?.nfe.at(-1) ?? 0) > 0;
      return [
        title,
        over(runs, ({ errors }) => errors.at(-1) ?? NaN),
        paper?.error ?? null,
        runs[0]?.parameters ?? null,
        paper?.parameters ?? null,
        over(runs, ({ secondsPerEpoch }) => secondsPerEpoch),
        over(runs, ({ memoryMiB }) => memoryMiB),
        solves ? over(runs, ({ nfe }) => nfe.at(-1) ?? NaN) : null,
        solves ? over(runs, ({ nfeBackward }) => nfeBackward.at(-1) ?? NaN) : null,
      ];
    }),
  };
}

const epochsOf = (values: readonly number[]): number[] => values.map((_, i) => i + 1);

const errorFigure = (results: ReadonlyMap<RowName, readonly Run[]>): Figure =>
  lineChart({
    title: 'MNIST: test error',
    width: 760,
    height: 420,
    x: { label: 'epoch', whole: true },
    y: { label: 'test error', unit: '%', scale: 'log' },
    series: [...results].map(([name, [run]]) => ({
      name: rows[name].title,
      x: epochsOf(run?.errors ?? []),
      y: run?.errors ?? [],
    })),
  });

const nfeFigure = (results: ReadonlyMap<RowName, readonly Run[]>): Figure =>
  nfeCurves({
    title: 'Function evaluations of a training step',
    width: 760,
    height: 420,
    y: { label: 'function evaluations' },
    curves: [...results]
      .filter(([name]) => name === 'odenet' || name === 'rknet')
      .map(([name, [run]]) => ({
        name: name === 'odenet' ? 'ODE-Net' : 'RK-Net',
        x: epochsOf(run?.nfe ?? []),
        forward: run?.nfe ?? [],
        backward: run?.nfeBackward ?? [],
      })),
  });
