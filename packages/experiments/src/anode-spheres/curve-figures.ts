/** Pictures of curves: losses, function evaluations, the sweep of extra dimensions, generalisation. */
import { grid, lineChart, type Figure, type Series } from '@node-ode/viz';
import { colours, meanCurve, spreadCurve } from '../anode/curves.ts';
import { modelNames } from '../anode/point-models.ts';
import type { Curves } from '../anode/train-points.ts';
import { dataNames, type DataName } from './data.ts';
import type { Run } from './train.ts';

const size = { width: 380, height: 300 };
const of = (runs: readonly Run[], data: DataName, d: number, model: string): readonly Run[] =>
  runs.filter((run) => run.data === data && run.dimensions === d && run.model === model);
const curve = (runs: readonly Run[], pick: (curves: Curves) => readonly number[]): number[] =>
  meanCurve(runs.map((run) => pick(run.curves)));
const epochs = (y: readonly number[]): number[] => y.map((_, i) => i + 1);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A panel for each data set and number of dimensions. */
const panels = (dimensions: readonly number[], panel: (data: DataName, d: number) => Figure): Figure =>
  grid(
    dataNames.flatMap((data) => dimensions.map((d) => panel(data, d))),
    { columns: dimensions.length },
  );

/** Losses over epochs. */
export const lossFigure = (runs: readonly Run[], dimensions: readonly number[]): Figure =>
  panels(dimensions, (data, d) =>
    lineChart({
      ...size,
      title: `${data}, d = ${d}`,
      x: { label: 'epoch', whole: true },
      y: { label: 'loss', scale: 'log' },
      series: modelNames.map((model): Series => {
        const y = curve(of(runs, data, d, model), ({ loss }) => loss);
        return { name: model, x: epochs(y), y, colour: colours[model] };
      }),
    }),
  );

/** Function evaluations over epochs. */
export const nfeFigure = (runs: readonly Run[], dimensions: readonly number[]): Figure =>
  panels(dimensions, (data, d) => {
    const series = (['NODE', 'ANODE'] as const).map((model) => {
      const list = of(runs, data, d, model);
      const y = curve(list, ({ nfe }) => nfe);
      const spread = spreadCurve(list.map(({ curves }) => curves.nfe));
      return { name: model, x: epochs(y), y, spread, colour: colours[model] };
    });
    const most = Math.max(...series.flatMap(({ y, spread }) => y.map((value, i) => value + (spread[i] ?? 0))));
    return lineChart({
      ...size,
      title: `${data}, d = ${d}`,
      x: { label: 'epoch', whole: true },
      y: { label: 'function evaluations', domain: [0, 1.1 * most] },
      series,
    });
  });

/** Loss against function evaluations: a path from epoch to epoch. */
export const nfeLossFigure = (runs: readonly Run[], dimensions: readonly number[]): Figure =>
  grid(
    dimensions.map((d) =>
      lineChart({
        ...size,
        title: `spheres, d = ${d}`,
        x: { label: 'function evaluations' },
        y: { label: 'loss', scale: 'log' },
        series: (['NODE', 'ANODE'] as const).map((model): Series => {
          const list = of(runs, 'spheres', d, model);
          return {
            name: model,
            x: curve(list, ({ nfe }) => nfe),
            y: curve(list, ({ loss }) => loss),
            line: true,
            points: true,
            colour: colours[model],
          };
        }),
      }),
    ),
    { columns: dimensions.length },
  );

/** Loss and function evaluations of the last epoch by the number of extra dimensions. */
export function sweepFigure(sweep: readonly Run[]): Figure {
  const extras = [...new Set(sweep.map(({ extra }) => extra))];
  const by = (pick: (curves: Curves) => number): Series => ({
    name: '',
    x: extras,
    y: extras.map((extra) => mean(sweep.filter((run) => run.extra === extra).map((run) => pick(run.curves)))),
    line: true,
    points: true,
  });
  const loss = by((curves) => curves.loss.at(-1) ?? NaN);
  const nfe = by((curves) => curves.nfe.at(-1) ?? NaN);
  const x = { label: 'extra dimensions p' };
  return grid(
    [
      lineChart({ ...size, x, y: { label: 'loss, last epoch', scale: 'log' }, series: [loss] }),
      lineChart({
        ...size,
        x,
        y: { label: 'function evaluations', domain: [0, 1.1 * Math.max(...Array.from(nfe.y))] },
        series: [nfe],
      }),
    ],
    { columns: 2 },
  );
}

/** Loss and validation loss over epochs, where points are few. */
export const fewFigure = (few: readonly Run[]): Figure =>
  lineChart({
    width: 680,
    height: 380,
    title: 'Few points, spheres of d = 2',
    x: { label: 'epoch', whole: true },
    y: { label: 'loss', scale: 'log' },
    series: (['NODE', 'ANODE'] as const).flatMap((model): Series[] => {
      const list = few.filter((run) => run.model === model);
      const [loss, validation] = [curve(list, (c) => c.loss), curve(list, (c) => c.validation)];
      return [
        { name: `${model}, training`, x: epochs(loss), y: loss, dashed: true, colour: colours[model] },
        { name: `${model}, validation`, x: epochs(validation), y: validation, colour: colours[model] },
      ];
    }),
  });
