/** Spirals as they are, as they were observed, and as the models draw them. */
import { grid, phasePortrait, type Figure } from '@node-ode/viz';
import type { Spirals } from './data.ts';
import { curveOf, drawn, type Curve, type Scores } from './evaluate.ts';

const xs = (curve: Curve): number[] => curve.map(([x]) => x);
const ys = (curve: Curve): number[] => curve.map(([, y]) => y);
const of = (name: string, curve: Curve, colour: number, dashed = false) => ({
  name,
  x: xs(curve),
  y: ys(curve),
  colour,
  dashed,
});

/** Pictures of the first spirals, a row for each model. */
export function spiralsFigure(
  test: Spirals,
  observed: number,
  models: readonly { readonly title: string; readonly scores: Scores }[],
): Figure {
  const pictures = models.flatMap(({ title, scores }) =>
    scores.examples.slice(0, drawn).map(({ piece, past, future: ahead }, i) => {
      const [truth, future] = [curveOf(test.truth, i), curveOf(test.future, i)];
      const whole = [...truth, ...future];
      return phasePortrait({
        title,
        width: 330,
        height: 330,
        equal: true,
        x: { label: 'x', domain: domainOf(xs(whole)) },
        y: { label: 'y', domain: domainOf(ys(whole)) },
        trajectories: [
          of('truth', whole, 4, true),
          ...(past === undefined ? [] : [of('back', past, 2)]),
          ...(piece === undefined ? [] : [of('piece', piece, 0)]),
          of('ahead', ahead, 1),
        ],
        points: [{ ...of('seen', curveOf(test.observed.y, i), 3), line: false }],
      });
    }),
  );
  return grid(pictures, { columns: drawn, title: `Spirals to test on, ${observed} of 100 points observed` });
}

/** Room around what is drawn. */
function domainOf(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = 0.25 * Math.max(high - low, 1);
  return [low - margin, high + margin];
}
