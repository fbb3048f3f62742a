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

/** A picture of the first spirals for each number of observed points: a row of the latent ODE and one of the baseline. */
export function spiralsFigure(test: Spirals, observed: number, latent: Scores, rnn: Scores): Figure {
  const pictures = (['latent', 'rnn'] as const).flatMap((model) =>
    Array.from({ length: drawn }, (_, i) => {
      const [truth, future] = [curveOf(test.truth, i), curveOf(test.future, i)];
      const whole = [...truth, ...future];
      const example = (model === 'latent' ? latent : rnn).examples[i];
      const { piece = [], past = [], future: ahead = [] } = example ?? {};
      return phasePortrait({
        title: model === 'latent' ? 'Latent ODE' : 'RNN',
        width: 330,
        height: 380,
        x: { label: 'x', domain: domainOf(xs(whole)) },
        y: { label: 'y', domain: domainOf(ys(whole)) },
        trajectories: [
          of('truth', whole, 7),
          ...(model === 'latent' ? [of('reconstruction', piece, 0), of('backwards', past, 2)] : []),
          of('extrapolation', ahead, 1),
        ],
        points: [{ ...of('observed', curveOf(test.observed.y, i), 3), line: false }],
      });
    }),
  );
  return grid(pictures, { columns: drawn, title: `Spirals to test on, ${observed} of 100 points observed` });
}

/** Room around what is drawn. */
function domainOf(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = 0.15 * Math.max(high - low, 1);
  return [low - margin, high + margin];
}
