/** The table about steps for each sample of a batch. */
import { reference } from '@node-ode/backend-reference';
import { array, createOde, type HostArray, type Tensor } from '@node-ode/core';
import { dopri5 } from '@node-ode/solver-dopri5';
import { inTurn } from './in-turn.ts';
import { section, table } from './markdown.ts';

/** Samples of Van der Pol's oscillator: all start at (2, 0), half a period apart. */
const counts = [1, 2, 4, 8, 16];
const [mu, period] = [25, 41.77];

const vanDerPol = (_t: Tensor, { x, v }: { readonly x: Tensor; readonly v: Tensor }) => ({
  x: v,
  v: x.square().neg().add(1).mul(v).mul(mu).sub(x),
});

export async function samplesSection(): Promise<string> {
  const ode = createOde({ backend: reference(), solver: dopri5(), dtype: 'f64', rtol: 1e-5, atol: 1e-5 });
  /** The state after each of several parts of a period. */
  const starts = async (count: number): Promise<{ readonly x: HostArray; readonly v: HostArray }> => {
    const times = Array.from({ length: count + 1 }, (_, i) => (i * period) / count);
    const { ys } = await ode.solve(vanDerPol, { x: 2, v: 0 }, times);
    const first = ({ data }: HostArray): HostArray => array(data.slice(0, count), { dtype: 'f64' });
    return { x: first(ys.x), v: first(ys.v) };
  };
  const rows = await inTurn(counts, async (count) => {
    const y0 = await starts(count);
    const joint = (await ode.solve(vanDerPol, y0, [0, period])).stats;
    const { stats, outcome } = await ode.solve(vanDerPol, y0, [0, period], { perSample: true });
    const steps = Array.from(outcome?.accepted.data ?? [], (n, i) => n + (outcome?.rejected.data[i] ?? NaN));
    return [
      count,
      joint.accepted + joint.rejected,
      joint.nfe,
      `${Math.min(...steps)}–${Math.max(...steps)}`,
      stats.nfe,
      (joint.nfe / stats.nfe).toFixed(2),
    ];
  });
  return section(
    'Steps for each sample',
    `Van der Pol's oscillator, µ = ${mu}, samples that start at equal parts of its period of ${period}, over one period: torchode's example (Lienen & Günnemann 2022, arXiv:2210.12375). dopri5 in f64 at rtol = atol = 1e-5. With one step for all, every sample waits wherever another turns; with \`perSample\` each has as many steps as alone, and f is evaluated, for the whole batch, as often as for the one with most.`,
    table(['samples', 'joint: steps', 'NFE', 'per sample: steps', 'NFE', 'fewer evaluations'], rows),
  );
}
