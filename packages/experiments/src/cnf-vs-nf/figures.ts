/** Pictures: densities side by side, and KL during training. */
import { grid, lineChart, type Figure } from '@node-ode/viz';
import { targets } from '../flows/targets.ts';
import type { NamedFigure } from '../lab/index.ts';
import type { Comparison } from './experiment.ts';

/** Every figure. */
export function figuresOf(comparisons: readonly Comparison[]): readonly NamedFigure[] {
  const names = [...new Set(comparisons.map(({ target }) => target))];
  const curves = names.map((name) => curvesOf(comparisons.filter(({ target }) => target === name)));
  return [
    {
      name: 'training',
      figure: grid(curves, { columns: curves.length }),
      caption: 'KL during training, mean over seeds: continuous flows solid, discrete ones dashed.',
    },
  ];
}

function curvesOf(comparisons: readonly Comparison[]): Figure {
  const series = comparisons.flatMap(({ size, cnf, nf }, colour) =>
    ([`CNF, M = ${size}`, `NF, K = ${size}`] as const).map((name, i) => {
      const curves = (i === 0 ? cnf : nf).map(({ curve }) => curve);
      const mean = (curves[0] ?? []).map(
        (_, k) => curves.reduce((sum, curve) => sum + (curve[k] ?? NaN), 0) / curves.length,
      );
      return { name, x: mean.map((_, k) => (100 * (k + 0.5)) / mean.length), y: mean, colour, dashed: i === 1 };
    }),
  );
  return lineChart({
    title: comparisons.map(({ target }) => targets[target].name)[0] ?? '',
    width: 400,
    height: 360,
    x: { label: 'training', unit: '%' },
    y: { label: 'KL', unit: 'nats', scale: 'log' },
    series,
  });
}
