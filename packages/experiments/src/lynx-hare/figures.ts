/** The pictures of a run: fit and forecast, phase portrait, loss, function evaluations. */
import type { History } from '@node-ode/train';
import { lineChart, phasePortrait, type Axis, type Band, type Figure } from '@node-ode/viz';
import { firstStep, stages } from './curriculum.ts';
import type { Evaluation, Flow, Trajectory } from './evaluate.ts';
import type { Pelts, Problem } from './problem.ts';

const pelts = 'thousand pelts';
const column = (rows: readonly Pelts[], k: 0 | 1): number[] => rows.map((row) => row[k]);

/** Both populations over the years, observed and as the model has them; the years held out are shaded. */
export function trajectoryFigure(problem: Problem, { trajectory }: Evaluation): Figure {
  const { trainYears, testYears, train, test } = problem;
  const years = [...trainYears, ...testYears];
  const observed = [...train, ...test];
  const species = (name: string, k: 0 | 1) => [
    { name: `${name}, Neural ODE`, x: trajectory.years, y: column(trajectory.pelts, k), colour: k },
    { name: `${name}, observed`, x: years, y: column(observed, k), colour: k, points: true },
  ];
  const lastTrained = trainYears.at(-1) ?? NaN;
  return lineChart({
    title: `Snowshoe hare and lynx: a Neural ODE fitted to ${years[0]}–${lastTrained}`,
    width: 860,
    height: 460,
    x: { label: 'year' },
    y: { label: 'pelts bought', unit: 'thousand' },
    bands: [{ from: lastTrained + 0.5, to: Infinity, label: 'held out' }],
    series: [...species('hare', 0), ...species('lynx', 1)],
  });
}

/** The corner opposite the origin of a picture that shows all of the record. */
export function planeOf({ train, test }: Problem, { trajectory }: Evaluation): Pelts {
  const largest = (k: 0 | 1): number => 1.1 * Math.max(...column([...train, ...test, ...trajectory.pelts], k));
  return [largest(0), largest(1)];
}

/** Points over the plane at which the field is drawn. */
export function fieldPoints([hare, lynx]: Pelts, columns = 22, rows = 17): readonly Pelts[] {
  return Array.from({ length: columns * rows }, (_, i) => [
    (hare * ((i % columns) + 0.5)) / columns,
    (lynx * (Math.floor(i / columns) + 0.5)) / rows,
  ]);
}

/** One population against the other, over the learned vector field. */
export function phaseFigure(problem: Problem, evaluation: Evaluation, flow: Flow): Figure {
  const { train, test, trainYears } = problem;
  const [fitted, forecast] = cut(evaluation.trajectory, trainYears.at(-1) ?? NaN);
  const [right, top] = planeOf(problem, evaluation);
  return phasePortrait({
    title: 'The learned vector field, its trajectory and the record',
    width: 760,
    height: 600,
    x: { label: 'hare', unit: pelts, domain: [0, right] },
    y: { label: 'lynx', unit: pelts, domain: [0, top] },
    field: {
      x: column(flow.points, 0),
      y: column(flow.points, 1),
      u: column(flow.rates, 0),
      v: column(flow.rates, 1),
    },
    trajectories: [
      { name: 'Neural ODE, fitted', x: column(fitted, 0), y: column(fitted, 1), colour: 0 },
      { name: 'Neural ODE, forecast', x: column(forecast, 0), y: column(forecast, 1), colour: 1, dashed: true },
    ],
    points: [
      { name: 'observed', x: column(train, 0), y: column(train, 1), colour: 0 },
      { name: 'observed, held out', x: column(test, 0), y: column(test, 1), colour: 1 },
    ],
  });
}

/** The trajectory up to a year, and from it on. */
function cut({ years, pelts: all }: Trajectory, year: number): [readonly Pelts[], readonly Pelts[]] {
  const at = years.findIndex((y) => y >= year);
  return [all.slice(0, at + 1), all.slice(at)];
}

/** The loss of every step. */
export const lossFigure = (history: History, steps: number): Figure =>
  lineChart({
    title: 'Loss: mean squared error of standardised log pelts',
    width: 760,
    height: 400,
    x: stepAxis(steps),
    y: { label: 'loss', scale: 'log' },
    bands: stageBands(steps),
    series: [{ name: '', x: history['step'] ?? [], y: history['loss'] ?? [] }],
  });

/** Function evaluations of every step, forward and in the adjoint solve. */
export const nfeFigure = (history: History, steps: number): Figure =>
  lineChart({
    title: 'Function evaluations of each training step',
    width: 760,
    height: 400,
    x: stepAxis(steps),
    y: { label: 'function evaluations', domain: [0, 1.15 * largestNfe(history)] },
    bands: stageBands(steps),
    series: [
      { name: 'forward solve', x: history['step'] ?? [], y: history['nfe'] ?? [] },
      { name: 'adjoint solve', x: history['step'] ?? [], y: history['nfeBackward'] ?? [] },
    ],
  });

/** Steps, and what they fit one after another. */
const stepAxis = (steps: number): Axis => ({
  label: `training step (stretches of ${stages.flatMap(({ years }) => years ?? []).join(', ')} years, then all)`,
  domain: [0, steps],
});

/** Room for the names of stages above the curves. */
const largestNfe = ({ nfe = [], nfeBackward = [] }: History): number =>
  nfe.reduce((largest, n, i) => Math.max(largest, n, nfeBackward[i] ?? 0), 1);

/** Every other stage of training is shaded. */
const stageBands = (steps: number): Band[] =>
  stages.flatMap((stage, i) => {
    const next = stages[i + 1];
    if (i % 2 === 0) return [];
    return [
      {
        from: firstStep(stage, steps) + 0.5,
        to: next === undefined ? steps : firstStep(next, steps) + 0.5,
        label: stage.years === undefined ? 'the whole trajectory' : `${stage.years} years`,
      },
    ];
  });
