import { adjoint } from '@node-ode/gradient-adjoint';
import { bosh3 } from '@node-ode/solver-bosh3';
import { euler } from '@node-ode/solver-euler';
import { rk4 } from '@node-ode/solver-rk4';
import { describe, expect, it } from 'vitest';
import { makeOde } from '../../test/ode.ts';
import { evaluate, expectClose, f32, f64, refusal, run, uniform } from '../../test/support.ts';
import type { HostArray } from '../array.ts';
import { cond } from '../control/cond.ts';
import { scan } from '../control/loops.ts';
import { hvp, jvp, type Tangents } from '../differentiate/jvp.ts';
import { grad, vjp } from '../differentiate/vjp.ts';
import type { Ode } from '../runtime/create-ode.ts';
import { concat, onesLike } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { pid } from './pid.ts';

type Triple = readonly [y0: Tensor, theta: Tensor, t1: Tensor];

const one = (): Tensor => constant(1, [], 'f64');

const axes: readonly Tangents<Triple>[] = [
  [one(), null, null],
  [null, one(), null],
  [null, null, one()],
];

/** y(T) of y′ = −θ·y: y0·exp(−θT). */
const decayed =
  (ode: Ode) =>
  ([y0, theta, t1]: Triple): Tensor =>
    ode.odeint((_, y: Tensor) => y.mul(theta).neg(), y0, [0, t1]).ys.at(-1);

describe('sensitivities, in closed form', () => {
  it.each([
    makeOde({ rtol: 1e-11, atol: 1e-11 }),
    makeOde({ solver: rk4(), h: 0.01 }),
    makeOde({ solver: bosh3() }),
    makeOde({ rtol: 1e-11, atol: 1e-11, gradient: adjoint() }),
  ])('of y0·exp(−θT) by each argument with $solver.name and $gradient.name', async (ode) => {
    const [y0, theta, t1] = [1.5, 0.7, 2];
    const all = (...x: Triple) => axes.map((v) => jvp(decayed(ode), x, v));
    const e = Math.exp(-theta * t1);
    const found = await evaluate(all, y0, theta, t1);
    expectClose(
      found.map(({ tangent }) => tangent),
      [e, -t1 * y0 * e, -theta * y0 * e],
      2e-8,
    );
    expectClose(
      found.map(({ value }) => value),
      [y0 * e, y0 * e, y0 * e],
      2e-8,
    );
  });

  it('Euler’s are those of (1 − θh)ⁿ, exactly', async () => {
    const ode = makeOde({ solver: euler(), h: 0.125 });
    const [y0, theta] = [3, 0.5];
    const along = (a: Tensor, b: Tensor) => axes.slice(0, 2).map((v) => jvp(decayed(ode), [a, b, one()], v).tangent);
    const factor = 1 - theta / 8;
    expectClose(await evaluate(along, y0, theta), [factor ** 8, -y0 * factor ** 7], 1e-14);
  });

  it('every output moves with its own time and with the first, forwards and backwards', async () => {
    // y′ = a·y·cos t: y(t) = y0·exp(a·(sin t − sin t0))
    const [a, y0] = [0.8, 1.3];
    for (const ts of [
      [0.2, 0.9, 2, 3.1],
      [3.1, 2, 0.9, 0.2],
    ]) {
      const t0 = ts[0] as number;
      const y = (t: number): number => y0 * Math.exp(a * (Math.sin(t) - Math.sin(t0)));
      const expected = ts.map((_, j) =>
        ts.map((t, i) => {
          if (i === 0) return 0;
          return (i === j ? y(t) * a * Math.cos(t) : 0) - (j === 0 ? y(t) * a * Math.cos(t0) : 0);
        }),
      );
      for (const ode of [
        makeOde({ rtol: 1e-11, atol: 1e-11 }),
        makeOde({ solver: rk4(), h: 0.005 }),
        makeOde({ solver: bosh3(), rtol: 1e-10, atol: 1e-10 }),
        makeOde({ rtol: 1e-11, atol: 1e-11, gradient: adjoint() }),
      ]) {
        const solve = (times: Tensor): Tensor =>
          ode.odeint((t, z: Tensor) => z.mul(t.cos()).mul(a), constant(y0, [], 'f64'), times).ys;
        const columns = (times: Tensor, units: readonly Tensor[]) =>
          units.map((unit) => jvp(solve, times, unit).tangent);
        const units = ts.map((_, j) => f64(ts.map((_t, i) => (i === j ? 1 : 0))));
        expectClose(await evaluate(columns, f64(ts), units), expected, 2e-7);
      }
    }
  });

  it('a single time: the direction itself; parameters and time have none', async () => {
    const ode = makeOde();
    const solve = ([y0, theta, t]: Triple): Tensor => ode.odeint((_, y: Tensor) => y.mul(theta), y0, [t]).ys;
    const all = (y0: Tensor, theta: Tensor, t: Tensor) => [
      jvp(solve, [y0, theta, t], [onesLike(y0)]).tangent,
      jvp(solve, [y0, theta, t], [null, one(), one()]).tangent,
    ];
    expect(await evaluate(all, f64([1, 2]), 3, 4)).toEqual([[[1, 1]], [[0, 0]]]);
  });

  it('a whole solution has tangents; its counts have zeros', async () => {
    const ode = makeOde();
    const solve = (y0: Tensor) => ode.odeint((_, y: Tensor) => y.neg(), y0, [0, 1]);
    const { value, tangent } = await evaluate((y0: Tensor) => jvp(solve, y0, one()), 2);
    expectClose(tangent.ys, [1, Math.exp(-1)], 1e-8);
    expect([tangent.ts, tangent.stats.nfe, tangent.stats.accepted]).toEqual([[0, 0], 0, 0]);
    expect(value.stats.nfe).toBeGreaterThan(0);
  });

  it('tolerances do not move the solution', async () => {
    const ode = makeOde();
    const solve = (rtol: Tensor): Tensor => ode.odeint((_, y: Tensor) => y.neg(), 1, [0, 1], { rtol, atol: rtol }).ys;
    expect(await evaluate((rtol: Tensor) => jvp(solve, rtol, one()).tangent, 1e-6)).toEqual([0, 0]);
  });

  it('in f32', async () => {
    const ode = makeOde({ rtol: 1e-5, atol: 1e-6, dtype: 'f32' });
    const solve = (y0: Tensor): Tensor => ode.odeint((_, y: Tensor) => y.mul(-0.7), y0, [0, 2]).ys.at(-1);
    expectClose(await evaluate((y: Tensor) => jvp(solve, y, onesLike(y)).tangent, f32([1, 2])), [0.2466, 0.2466], 1e-4);
  });
});

