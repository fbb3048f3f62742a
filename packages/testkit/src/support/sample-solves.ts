/** A batch whose samples have times, steps and parameters of their own, solved together and each alone. */
import { array, valueAndGrad, type FloatDType, type HostArray, type Ode, type Tensor } from '@node-ode/core';
import { along } from '../solver/test-problem.ts';
import { demand } from './check.ts';
import { demandClose, elementsOf, type Closeness } from './numbers.ts';
import type { PerFloat } from './precision.ts';
import { program } from './program.ts';

/** Forwards and backwards in time, over long and short spans, fast and slow. */
const samples = [
  { ts: [0, 0.5, 0.6, 2], p: 0.8, q: [0.3, -0.4, 1], rate: 8 },
  { ts: [1.5, 1, 0.2, -0.5], p: 0.5, q: [1, 0.2, -0.7], rate: 1 },
  { ts: [0.2, 0.21, 0.25, 0.3], p: 1.1, q: [-0.6, 0.1, 0.4], rate: 2 },
  { ts: [-0.3, 0.4, 1.7, 2.5], p: 0.2, q: [0.9, -1.2, 0.3], rate: 0.1 },
] as const;
type Sample = Omit<(typeof samples)[number], 'rate'> & { readonly rate: number };

const mixing = [
  [0.2, -0.5, 0.1],
  [0.4, 0.3, -0.2],
  [-0.1, 0.6, 0.5],
];
/** One cotangent for each time. */
const weights = [0.4, -0.9, 0.7, 1.3];

/** Tolerances that errors of a step show at: in f32 far above its rounding, or the rounding would choose the steps. */
export const aloneTolerances: PerFloat<{ readonly rtol: number; readonly atol: number }> = {
  f64: { rtol: 1e-6, atol: 1e-8 },
  f32: { rtol: 1e-3, atol: 1e-5 },
};

/**
 * How near is near enough at these tolerances. An engine may sum over a sample in another order than over a batch of one; an error
 * estimate is a difference of nearly equal numbers, in which that rounding shows, and with it in the sizes of the steps.
 */
export const asAlone: PerFloat<{ readonly values: Closeness; readonly gradients: Closeness }> = {
  f64: { values: { rtol: 1e-10, atol: 1e-11 }, gradients: { rtol: 1e-8, atol: 1e-9 } },
  f32: { values: { rtol: 1e-5, atol: 1e-5 }, gradients: { rtol: 1e-3, atol: 1e-3 } },
};

/** What becomes of a sample. */
interface Outcome {
  /** States at every time. */
  readonly ys: readonly number[];
  /** Steps accepted and rejected. */
  readonly steps: readonly number[];
  /** Gradients for the first state, the sample's rate and its times. */
  readonly gradients: readonly number[];
}

/** What becomes of a batch: its samples' outcomes, and the gradient for what they share. */
interface Batch {
  readonly outcomes: readonly Outcome[];
  readonly shared: readonly number[];
}

/**
 * Demands that each sample of a batch ends as it does alone: its states, its numbers of steps and its gradients, and that the
 * gradient for what samples share is the sum of theirs. `pace` scales the samples' rates.
 *
 * @throws ConformanceError naming the first sample that differs.
 */
export async function demandSamplesAsAlone(
  subject: string,
  { ode, dtype }: { readonly ode: Ode; readonly dtype: FloatDType },
  { values, gradients }: { readonly values: Closeness; readonly gradients: Closeness },
  pace = 1,
): Promise<void> {
  const paced = samples.map((sample) => ({ ...sample, rate: sample.rate * pace }));
  const together = await batchSolver(ode, dtype, true)(paced);
  const solveAlone = batchSolver(ode, dtype, false);
  const sums: number[] = together.shared.map(() => 0);
  for (const [i, sample] of paced.entries()) {
    const { outcomes, shared } = await solveAlone([sample]);
    const [found, expected] = [together.outcomes[i] as Outcome, outcomes[0] as Outcome];
    const name = `${subject}: sample ${i} of a batch`;
    const steps = ([accepted, rejected]: readonly number[]): string => `${accepted} + ${rejected} steps`;
    demand(steps(found.steps) === steps(expected.steps), name, `takes ${steps(found.steps)}`, {
      expected: `${steps(expected.steps)}, accepted + rejected, as alone`,
    });
    demandClose(name, found.ys, expected.ys, values, 'Samples share nothing but the function evaluations.');
    demandClose(`${name}, its gradients`, found.gradients, expected.gradients, gradients);
    shared.forEach((x, k) => (sums[k] = (sums[k] ?? 0) + x));
  }
  demandClose(`${subject}: the gradient for what samples share`, together.shared, sums, gradients);
}

/** Solves batches, with steps for each sample or not; compiled once for batches of one size. */
function batchSolver(ode: Ode, dtype: FloatDType, perSample: boolean): (batch: readonly Sample[]) => Promise<Batch> {
  const run = program(ode.backend, ([p, q, rate, m, ts]) => {
    const given = { p: p as Tensor, q: q as Tensor, rate: rate as Tensor, m: m as Tensor, ts: ts as Tensor };
    const integrate = (x: typeof given) =>
      ode.odeint(
        (t, [a, b]: readonly [Tensor, Tensor]) => [
          a.square().mul(t).mul(x.rate).neg(),
          b.matmul(x.m).mul(along(t.cos(), b)),
        ],
        [x.p, x.q] as const,
        x.ts,
        { perSample },
      );
    const { ys, stats } = integrate(given);
    const { grad } = valueAndGrad((x: typeof given) => {
      const [a, b] = integrate(x).ys;
      return a
        .mul(column(a))
        .sum()
        .add(b.mul(column(b)).square().sum());
    })(given);
    return [...ys, stats.accepted, stats.rejected, grad.p, grad.q, grad.rate, grad.ts, grad.m];
  });
  const given = (source: Parameters<typeof array>[0]): HostArray => array(source, { dtype });
  return async (batch) => {
    const ts = perSample ? batch.map((sample) => sample.ts) : (batch[0]?.ts ?? []);
    const { outputs } = await run([
      given(batch.map(({ p }) => p)),
      given(batch.map(({ q }) => q)),
      given(batch.map(({ rate }) => rate)),
      given(mixing),
      given(ts),
    ]);
    const all = outputs.slice(0, -1);
    const [shared] = outputs.slice(-1);
    /** A sample's part of an array that leads with the samples, or with the times. */
    const part = ({ data }: HostArray, blocks: number, i: number): number[] => {
      const width = data.length / blocks / batch.length;
      return Array.from({ length: blocks }, (_, block) =>
        Array.from(data.slice((block * batch.length + i) * width, (block * batch.length + i + 1) * width)),
      ).flat();
    };
    return {
      outcomes: batch.map((_, i) => ({
        ys: all.slice(0, 2).flatMap((x) => part(x, weights.length, i)),
        steps: all.slice(2, 4).flatMap((x) => part(x, 1, i)),
        gradients: all.slice(4).flatMap((x) => part(x, 1, i)),
      })),
      shared: elementsOf(shared === undefined ? [] : [shared]),
    };
  };
}

/** The weights along the times, behind them as many axes as a leaf has. */
const column = ({ rank, dtype }: Tensor): HostArray =>
  array(weights, { shape: [weights.length, ...new Array<number>(rank - 1).fill(1)], dtype });
