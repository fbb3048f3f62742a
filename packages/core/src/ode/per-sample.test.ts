// Steps for each sample: every sample ends as if it were solved alone.
import { adjoint } from '@node-ode/gradient-adjoint';
import { adamsBashforthMoulton } from '@node-ode/solver-adams';
import { bosh3 } from '@node-ode/solver-bosh3';
import { heun } from '@node-ode/solver-heun';
import { kvaerno5 } from '@node-ode/solver-kvaerno5';
import { rk4 } from '@node-ode/solver-rk4';
import { tsit5 } from '@node-ode/solver-tsit5';
import { describe, expect, it } from 'vitest';
import { makeOde } from '../../test/ode.ts';
import {
  array,
  type DType,
  type HostArray,
  type NestedArray,
  type Ode,
  type OdeOptions,
  type Tensor,
  isHostArray,
  mapTree,
  toNested,
  hvp,
  jvp,
  onesLike,
} from '../index.ts';
import { evaluate, expectClose, f64, flatten, readAll, type Nested } from '../../test/support.ts';
import { valueAndGrad } from '../differentiate/vjp.ts';
import { concat } from '../tensor/functions.ts';
import type { SolveOptions } from './solve-options.ts';
import { pid, type PidOptions } from './pid.ts';

/** A state of two leaves, its samples' stiffness, and what they share. */
interface Batch {
  readonly x: Tensor;
  readonly v: Tensor;
  readonly mu: Tensor;
  readonly push: Tensor;
}

/** Van der Pol's oscillators, each with its own µ, pushed by a common force: x″ = µ(1 − x²)x′ − x + push·sin t. */
const vanDerPol =
  ({ mu, push }: Pick<Batch, 'mu' | 'push'>) =>
  (t: Tensor, { x, v }: { readonly x: Tensor; readonly v: Tensor }) => {
    const column = (a: Tensor): Tensor => (a.rank === 0 ? a : a.reshape([-1, 1]));
    const force = column(t.sin().mul(push));
    return { x: v, v: column(mu).mul(x.square().neg().add(1)).mul(v).sub(x).add(force) };
  };

/** Stiff ones and easy ones, forwards and backwards, over spans of different lengths. */
const samples = [
  { mu: 20, x: [2, 1.5], v: [0, -0.5], ts: [0, 0.5, 3, 5] },
  { mu: 0.1, x: [0.1, 0.3], v: [0.2, 1], ts: [0, 0.1, 0.2, 0.25] },
  { mu: 5, x: [1, 0.2], v: [1, 0], ts: [1, 4, 4.5, 9] },
  { mu: 1, x: [0.5, -1], v: [0, 0.7], ts: [2, 1.9, 0.3, -0.5] },
  { mu: 0, x: [1e-3, 0], v: [0, 1e-3], ts: [-3, 0, 20, 30] },
];
const push = 0.3;

interface Case {
  readonly parts?: Partial<OdeOptions>;
  readonly options?: Omit<SolveOptions, 'landAt'>;
  readonly landAt?: readonly (readonly number[])[];
  readonly dtype?: DType;
}

/** Each sample's values, counts and gradients, as rows. */
interface Result {
  readonly ys: readonly number[];
  readonly counts: readonly number[];
  readonly gradients: readonly number[];
}

const loss = (ode: Ode, batch: Batch, ts: Tensor, options: SolveOptions): Tensor => {
  const { ys } = ode.odeint(vanDerPol(batch), { x: batch.x, v: batch.v }, ts, options);
  // A weight for each time, so that every output has a cotangent of its own.
  const weights = array([0.5, -1, 2, 0.7], { shape: [4, 1, 1], dtype: ts.dtype });
  return concat([ys.x, ys.v], 1).tanh().mul(weights).sum();
};

