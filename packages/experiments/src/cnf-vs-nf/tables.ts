/** The tables, and what a reader has to know. */
import { targets } from '../flows/targets.ts';
import { spread, type Spread, type Table } from '../lab/index.ts';
import type { Comparison } from './experiment.ts';
import type { FieldCost } from './field-cost.ts';
import type { Fit, FitSettings } from './fit.ts';

const of = (fits: readonly Fit[], value: (fit: Fit) => number): Spread => spread(fits.map(value));
const largest = (fits: readonly Fit[], value: (fit: Fit) => number): number => Math.max(...fits.map(value));

/** Which is better by more than twice the standard errors of both means over seeds and points. */
function winner({ cnf, nf }: Comparison): string {
  const [ours, theirs] = [of(cnf, ({ kl }) => kl), of(nf, ({ kl }) => kl)];
  const error = (fits: readonly Fit[], { std = 0 }: Spread): number =>
    Math.max(
      std / Math.sqrt(fits.length),
      largest(fits, ({ standardError }) => standardError),
    );
  const margin = 2 * Math.hypot(error(cnf, ours), error(nf, theirs));
  if (Math.abs(ours.mean - theirs.mean) <= margin) return 'neither';
  return ours.mean < theirs.mean ? 'CNF' : 'NF';
}

/** KL of every flow. */
export const klTable = (comparisons: readonly Comparison[]): Table => ({
  title: 'KL(q ‖ p), nats, by Monte Carlo; mean ± deviation over seeds',
  columns: [
    'density',
    'M = K',
    { name: 'CNF', digits: 4 },
    { name: 'NF', digits: 4 },
    { name: 'largest standard error of an estimate', digits: 4 },
    'better by 2 standard errors',
  ],
  rows: comparisons.map((c) => [
    targets[c.target].name,
    c.size,
    of(c.cnf, ({ kl }) => kl),
    of(c.nf, ({ kl }) => kl),
    largest([...c.cnf, ...c.nf], ({ standardError }) => standardError),
    winner(c),
  ]),
});

/** Time of training, of samples and of their inverse. */
export const costTable = (comparisons: readonly Comparison[]): Table => ({
  title: 'Milliseconds: an update; the points of the estimate carried forwards, and back to the noise',
  columns: [
    'density',
    'M = K',
    { name: 'CNF update', digits: 2 },
    { name: 'NF update', digits: 2 },
    { name: 'evaluations of f in an update', digits: 0 },
    { name: 'CNF forwards', digits: 1 },
    { name: 'CNF back', digits: 1 },
    { name: 'NF forwards', digits: 1 },
    { name: 'NF back', digits: 1 },
    { name: 'CNF round trip, largest error', digits: 6 },
    { name: 'NF round trip, largest error', digits: 6 },
  ],
  rows: comparisons.map((c) => {
    const least = (fits: readonly Fit[], value: (fit: Fit) => number): number => 1000 * Math.min(...fits.map(value));
    return [
      targets[c.target].name,
      c.size,
      least(c.cnf, ({ secondsPerStep }) => secondsPerStep),
      least(c.nf, ({ secondsPerStep }) => secondsPerStep),
      of(c.cnf, ({ nfe }) => nfe).mean,
      least(c.cnf, ({ forwardSeconds }) => forwardSeconds),
      least(c.cnf, ({ inverseSeconds }) => inverseSeconds),
      least(c.nf, ({ forwardSeconds }) => forwardSeconds),
      least(c.nf, ({ inverseSeconds }) => inverseSeconds),
      largest(c.cnf, ({ roundTrip }) => roundTrip),
      largest(c.nf, ({ roundTrip }) => roundTrip),
    ];
  }),
});

/** Cost of the field against its width. */
export const fieldTable = (costs: readonly FieldCost[]): Table => ({
  title: 'Microseconds for velocity and divergence of 1024 points, least of 60: the cost is linear in M',
  columns: [
    'M',
    { name: 'closed form', digits: 0 },
    { name: 'exact, by pullbacks', digits: 0 },
    { name: 'Hutchinson', digits: 0 },
    { name: 'closed form, for each of M', digits: 1 },
  ],
  rows: costs.map((cost) => [cost.width, cost.closedForm, cost.exact, cost.hutchinson, cost.closedForm / cost.width]),
});

/** What a reader has to know. */
export function notesOf(
  comparisons: readonly Comparison[],
  { steps, batchSize, points }: Omit<FitSettings, 'learningRate'>,
): readonly string[] {
  const count = (name: string): number => comparisons.filter((c) => winner(c) === name).length;
  const logZ = [...new Map(comparisons.map((c) => [targets[c.target].name, c.logZ.toFixed(3)]))];
  return [
    `The continuous flow is better in ${count('CNF')} of ${comparisons.length} rows, the discrete one in ${count('NF')}, neither in ${count('neither')}. The paper has pictures and curves, no numbers; its claim is that the continuous flow generally achieves lower loss.`,
    `Both are trained alike: ${steps} updates by Adam with a cosine decay, batches of ${batchSize} fresh points. The paper gave its continuous flow 10,000 updates by Adam and the discrete one 500,000 by RMSprop, so that its discrete flows saw fifty times as many.`,
    `KL = E[log q + U] + log Z from ${points} fresh points of q; log Z by quadrature: ${logZ.map(([name, z]) => `${name} ${z}`).join(', ')}. A KL near log 2 = 0.69 on U₁ is one of its two modes alone: fits by KL(q ‖ p) drop modes.`,
    'The paper does not say which densities its figure has; these are of Rezende & Mohamed 2015, Table 1. U₂, U₃ and U₄ do not fall off along the first axis: beyond |z₁| = 4 they get walls ½((|z₁| − 4)/0.4)², so that they are densities.',
    'The continuous flow is trained with dopri5 at rtol 1e-3 and the adjoint method (seminorm), evaluated at 1e-5. The inverse of a discrete planar map has no closed form: it is found by halving an interval, map by map. Each way carries the density along.',
    'Times are of a machine that may have been busy with other work: compare within a row.',
  ];
}
