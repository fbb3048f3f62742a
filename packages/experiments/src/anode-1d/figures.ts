/** The pictures: flows and jumps over time, the augmented plane, the learned functions, losses. */
import { grid, lineChart, phasePortrait, type Figure, type Series } from '@node-ode/viz';
import { colours, meanCurve } from '../anode/curves.ts';
import { modelNames, type ModelName } from '../anode/point-models.ts';
import type { Run, Task } from './task.ts';

const find = (runs: readonly Run[], task: string, model: ModelName, seed: number): Run | undefined =>
  runs.find((run) => run.task === task && run.model === model && run.seed === seed);

/** The colour of a start: those below 0, above 0, and 0 itself. */
const sideOf = (start: number): number => (Math.abs(start) < 1e-9 ? 3 : start < 0 ? 0 : 1);

/** Dimension k of the trajectory from a start. */
const along = (run: Run, start: number, k: number): number[] => run.states.map((row) => row[start]?.[k] ?? NaN);

/** −1 and 1 among the starts. */
const marked = (run: Run): number[] => [-1, 1].map((start) => run.starts.indexOf(start));

/** A start's line in the legend: that of one start on each side. */
const nameOf = (start: number, text: string): string =>
  start === 0 ? `${text} 0` : Math.abs(start) === 1 ? `${text} ${start < 0 ? 'below' : 'above'} 0` : '';

/** The first dimension over time from each start. */
const flowLines = (run: Run): Series[] =>
  run.starts.map((start, i) => ({
    name: nameOf(start, 'flow from'),
    x: run.times,
    y: along(run, i, 0),
    colour: sideOf(start),
  }));

/** Where the flow takes −1 and 1 from, and where to. */
const endPoints = (run: Run): Series[] =>
  marked(run).map((i) => ({
    name: '',
    x: [0, 1],
    y: [along(run, i, 0)[0] ?? NaN, along(run, i, 0).at(-1) ?? NaN],
    points: true,
    colour: sideOf(run.starts[i] ?? NaN),
  }));

/** Jumps from −1 and 1, dashed. */
const jumpLines = (run: Run | undefined): Series[] =>
  run === undefined
    ? []
    : marked(run).map((start, k) => ({
        name: k === 0 ? 'ResNet’s jumps from ±1' : '',
        x: run.times,
        y: along(run, start, 0),
        dashed: true,
        colour: 6,
      }));

/** NODE's flow and ANODE's first dimension over time, with the jumps of ResNet. */
export function crossingFigure(runs: readonly Run[], seed: number): Figure {
  const jumps = jumpLines(find(runs, 'crossing', 'ResNet', seed));
  const panel = (model: ModelName, title: string): Figure => {
    const run = find(runs, 'crossing', model, seed);
    return lineChart({
      title,
      width: 460,
      height: 360,
      x: { label: 't', domain: [0, 1] },
      y: { label: model === 'NODE' ? 'h(t)' : 'first dimension of h(t)', domain: [-1.8, 1.8] },
      series: run === undefined ? jumps : [...flowLines(run), ...endPoints(run), ...jumps],
    });
  };
  return grid([panel('NODE', 'NODE: trajectories can’t cross'), panel('ANODE', 'ANODE: they pass each other')], {
    columns: 2,
  });
}

/** ANODE's trajectories in the plane of the first two dimensions. */
export function planeFigure(runs: readonly Run[], seed: number): Figure {
  const run = find(runs, 'crossing', 'ANODE', seed);
  const trajectories: Series[] = (run?.starts ?? []).map((start, i) => ({
    name: nameOf(start, 'from'),
    x: run === undefined ? [] : along(run, i, 0),
    y: run === undefined ? [] : along(run, i, 1),
    colour: sideOf(start),
  }));
  const points: Series[] = (run?.starts ?? []).map((start) => ({
    name: '',
    x: [start],
    y: [0],
    colour: sideOf(start),
  }));
  return phasePortrait({
    title: 'ANODE: −1 and 1 change places through the plane',
    width: 560,
    height: 460,
    x: { label: 'the input’s dimension' },
    y: { label: 'the extra dimension' },
    trajectories,
    points,
  });
}

/** Outputs over the line beside what is wanted and the best monotone fit. */
export function spheresFigure(runs: readonly Run[], seed: number): Figure {
  const found = modelNames.flatMap((model) => find(runs, 'spheres', model, seed) ?? []);
  const fit = found[0]?.fit;
  const wanted = [
    [-1.5, -1, 1],
    [-0.5, 0.5, -1],
    [1, 1.5, 1],
  ] as const;
  return lineChart({
    title: 'Spheres of one dimension, with a linear layer behind the flow',
    width: 700,
    height: 400,
    x: { label: 'x', domain: [-1.6, 1.6] },
    y: { label: 'output' },
    series: [
      ...found.map(({ model, inputs, outputs }) => ({ name: model, x: inputs, y: outputs, colour: colours[model] })),
      ...(fit === undefined ? [] : [{ name: 'best monotone fit', ...fit, dashed: true, colour: 3 }]),
      ...wanted.map(([from, to, y], i) => ({ name: i === 0 ? 'wanted' : '', x: [from, to], y: [y, y], colour: 6 })),
    ],
  });
}

/** Loss over epochs, mean over seeds, of each task. */
export const lossFigure = (tasks: readonly Task[], runs: readonly Run[]): Figure =>
  grid(
    tasks.map((task) => {
      const series = modelNames.map((model) => {
        const list = runs.filter((run) => run.task === task.name && run.model === model);
        const y = meanCurve(list.map((run) => run.curves.loss));
        return { name: model, x: y.map((_, i) => i + 1), y, colour: colours[model] };
      });
      const bounds = runs.filter((run) => run.task === task.name).map((run) => run.bound);
      const bound = bounds.reduce((sum, value) => sum + value, 0) / bounds.length;
      const ends = [1, Math.max(1, ...series.map(({ y }) => y.length))];
      return lineChart({
        title: task.title,
        width: 460,
        height: 350,
        x: { label: 'epoch', whole: true },
        y: { label: 'mean squared error', scale: 'log' },
        series: [...series, { name: 'best monotone fit', x: ends, y: [bound, bound], dashed: true, colour: 3 }],
      });
    }),
    { columns: 2 },
  );