/** Solves batches with their gradients, with steps for each sample or not; compiled once for batches of one size. */
function batchSolver({ parts, options = {}, dtype = 'f64' }: Case, perSample: boolean) {
  const of = (source: Parameters<typeof array>[0]): HostArray => array(source, { dtype });
  const ode = makeOde({ ...parts, dtype, perSample });
  const solve = (b: Batch, times: Tensor, landing: readonly Tensor[]) => {
    const [landAt] = landing;
    const given = landAt === undefined ? options : { ...options, landAt };
    const { ys, stats } = ode.odeint(vanDerPol(b), { x: b.x, v: b.v }, times, given);
    const { grad } = valueAndGrad((p: { readonly b: Batch; readonly times: Tensor }) => loss(ode, p.b, p.times, given))(
      { b, times },
    );
    return { ys, stats, grad };
  };
  const program = ode.compile(solve);
  return async (chosen: typeof samples, landAt: Case['landAt']) => {
    const rows = (key: 'x' | 'v'): HostArray => of(chosen.map((sample) => sample[key]));
    const batch = { x: rows('x'), v: rows('v'), mu: of(chosen.map(({ mu }) => mu)), push: of(push) };
    const ts = of(perSample ? chosen.map((sample) => sample.ts) : (chosen[0]?.ts ?? []));
    const landing = landAt === undefined ? [] : [of(perSample ? landAt : (landAt[0] ?? []))];
    const host = await readAll(await program(batch, ts, landing));
    return mapTree('solve', isHostArray, (x) => toNested(x), host) as Nested<ReturnType<typeof solve>>;
  };
}

/** One row for each sample of a batch. */
async function together(
  chosen: typeof samples,
  how: Case,
): Promise<{ rows: readonly Result[]; push: number; nfe: number }> {
  const { ys, stats, grad } = await batchSolver(how, true)(chosen, how.landAt);
  const at = (nested: NestedArray, i: number) => flatten((nested as readonly NestedArray[])[i]);
  return {
    rows: chosen.map((_, i) => ({
      ys: [ys.x, ys.v].flatMap((leaf) => (leaf as readonly NestedArray[]).flatMap((time) => at(time, i))),
      counts: [stats.accepted, stats.rejected, stats.status].flatMap((count) => at(count, i)),
      gradients: [grad.b.x, grad.b.v, grad.b.mu, grad.times].flatMap((leaf) => at(leaf, i)),
    })),
    push: Number(grad.b.push),
    nfe: Number(stats.nfe),
  };
}

/** The same of each sample alone. */
async function alone(chosen: typeof samples, how: Case): Promise<{ rows: readonly Result[]; push: number }> {
  const solve = batchSolver(how, false);
  const all = [];
  for (const [i, sample] of chosen.entries()) all.push(await solve([sample], how.landAt?.slice(i, i + 1)));
  return {
    rows: all.map(({ ys, stats, grad }) => ({
      ys: [...flatten(ys.x), ...flatten(ys.v)],
      counts: [stats.accepted, stats.rejected, stats.status].map(Number),
      gradients: [grad.b.x, grad.b.v, grad.b.mu, grad.times].flatMap(flatten),
    })),
    push: all.reduce((sum, { grad }) => sum + Number(grad.b.push), 0),
  };
}

const adaptive = (options: PidOptions = {}): Case => ({
  parts: { controller: pid({ rtol: 1e-6, atol: 1e-8, ...options }) },
});
const gentle = samples.filter(({ mu }) => mu <= 1);
const landAt = [
  [1, 2.5],
  [0.05, 0.22],
  [2, 3],
  [1.1, 0.7],
  [-10, 40],
];