/** ⟨w, J·v⟩ = ⟨Jᵀ·w, v⟩ of a function of several tensors. */
async function expectDuality(f: (xs: readonly Tensor[]) => Tensor, xs: readonly HostArray[]): Promise<void> {
  const vs = xs.map(({ shape }, i) => uniform(70 + i, shape, -1, 1));
  const both = (given: readonly Tensor[], v: readonly Tensor[]): readonly Tensor[] => {
    const { value, tangent } = jvp(f, given, v);
    const w = value.mul(1.7).cos();
    const pulled = vjp(f, given).pullback(w);
    const products = pulled.map((p, i) => p.mul(v[i] as Tensor).sum());
    return [w.mul(tangent).sum(), products.reduce((a, b) => a.add(b))];
  };
  const [forward, reverse] = await evaluate(both, xs, vs);
  expectClose(forward, reverse, 1e-12);
}

describe('forward mode is the transpose of reverse mode', () => {
  /** A small network with captures in nested bodies, on a tree. */
  const network =
    (ode: Ode, ts: readonly number[]) =>
    (xs: readonly Tensor[]): Tensor => {
      const [x0, v0, w, b] = xs as readonly [Tensor, Tensor, Tensor, Tensor];
      const f = (t: Tensor, { x, v }: { readonly x: Tensor; readonly v: Tensor }) => ({
        x: v.matmul(w).add(b).tanh(),
        v: cond(
          x.sum().greater(0),
          x,
          (y) => scan(y, [], (c) => ({ carry: c.mul(b).sin() }), { length: 2 }).carry.sub(v),
          (y) => y.mul(t).neg(),
        ),
      });
      const { ys } = ode.odeint(f, { x: x0, v: v0 }, ts);
      return concat([ys.x, ys.v]);
    };
  const xs = [uniform(1, [2, 3], 0.1, 1), uniform(2, [2, 3]), uniform(3, [3, 3]), uniform(4, [3])];

  it('by steps of one size, with outputs within and at the end of a step', async () => {
    await expectDuality(network(makeOde({ solver: rk4(), h: 0.1 }), [0, 0.25, 0.3, 1]), xs);
    await expectDuality(network(makeOde({ solver: rk4(), h: 0.5 }), [0, 0.1, 0.2, 0.45, 1]), xs);
  });

  it('by adaptive FSAL steps, backwards in time, some of them rejected', async () => {
    const controller = pid({ rtol: 1e-8, atol: 1e-8, firstStep: 1 });
    await expectDuality(network(makeOde({ controller }), [1, 0.6, 0]), xs);
    await expectDuality(network(makeOde({ controller, solver: bosh3() }), [0, 0.6, 1]), xs);
  });

  it('for times, t in the dynamics among them', async () => {
    const ode = makeOde({ rtol: 1e-6, atol: 1e-6 });
    const solve = ([y0, ts]: readonly Tensor[]): Tensor =>
      ode.odeint((t, y: Tensor) => y.mul(t.sin()).add(t), y0 as Tensor, ts as Tensor).ys;
    await expectDuality(solve, [f64([0.5, -1]), f64([0.1, 0.4, 1.3])]);
  });
});

