/** The table, and what a reader has to know. */
import { planeData } from '../flows/data.ts';
import { spread, type Cell, type Spread, type Table } from '../lab/index.ts';
import type { DensityFits } from './experiment.ts';
import type { Fit, FitSettings } from './fit.ts';
import { modelTitles } from './models.ts';

const over = (fits: readonly Fit[], value: (fit: Fit) => number): Spread => spread(fits.map(value));

/** A value that only some flows have. */
function where(fits: readonly Fit[], value: (fit: Fit) => number | null): Cell {
  const values = fits.map(value);
  return values.every((v) => v !== null) ? spread(values) : null;
}

/** Likelihoods of every flow on every density. */
export const densityTable = (all: readonly DensityFits[], width: number): Table => ({
  title: 'Negative log-likelihood of fresh points, nats; mean ± deviation over seeds',
  columns: [
    'density',
    'flow',
    { name: 'NLL', digits: 3 },
    { name: 'standard error', digits: 3 },
    { name: 'entropy of the data', digits: 3 },
    { name: 'KL(p ‖ q)', digits: 3 },
    { name: 'NLL bound by one draw', digits: 3 },
    { name: 'ms per update', digits: 1 },
    { name: 'evaluations of f per update', digits: 0 },
  ],
  rows: all.flatMap(({ data, fits: ofData }) =>
    ofData.map(({ model, fits }) => [
      planeData[data].name,
      modelTitles[model](width),
      over(fits, ({ nll }) => nll),
      Math.max(...fits.map(({ standardError }) => standardError)),
      where(fits, ({ entropy }) => entropy),
      where(fits, ({ nll, entropy }) => (entropy === null ? null : nll - entropy)),
      where(fits, ({ bound }) => bound),
      1000 * Math.min(...fits.map(({ secondsPerStep }) => secondsPerStep)),
      over(fits, ({ nfe }) => nfe).mean,
    ]),
  ),
});

/** What a reader has to know. */
export const densityNotes = ({ steps, batchSize, points }: FitSettings): readonly string[] => [
  'The paper has pictures, no numbers. Entropy is −log p of the same fresh points by the density itself (exact, or by quadrature along its curves), where it is known; the pinwheel’s is not. KL is their difference, so that its error is smaller than that of NLL.',
  'The augmented dimension is noise of N(0, 1), not zeros, for which a density of the data would not exist: its NLL is an upper bound by 16 importance-weighted draws, beside it the bound by one draw, which it is trained by. Pictures of it are by 16 draws.',
  `${steps} updates by Adam with a cosine decay, batches of ${batchSize} fresh points; ${points} points for the likelihood. Continuous flows are trained with dopri5 at rtol 1e-3 and the adjoint method (seminorm), evaluated at 1e-5.`,
  'The discrete planar flow learns by likelihood too, through a numerical inverse that is differentiated by the implicit function theorem. The paper’s discrete flow has 64 layers, its continuous one 64 hidden units.',
  'Times are of a machine that may have been busy with other work: compare within a row.',
];