describe('each sample is as it is alone', () => {
  it.each<readonly [string, Case]>([
    ['dopri5', adaptive()],
    ['tsit5 by PI control', { parts: { solver: tsit5(), controller: pid({ pCoefficient: 0.4, iCoefficient: 0.3 }) } }],
    [
      'bosh3 by PID control',
      { parts: { solver: bosh3(), ...adaptive({ pCoefficient: 0.3, iCoefficient: 0.3, dCoefficient: 0.1 }).parts } },
    ],
    ['heun', { parts: { solver: heun(), controller: pid() } }],
    [
      'bounds and a given first step',
      adaptive({ firstStep: 0.01, maxStep: 0.4, minStep: 1e-9, safety: 0.8, maxFactor: 3 }),
    ],
    ['an implicit method', { parts: { solver: kvaerno5(), ...adaptive().parts } }],
    ['times to land on', { ...adaptive(), landAt }],
  ])('%s', async (_, how) => {
    const [batch, solo] = [await together(samples, how), await alone(samples, how)];
    batch.rows.forEach(({ ys, counts, gradients }, i) => {
      const row = solo.rows[i] as Result;
      expect(counts).toEqual(row.counts);
      expectClose(ys, row.ys, 1e-13);
      expectClose(gradients, row.gradients, 1e-11);
    });
    expectClose(batch.push, solo.push, 1e-11);
    // The easy ones wait for the stiff ones: f is evaluated as often as for the sample that needs most.
    expect(new Set(batch.rows.map(({ counts }) => counts[0])).size).toBeGreaterThan(2);
  });

  it.each<readonly [string, Case]>([
    ['rk4', { parts: { solver: rk4(), h: 0.05 } }],
    [
      'a multi-step method, which starts anew after landing',
      {
        parts: { solver: adamsBashforthMoulton(), h: 0.05 },
        landAt: [
          [0.12, 0.2],
          [1.1, 0.7],
          [-10, 40],
        ],
      },
    ],
  ])('with steps of one size: %s', async (_, how) => {
    const [batch, solo] = [await together(gentle, how), await alone(gentle, how)];
    batch.rows.forEach(({ ys, counts, gradients }, i) => {
      const row = solo.rows[i] as Result;
      expect(counts).toEqual(row.counts);
      expectClose(ys, row.ys, 1e-13);
      expectClose(gradients, row.gradients, 1e-11);
    });
    expectClose(batch.push, solo.push, 1e-11);
  });

  it('with a tolerance of its own', async () => {
    const of = (rtol: HostArray | number): Case => adaptive({ rtol, atol: 1e-7 });
    const rtols = [1e-3, 1e-8, 1e-5];
    const { rows } = await together(gentle, of(array(rtols, { dtype: 'f64' })));
    for (const [i, rtol] of rtols.entries()) {
      const solo = await alone(gentle.slice(i, i + 1), of(rtol));
      expect(rows[i]?.counts).toEqual(solo.rows[0]?.counts);
      expectClose(rows[i]?.ys, solo.rows[0]?.ys, 1e-13);
    }
  });

  it('in f32', async () => {
    const how: Case = { parts: { controller: pid({ rtol: 1e-3, atol: 1e-4 }) }, dtype: 'f32' };
    const [batch, solo] = [await together(gentle, how), await alone(gentle, how)];
    batch.rows.forEach(({ ys, counts, gradients }, i) => {
      const row = solo.rows[i] as Result;
      expect(counts).toEqual(row.counts);
      expectClose(ys, row.ys, 1e-5);
      expectClose(gradients, row.gradients, 1e-4);
    });
  });
});

describe('derivatives of solves with steps for each sample', () => {
  const theta = f64(0.7);
  const y0 = f64([0.5, 1.5, -1]);
  const times = f64([
    [0, 1],
    [0.5, -0.5],
    [0, 0.2],
  ]);
  const lossWith =
    (ode: Ode) =>
    (p: { readonly y: Tensor; readonly theta: Tensor }): Tensor =>
      ode
        .odeint((t, y: Tensor) => y.mul(p.theta).sin().add(t.mul(0.3)), p.y, times)
        .ys.square()
        .sum();
  const through = makeOde({ perSample: true });

  it('by forward mode are those by reverse mode', async () => {
    const { tangent, grad } = await evaluate(
      (y: Tensor, k: Tensor) => {
        const p = { y, theta: k };
        const { tangent: moved } = jvp(lossWith(through), p, { y: onesLike(y), theta: k.mul(0).add(2) });
        return { tangent: moved, grad: valueAndGrad(lossWith(through))(p).grad };
      },
      y0,
      theta,
    );
    const [dy, dTheta] = [flatten(grad.y), Number(grad.theta)];
    expectClose(
      Number(tangent),
      dy.reduce((a, b) => a + b, 2 * dTheta),
      1e-12,
    );
  });

  it('of second order agree: through the steps, and by the adjoint', async () => {
    const hessian = (ode: Ode) =>
      evaluate(
        (y: Tensor, k: Tensor) => hvp(lossWith(ode))({ y, theta: k }, { y: y.mul(0).add(0.5), theta: k.mul(0).add(1) }),
        y0,
        theta,
      );
    const [expected, found] = [await hessian(through), await hessian(through.with({ gradient: adjoint() }))];
    expectClose([found.y, found.theta], [expected.y, expected.theta], 1e-6);
  });
});