describe('steps for each sample', () => {
  const controller = pid({ rtol: 1e-8, atol: 1e-8, firstStep: 1 });
  const ode = makeOde({ controller, perSample: true });

  it('forward mode is the transpose of reverse mode', async () => {
    const solve = ([y0, k, ts]: readonly Tensor[]): Tensor =>
      ode.odeint(
        (t, y: Tensor) =>
          t
            .mul(k as Tensor)
            .reshape([3, 1])
            .sin()
            .sub(y.mul(3).tanh()),
        y0 as Tensor,
        ts as Tensor,
      ).ys;
    const ts = f64([
      [0, 0.3, 2],
      [1, 0.9, 0.5],
      [0, 2, 5],
    ]);
    await expectDuality(solve, [uniform(1, [3, 2], 0.2, 1.5), f64([1, -2, 3]), ts]);
  });

  it('rejected steps of one, though not finite, touch no tangents of any', async () => {
    // y′ = −√y as below: the first step tried leads the second sample alone below zero.
    const careful = makeOde({ controller: pid({ rtol: 1e-10, atol: 1e-10, firstStep: 1.9 }), perSample: true });
    const ends = [0.5, 1.9, 0.1];
    const f = (y0: Tensor): Tensor =>
      careful.odeint((_t, y: Tensor) => y.sqrt().neg(), y0, f64(ends.map((end) => [0, end]))).ys.at(1);
    const total = (y0: Tensor): Tensor => f(y0).sum();
    const slope = (y0: Tensor): Tensor => jvp(total, y0, onesLike(y0)).tangent;
    const all = (y0: Tensor) => ({
      first: jvp(f, y0, onesLike(y0)).tangent,
      second: [
        hvp(total)(y0, onesLike(y0)),
        grad(slope)(y0),
        jvp((y: Tensor) => jvp(f, y, onesLike(y)).tangent, y0, onesLike(y0)).tangent,
      ],
    });
    const { value, stats } = await run(all, f64([1, 1, 1]));
    expect(stats.rejected).toBeGreaterThan(0);
    expectClose(
      value.first,
      ends.map((t) => 1 - t / 2),
      1e-8,
    );
    const second = ends.map((t) => t / 4);
    expectClose(value.second, [second, second, second], 1e-6);
  });
});

describe('rejected steps', () => {
  // y′ = −√y from y0 is (√y0 − t/2)²: the first step tried leads below zero.
  const ode = makeOde({ controller: pid({ rtol: 1e-10, atol: 1e-10, firstStep: 1.9 }) });
  const f = (y0: Tensor): Tensor => ode.odeint((_t, y: Tensor) => y.sqrt().neg(), y0, [0, 1.9]).ys.at(1);

  it('touch no tangent, though they are not finite', async () => {
    const { value, stats } = await run((y0: Tensor) => jvp(f, y0, one()), 1);
    expect(stats.rejected).toBeGreaterThan(0);
    expectClose([value.value, value.tangent], [0.0025, 0.05], 1e-8);
  });

  it('nor a derivative of tangents, by either mode', async () => {
    const slope = (y0: Tensor): Tensor => jvp(f, y0, one()).tangent;
    const all = (y0: Tensor) => [hvp(f)(y0, one()), grad(slope)(y0), jvp(slope, y0, one()).tangent];
    // d²y/dy0² = t/(4·y0^(3/2))
    expectClose(await evaluate(all, 1), [0.475, 0.475, 0.475], 1e-6);
  });
});

