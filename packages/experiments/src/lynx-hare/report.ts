/** What is left of a run: files, and a few lines of text. */
import { join } from 'node:path';
import { namedArrays, type FitResult } from '@node-ode/train';
import { writeFileAtomically, writeSafetensors } from '@node-ode/train/node';
import { saveFigure } from '@node-ode/viz/node';
import { flowAt, type Evaluation } from './evaluate.ts';
import { fieldPoints, lossFigure, nfeFigure, phaseFigure, planeOf, trajectoryFigure } from './figures.ts';
import { layerSizes, type Experiment, type Params, type Settings, type State } from './model.ts';
import type { Problem } from './problem.ts';

/** A run that has come to its end. */
export interface FinishedRun {
  readonly problem: Problem;
  readonly experiment: Experiment;
  readonly settings: Settings;
  readonly result: FitResult<State>;
  readonly params: Params;
  readonly evaluation: Evaluation;
}

/** Writes figures, parameters and metrics; gives the names of the files with what is in them. */
export async function writeResults(out: string, run: FinishedRun): Promise<readonly [file: string, content: string][]> {
  const { problem, experiment, settings, result, params, evaluation } = run;
  const points = fieldPoints(planeOf(problem, evaluation));
  const flow = await flowAt(problem, experiment, params, points);
  const figures = [
    ['trajectory', trajectoryFigure(problem, evaluation), 'fit and forecast over the record'],
    ['phase-portrait', phaseFigure(problem, evaluation, flow), 'the learned vector field'],
    ['loss', lossFigure(result.history, settings.steps), 'loss of each step'],
    ['nfe', nfeFigure(result.history, settings.steps), 'function evaluations of each step'],
  ] as const;
  for (const [name, figure] of figures) await saveFigure(figure, join(out, name));
  await writeParameters(join(out, 'parameters.safetensors'), run);
  const metrics = `${JSON.stringify(metricsOf(run), undefined, 2)}\n`;
  await writeFileAtomically('npm start', join(out, 'metrics.json'), metrics);
  return [
    ...figures.map(([name, , content]): [string, string] => [`${name}.svg, ${name}.png`, content]),
    ['parameters.safetensors', 'network, initial value, scale of the state'],
    ['metrics.json', 'scores and costs'],
    ['checkpoints/', 'what --resume goes on from'],
  ];
}

/** The parameters with what it takes to use them: states are (log pelts − mean) / std. */
function writeParameters(path: string, { problem, params, settings }: FinishedRun): Promise<void> {
  const { mean, std } = problem.scale;
  return writeSafetensors(path, namedArrays({ ...params, scale: { mean, std } }), {
    model: `dz/dt = mlp(z), layers ${layerSizes.join('-')}, tanh; z = (log(thousand pelts of hare, lynx) - mean) / std`,
    data: `lynx-hare, ${problem.trainYears[0]}-${problem.trainYears.at(-1)}`,
    settings: JSON.stringify(settings),
  });
}

/** Numbers of a run, for programs. */
function metricsOf({ problem, settings, result, evaluation }: FinishedRun): object {
  const { history, step } = result;
  const total = (name: string): number => (history[name] ?? []).reduce((sum, value) => sum + value, 0);
  return {
    settings,
    steps: step,
    seconds: history['seconds']?.at(-1) ?? 0,
    loss: history['loss']?.at(-1) ?? null,
    nfe: total('nfe'),
    nfeBackward: total('nfeBackward'),
    train: { years: problem.trainYears, rmse: evaluation.fitRmse },
    heldOut: {
      years: problem.testYears,
      unit: 'thousand pelts: hare, lynx',
      observed: problem.test,
      forecasts: evaluation.scores.map(({ name, rmse, forecast }) => ({ name, rmse, forecast })),
    },
  };
}

/** The scores as lines of text. */
export function describeScores({ trainYears, testYears }: Problem, { fitRmse, scores }: Evaluation): string {
  const span = (years: readonly number[]): string => `${years[0]}–${years.at(-1)}`;
  const width = Math.max(...scores.map(({ name }) => name.length));
  return [
    `Fit, ${span(trainYears)}: root mean square error ${fitRmse.toFixed(2)} thousand pelts.`,
    `Forecast of ${span(testYears)}, which training never saw, root mean square error in thousand pelts:`,
    ...scores.map(({ name, rmse }) => `  ${name.padEnd(width)}  ${rmse.toFixed(2).padStart(6)}`),
  ].join('\n');
}
