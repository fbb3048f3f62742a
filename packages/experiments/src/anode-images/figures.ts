/** Pictures: curves over steps, accuracy against function evaluations. */
import { grid, lineChart, type Figure } from '@node-ode/viz';
import { meanCurve } from '../anode/curves.ts';
import { byVariant } from './by-variant.ts';
import { dataTitles, type DataName } from './data.ts';
import type { Run } from './train.ts';

const size = { width: 460, height: 340 };

/** Loss and function evaluations over steps. */
export function curveFigure(data: DataName, runs: readonly Run[]): Figure {
  const series = (pick: (run: Run) => readonly number[]) =>
    byVariant(runs).map(([name, list]) => {
      const ended = list.filter(({ failure }) => failure === undefined);
      return { name, x: ended[0]?.steps.step ?? [], y: meanCurve(ended.map(pick)) };
    });
  const nfe = series((run) => run.steps.nfe);
  const most = Math.max(1, ...nfe.flatMap(({ y }) => y));
  const x = { label: 'step' };
  return grid(
    [
      lineChart({
        ...size,
        title: `${dataTitles[data]}: loss`,
        x,
        y: { label: 'loss', scale: 'log' },
        series: series((run) => run.steps.loss),
      }),
      lineChart({
        ...size,
        title: `${dataTitles[data]}: evaluations of a forward solve`,
        x,
        y: { label: 'function evaluations', domain: [0, 1.1 * most] },
        series: nfe,
      }),
    ],
    { columns: 2 },
  );
}

/** Accuracy against function evaluations, epoch by epoch. */
export const tradeFigure = (data: DataName, runs: readonly Run[]): Figure =>
  lineChart({
    width: 560,
    height: 380,
    title: `${dataTitles[data]}: accuracy after each epoch`,
    x: { label: 'function evaluations of a forward solve' },
    y: { label: 'accuracy', unit: '%' },
    series: byVariant(runs).map(([name, list]) => ({
      name,
      x: list.flatMap(({ nfe, accuracy }) => nfe.slice(0, accuracy.length)),
      y: list.flatMap(({ accuracy }) => accuracy.map((value) => 100 * value)),
      points: true,
    })),
  });