describe('cost', () => {
  const solve =
    (ode: Ode) =>
    (x: readonly [Tensor, Tensor]): Tensor =>
      ode.odeint((t, y: Tensor) => t.mul(6).cos().mul(20).sub(y.mul(x[1]).tanh().mul(9)), x[0], [0, 0.3, 2]).ys;

  it('is that of the solve in evaluations and steps: one with tangents counts as one', async () => {
    const ode = makeOde({ controller: pid({ rtol: 1e-6, atol: 1e-6, firstStep: 0.5 }) });
    const plain = await run((y0: Tensor, k: Tensor) => solve(ode)([y0, k]), 1, 8);
    const along = (y0: Tensor, k: Tensor) => jvp(solve(ode), [y0, k], [one(), one()]);
    const { value, stats } = await run(along, 1, 8);
    expect(value.value).toEqual(plain.value);
    expect([stats.nfe, stats.nfeBackward, stats.accepted, stats.rejected]).toEqual([
      plain.stats.nfe,
      0,
      plain.stats.accepted,
      plain.stats.rejected,
    ]);
    expect(stats.rejected).toBeGreaterThan(3);
    expect(stats.counters?.calls).toEqual({ dynamics: stats.nfe });
    expect(stats.counters?.tapeEntries).toBe(0);
  });

  it('memory does not grow with the steps', async () => {
    const peak = async (h: number): Promise<number | undefined> => {
      const ode = makeOde({ solver: rk4(), h });
      const { stats } = await run((y0: Tensor, k: Tensor) => jvp(solve(ode), [y0, k], [one(), one()]), 1, 8);
      return stats.counters?.peakBytes;
    };
    expect(await peak(1 / 1024)).toBe(await peak(1 / 16));
  });

  it('evaluations of a Hessian’s product are counted in their passes', async () => {
    const ode = makeOde({ rtol: 1e-6, atol: 1e-6 });
    const loss = (x: readonly [Tensor, Tensor]): Tensor => solve(ode)(x).square().sum();
    const { stats } = await run((y0: Tensor, k: Tensor) => hvp(loss)([y0, k], [one(), one()]), 1, 8);
    expect(stats.nfeBackward).toBe(6 * stats.accepted);
    expect(stats.counters?.calls['dynamics']).toBe(stats.nfe + stats.nfeBackward);
  });
});

describe('a solve that fails', () => {
  it('says so, with tangents as without', async () => {
    const ode = makeOde({ maxSteps: 3 });
    const solve = (y0: Tensor): Tensor => ode.odeint((_, y: Tensor) => y.mul(-50), y0, [0, 10]).ys;
    const message = await refusal(() => evaluate(solve, 1));
    expect(message).toMatch(/^SolveError/);
    expect(await refusal(() => evaluate((y0: Tensor) => jvp(solve, y0, one()).tangent, 1))).toBe(message);
  });
});

describe('second order', () => {
  const [y0, theta, t1] = [1.5, 0.7, 2];
  const e = Math.exp(-theta * t1);
  const hessian = [
    [0, -t1 * e, -theta * e],
    [-t1 * e, t1 * t1 * y0 * e, (theta * t1 - 1) * y0 * e],
    [-theta * e, (theta * t1 - 1) * y0 * e, theta * theta * y0 * e],
  ];

  it.each([makeOde({ rtol: 1e-11, atol: 1e-11 }), makeOde({ rtol: 1e-11, atol: 1e-11, gradient: adjoint() })])(
    'of y0·exp(−θT): the Hessian by every order of the modes, with $gradient.name',
    async (ode) => {
      const f = decayed(ode);
      const slope =
        (v: Tangents<Triple>) =>
        (x: Triple): Tensor =>
          jvp(f, x, v).tangent;
      const all = (...x: Triple) => ({
        forwardOverReverse: axes.map((v) => hvp(f)(x, v)),
        reverseOverForward: axes.map((v) => grad(slope(v))(x)),
        forwardTwice: axes.map((v) => axes.map((u) => jvp(slope(v), x, u).tangent)),
      });
      const found = await evaluate(all, y0, theta, t1);
      expectClose(found.forwardOverReverse, hessian, 2e-7);
      expectClose(found.reverseOverForward, hessian, 2e-7);
      expectClose(found.forwardTwice, hessian, 2e-7);
    },
  );
});
