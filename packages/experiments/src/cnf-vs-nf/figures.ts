/** Pictures: for each density the target, both flows of each size, and KL during training. */
import { grid, lineChart, type Figure } from '@node-ode/viz';
import { densityPanel } from '../flows/pictures.ts';
import { targets, type TargetName } from '../flows/targets.ts';
import type { NamedFigure } from '../lab/index.ts';
import type { Comparison } from './experiment.ts';
import { pictureGrid, type Fit } from './fit.ts';

/** A picture for each density. */
export const figuresOf = (comparisons: readonly Comparison[]): readonly NamedFigure[] =>
  [...new Set(comparisons.map(({ target }) => target))].map((name) =>
    targetFigure(
      name,
      comparisons.filter(({ target }) => target === name),
    ),
  );

function targetFigure(target: TargetName, comparisons: readonly Comparison[]): NamedFigure {
  const { name } = targets[target];
  const truth = comparisons[0]?.truth ?? [];
  // One scale for all: a flow that piles its density up is as bright as the target's brightest cell.
  const panel = (title: string, values: readonly number[]): Figure =>
    densityPanel(title, values, pictureGrid, Math.max(...truth));
  const of = (fits: readonly Fit[]): readonly number[] => fits[0]?.density ?? [];
  const figures = [
    panel(`Target, ${name}`, truth),
    ...comparisons.map(({ size, cnf }) => panel(`CNF, M = ${size}`, of(cnf))),
    curvesOf(comparisons),
    ...comparisons.map(({ size, nf }) => panel(`NF, K = ${size}`, of(nf))),
  ];
  return {
    name: target,
    figure: grid(figures, { columns: comparisons.length + 1 }),
    caption: `${name}: the target and the flows of the first seed, all on one scale of colours, which ends at the target’s largest density; KL during training, mean over seeds, continuous flows solid, discrete ones dashed.`,
  };
}

function curvesOf(comparisons: readonly Comparison[]): Figure {
  const series = comparisons.flatMap(({ size, cnf, nf }, colour) =>
    [cnf, nf].map((fits, i) => {
      const curves = fits.map(({ curve }) => curve);
      const mean = (curves[0] ?? []).map(
        (_, k) => curves.reduce((sum, curve) => sum + (curve[k] ?? NaN), 0) / curves.length,
      );
      return {
        name: i === 0 ? `${size}` : '',
        x: mean.map((_, k) => (100 * (k + 0.5)) / mean.length),
        y: mean,
        colour,
        dashed: i === 1,
      };
    }),
  );
  return lineChart({
    title: 'KL in training',
    width: 240,
    height: 264,
    x: { label: 'training', unit: '%', domain: [0, 100] },
    y: { label: 'KL', unit: 'nats', scale: 'log' },
    series,
  });
}
