/** Pictures of flows: where points are on their way, and the trajectories themselves. */
import {
  animate,
  flowAt,
  grid,
  lineChart,
  phasePortrait,
  type Animation,
  type Figure,
  type Series,
} from '@node-ode/viz';
import type { PicturedRun } from './train.ts';

/** The colours of ball and shell. */
const classColour = (label: number): number => (label < 0 ? 0 : 1);
/** In the order of drawing: the ball in front of the shell, which would hide it where a plane is seen from its edge. */
const classNames = [
  [1, 'shell'],
  [-1, 'ball'],
] as const;

const find = (runs: readonly PicturedRun[], dimensions: number, model: string): PicturedRun | undefined =>
  runs.find((run) => run.dimensions === dimensions && run.model === model);

/** The dimensions that a plane shows: the first two of NODE, the first and the last, which is the extra one, of ANODE. */
const planeOf = ({ model, dimensions, extra }: PicturedRun): readonly [number, number] =>
  model === 'NODE' ? [0, 1] : [0, dimensions + extra - 1];

/** Where a dimension goes from and to on the whole way, with a margin: one range for all times. */
function extentOf(states: PicturedRun['evolution']['states'], k: number): readonly [number, number] {
  const values = states.flatMap((row) => row.map((point) => point[k] ?? NaN));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return [least - 0.05 * (most - least), most + 0.05 * (most - least)];
}

/** Points at some times, a row for each model. */
export function evolutionFigure(runs: readonly PicturedRun[]): Figure {
  const moments = [0, 0.5, 1];
  const rows = (['NODE', 'ANODE'] as const).flatMap((model) => {
    const run = find(runs, 2, model);
    if (run === undefined) return [];
    const { states, classes } = run.evolution;
    const [a, b] = planeOf(run);
    const [x, y] = [extentOf(states, a), extentOf(states, b)];
    return moments.map((moment) => {
      const at = states[Math.round(moment * (states.length - 1))] ?? [];
      const series = classNames.map(([label, name]): Series => {
        const points = at.slice(0, 100).filter((_, i) => classes[i] === label);
        return {
          name,
          x: points.map((point) => point[a] ?? NaN),
          y: points.map((point) => point[b] ?? NaN),
          points: true,
          colour: classColour(label),
        };
      });
      return lineChart({
        title: `${model}, t = ${moment}`,
        width: 300,
        height: 280,
        x: { label: 'h₁', domain: x },
        y: { label: model === 'NODE' ? 'h₂' : 'a', domain: y },
        series,
      });
    });
  });
  return grid(rows, { columns: moments.length });
}

/** The flows of NODE and of ANODE in the plane, side by side, in time. */
export function flowsInTime(runs: readonly PicturedRun[]): Animation {
  const shown = (['NODE', 'ANODE'] as const).flatMap((model) => find(runs, 2, model) ?? []);
  return animate(
    (time) =>
      grid(
        shown.map((run) => momentOf(run, time)),
        { columns: shown.length },
      ),
    {
      to: shown[0]?.evolution.times.at(-1) ?? 1,
      frames: 32,
      seconds: 3,
      hold: 1.5,
    },
  );
}

function momentOf(run: PicturedRun, time: number): Figure {
  const { states, classes, times } = run.evolution;
  const [a, b] = planeOf(run);
  const along = (label: number, k: number): number[][] =>
    states.map((row) => row.filter((_, i) => classes[i] === label).map((point) => point[k] ?? NaN));
  return flowAt({
    ...size,
    title: `${run.model}, t = ${time.toFixed(2)}`,
    x: { label: 'h₁' },
    y: { label: run.model === 'NODE' ? 'h₂' : 'a' },
    times,
    time,
    trail: 0.3,
    particles: classNames.map(([label, name]) => ({
      name,
      x: along(label, a),
      y: along(label, b),
      colour: classColour(label),
    })),
  });
}

/** Trajectories: of the line over time, of planes in the plane. */
export function flowsFigure(runs: readonly PicturedRun[]): Figure {
  const panels = [1, 2].flatMap((dimensions) =>
    (['NODE', 'ANODE'] as const).flatMap((model) => find(runs, dimensions, model) ?? []),
  );
  return grid(
    panels.map((run) => (run.dimensions === 1 && run.model === 'NODE' ? overTime(run) : inPlane(run))),
    { columns: 2 },
  );
}

const size = { width: 360, height: 300 };

/** Few enough lines to be told apart, those of both classes among them. */
const chosen = ({ evolution: { classes } }: PicturedRun, count: number): readonly number[] =>
  classNames.flatMap(([label]) =>
    classes.flatMap((value, i) => (value === label ? [i] : [])).slice(0, Math.round(count / 2)),
  );

const named = (
  run: PicturedRun,
  indices: readonly number[],
  line: (i: number) => Pick<Series, 'x' | 'y'>,
): Series[] => {
  const { classes } = run.evolution;
  return indices.map((i) => {
    const label = classes[i] ?? NaN;
    const isFirst = indices.find((k) => classes[k] === label) === i;
    const name = classNames.find(([value]) => value === label)?.[1] ?? '';
    return { name: isFirst ? name : '', colour: classColour(label), ...line(i) };
  });
};

const overTime = (run: PicturedRun): Figure => {
  const { states, times } = run.evolution;
  return lineChart({
    ...size,
    title: `${run.model}, d = 1`,
    x: { label: 't', domain: [0, 1] },
    y: { label: 'h(t)' },
    series: named(run, chosen(run, 24), (i) => ({ x: times, y: states.map((row) => row[i]?.[0] ?? NaN) })),
  });
};

const inPlane = (run: PicturedRun): Figure => {
  const { states } = run.evolution;
  const [a, b] = planeOf(run);
  const along = (i: number, k: number): number[] => states.map((row) => row[i]?.[k] ?? NaN);
  const indices = chosen(run, 24);
  return phasePortrait({
    ...size,
    title: `${run.model}, d = ${run.dimensions}`,
    x: { label: 'h₁' },
    y: { label: run.model === 'NODE' ? 'h₂' : 'a' },
    trajectories: named(run, indices, (i) => ({ x: along(i, a), y: along(i, b) })),
    points: named(run, indices, (i) => ({ x: [along(i, a)[0] ?? NaN], y: [along(i, b)[0] ?? NaN] })).map((series) => ({
      ...series,
      name: '',
    })),
  });
};
