import { bosh3 } from '@node-ode/solver-bosh3';
import { euler } from '@node-ode/solver-euler';
import { rk4 } from '@node-ode/solver-rk4';
import { describe, expect, it } from 'vitest';
import { makeOde } from '../../test/ode.ts';
import { centralDifferences, evaluate, expectClose, f32, f64, gradientsOf, run, uniform } from '../../test/support.ts';
import { cond } from '../control/cond.ts';
import { scan } from '../control/loops.ts';
import { report } from '../control/report.ts';
import { grad, valueAndGrad } from '../differentiate/vjp.ts';
import { concat, select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { pid } from './pid.ts';

/** y(T) of y′ = −θ·y: y0·exp(−θT). */
const decayed =
  (ode: ReturnType<typeof makeOde>) =>
  (y0: Tensor, theta: Tensor, t1: Tensor): Tensor =>
    ode.odeint((_, y: Tensor) => y.mul(theta).neg(), y0, [0, t1]).ys.at(-1);

describe('backprop, in closed form', () => {
  it.each([makeOde({ rtol: 1e-11, atol: 1e-11 }), makeOde({ solver: rk4(), h: 0.01 }), makeOde({ solver: bosh3() })])(
    'of y0·exp(−θT) by each argument with $solver.name',
    async (ode) => {
      const [y0, theta, t1] = [1.5, 0.7, 2];
      const gradients = await gradientsOf(
        (a, b, c) => decayed(ode)(a as Tensor, b as Tensor, c as Tensor),
        f64(y0),
        f64(theta),
        f64(t1),
      );
      const e = Math.exp(-theta * t1);
      expectClose(gradients, [e, -t1 * y0 * e, -theta * y0 * e], 2e-8);
    },
  );

  it('Euler’s derivative is that of (1 − θh)ⁿ, exactly', async () => {
    const ode = makeOde({ solver: euler(), h: 0.125 });
    const f = (y0: Tensor, theta: Tensor): Tensor => decayed(ode)(y0, theta, constant(1, [], 'f64'));
    const [y0, theta] = [3, 0.5];
    const factor = 1 - theta / 8;
    const expected = [factor ** 8, -y0 * factor ** 7];
    expectClose(await gradientsOf((a, b) => f(a as Tensor, b as Tensor), f64(y0), f64(theta)), expected, 1e-14);
  });

  it('every time has its gradient, forwards and backwards', async () => {
    // y′ = a·y·cos t: y(t) = y0·exp(a·(sin t − sin t0))
    const [a, y0] = [0.8, 1.3];
    const weights = [0.5, -1, 2, 0.7];
    for (const ts of [
      [0.2, 0.9, 2, 3.1],
      [3.1, 2, 0.9, 0.2],
    ]) {
      const t0 = ts[0] as number;
      const y = (t: number): number => y0 * Math.exp(a * (Math.sin(t) - Math.sin(t0)));
      const expected = ts.map((t, j) =>
        j === 0
          ? ts.slice(1).reduce((s, u, i) => s - (weights[i + 1] as number) * y(u) * a * Math.cos(t0), 0)
          : (weights[j] as number) * y(t) * a * Math.cos(t),
      );
      for (const ode of [
        makeOde({ rtol: 1e-11, atol: 1e-11 }),
        makeOde({ solver: rk4(), h: 0.005 }),
        makeOde({ solver: bosh3(), rtol: 1e-10, atol: 1e-10 }),
      ]) {
        const loss = (times: Tensor): Tensor =>
          ode
            .odeint((t, z: Tensor) => z.mul(t.cos()).mul(a), constant(y0, [], 'f64'), times)
            .ys.mul(f64(weights))
            .sum();
        expectClose(await gradientsOf((times) => loss(times as Tensor), f64(ts)), expected, 2e-7);
      }
    }
  });

  it('of several outputs within one step, and of the initial state among them', async () => {
    const ode = makeOde({ solver: rk4(), h: 0.5 });
    const loss = (y0: Tensor, theta: Tensor): Tensor =>
      ode
        .odeint((_, y: Tensor) => y.mul(theta), y0, [0, 0.1, 0.2, 0.45, 1])
        .ys.mul(f64([1, 2, 3, 4, 5]))
        .sum();
    const [f, xs] = [loss, [f64(1.2), f64(-0.6)]] as const;
    const scalar = (...p: readonly Tensor[]): Tensor => f(p[0] as Tensor, p[1] as Tensor);
    expectClose(await gradientsOf(scalar, ...xs), await centralDifferences(scalar, 2 ** -8, ...xs), 1e-10);
  });

  it('a single time: the cotangent itself; parameters and time have gradient 0', async () => {
    const ode = makeOde();
    const loss = (y0: Tensor, theta: Tensor, t: Tensor): Tensor =>
      ode
        .odeint((_, y: Tensor) => y.mul(theta), y0, [t])
        .ys.mul(3)
        .sum();
    const gradients = await gradientsOf(
      (a, b, c) => loss(a as Tensor, b as Tensor, c as Tensor),
      f64([1, 2]),
      f64(3),
      f64(4),
    );
    expect(gradients).toEqual([[3, 3], [0], [0]]);
  });
});

describe('backprop against central differences', () => {
  /** A small network with captures in nested bodies, on a tree. */
  const network =
    (ode: ReturnType<typeof makeOde>, ts: readonly number[]) =>
    (...[x0, v0, w, b]: readonly Tensor[]): Tensor => {
      const f = (t: Tensor, { x, v }: { readonly x: Tensor; readonly v: Tensor }) => ({
        x: v
          .matmul(w as Tensor)
          .add(b as Tensor)
          .tanh(),
        v: cond(
          x.sum().greater(0),
          x,
          (y) => scan(y, [], (c) => ({ carry: c.mul(b as Tensor).sin() }), { length: 2 }).carry.sub(v),
          (y) => y.mul(t).neg(),
        ),
      });
      const { ys } = ode.odeint(f, { x: x0 as Tensor, v: v0 as Tensor }, ts);
      return concat([ys.x, ys.v]).square().mean();
    };
  const xs = [uniform(1, [2, 3], 0.1, 1), uniform(2, [2, 3]), uniform(3, [3, 3]), uniform(4, [3])];

  it('through steps of one size: the derivative of the discrete solution', async () => {
    const loss = network(makeOde({ solver: rk4(), h: 0.1 }), [0, 0.25, 1]);
    expectClose(await gradientsOf(loss, ...xs), await centralDifferences(loss, 2 ** -8, ...xs), 1e-9);
  });

  it('through adaptive steps, backwards in time, to the tolerance', async () => {
    const loss = network(makeOde({ rtol: 1e-11, atol: 1e-11 }), [1, 0.6, 0]);
    expectClose(await gradientsOf(loss, ...xs), await centralDifferences(loss, 2 ** -8, ...xs), 2e-8);
  });

  it('with rejected steps: they leave no trace in the gradient', async () => {
    const ode = makeOde({ controller: pid({ rtol: 1e-10, atol: 1e-10, firstStep: 0.5 }) });
    const loss = (...[y0, k]: readonly Tensor[]): Tensor =>
      ode
        .odeint(
          (t, y: Tensor) =>
            t
              .mul(6)
              .cos()
              .mul(k as Tensor)
              .sub(y.mul(8)),
          y0 as Tensor,
          [0, 1, 2],
        )
        .ys.sum();
    const inputs = [f64(1), f64(20)];
    const { stats } = await run(
      (a: Tensor, b: Tensor) => loss(a, b),
      ...(inputs as [(typeof inputs)[0] & object, (typeof inputs)[0] & object]),
    );
    expect(stats.rejected).toBeGreaterThan(5);
    expectClose(await gradientsOf(loss, ...inputs), await centralDifferences(loss, 2 ** -6, ...inputs), 1e-8);
  });
});

describe('rejected attempts', () => {
  it('that overflowed leave the gradient finite: y′ = −λy³ from a first step far too large', async () => {
    const [y0, lambda] = [2, 1e20];
    const ode = makeOde({ controller: pid({ rtol: 1e-9, atol: 1e-18, firstStep: 1 }), maxSteps: 2000 });
    const f = (...[y, l]: readonly Tensor[]): Tensor => {
      const overflow = (z: Tensor): Tensor => {
        const dy = z
          .pow(3)
          .mul(l as Tensor)
          .neg();
        report('infinite', dy.isFinite().not().cast('i32'), 'sum');
        return dy;
      };
      return ode.odeint((_, z: Tensor) => overflow(z), y as Tensor, [0, 1]).ys.at(-1);
    };
    const { value, stats } = await run(
      (y: Tensor, l: Tensor) => valueAndGrad((p: readonly Tensor[]) => f(...p))([y, l]),
      y0,
      lambda,
    );
    expect(stats.rejected).toBeGreaterThan(10);
    expect(stats.reports['infinite']?.[0]).toBeGreaterThan(0);
    // y(1) = (y0⁻² + 2λ)^(−1/2)
    const y1 = (y0 ** -2 + 2 * lambda) ** -0.5;
    expectClose(value.value, y1, 1e-5, 0);
    expectClose(value.grad, [(y1 / y0) ** 3, -(y1 ** 3)], 1e-4, 0);
  });

  it('are not taped: entries are the accepted steps, and not evaluated in reverse', async () => {
    const ode = makeOde({ controller: pid({ rtol: 1e-6, atol: 1e-6, firstStep: 0.5 }) });
    const loss = (y0: Tensor): Tensor =>
      ode.odeint((t, y: Tensor) => t.mul(6).cos().mul(20).sub(y.mul(8)), y0, [0, 0.3, 0.31, 2]).ys.sum();
    const { stats } = await run((y: Tensor) => grad(loss)(y), 1);
    expect(stats.rejected).toBeGreaterThan(3);
    expect(stats.counters?.tapeEntries).toBe(stats.accepted);
    expect(stats.nfeBackward).toBe(6 * stats.accepted);
  });
});

describe('gradients of what the state does not depend on', () => {
  const ode = makeOde();

  it('an unused parameter has gradient exactly 0, and so has one that only decides', async () => {
    const loss = (p: { readonly used: Tensor; readonly unused: Tensor; readonly limit: Tensor }): Tensor =>
      ode
        .odeint((t, y: Tensor) => select(y.less(p.limit), y.mul(p.used), p.used), constant(1, [2], 'f64'), [0, 1])
        .ys.sum();
    const g = await evaluate(
      (used: Tensor, unused: Tensor, limit: Tensor) => grad(loss)({ used, unused, limit }),
      0.5,
      f64([NaN, 1]),
      100,
    );
    expectClose(g.used, 2 * Math.exp(0.5), 1e-8);
    expect([g.unused, g.limit]).toEqual([[0, 0], 0]);
  });

  it('tolerances are constants to the derivative', async () => {
    const loss = (rtol: Tensor): Tensor =>
      ode.odeint((_, y: Tensor) => y.neg(), 1, [0, 1], { rtol, atol: rtol }).ys.sum();
    expect(await gradientsOf((rtol) => loss(rtol as Tensor), f64(1e-6))).toEqual([[0]]);
  });

  it('the states of one sample do not reach another', async () => {
    const loss = (y0: Tensor): Tensor =>
      ode
        .odeint((_, y: Tensor) => y.square().neg(), y0, [0, 1])
        .ys.at(-1)
        .slice([0], [1])
        .sum();
    const [g] = await gradientsOf((y0) => loss(y0 as Tensor), f64([1, 5]));
    expectClose(g?.[0], 0.25, 1e-8);
    expect(g?.[1]).toBe(0);
  });
});

describe('second order', () => {
  it('of y0·exp(−θT): every second derivative in closed form', async () => {
    const ode = makeOde({ rtol: 1e-11, atol: 1e-11 });
    const [y0, theta, t1] = [1.5, 0.7, 2];
    const f = (p: readonly [Tensor, Tensor, Tensor]): Tensor => decayed(ode)(...p);
    type Triple = readonly [Tensor, Tensor, Tensor];
    const hessian = (...p: Triple): readonly Triple[] =>
      [0, 1, 2].map((i) => grad((q: Triple) => grad(f)(q)[i] as Tensor)(p));
    const e = Math.exp(-theta * t1);
    const expected = [
      [0, -t1 * e, -theta * e],
      [-t1 * e, t1 * t1 * y0 * e, (theta * t1 - 1) * y0 * e],
      [-theta * e, (theta * t1 - 1) * y0 * e, theta * theta * y0 * e],
    ];
    expectClose(await evaluate(hessian, y0, theta, t1), expected, 2e-7);
  });

  it('on the linear problem y′ = A·y: the second derivative by A in every direction', async () => {
    // d²/dε² exp(A + εB)·y0 at a nilpotent A, where the series ends: A² = 0.
    const ode = makeOde({ rtol: 1e-11, atol: 1e-11 });
    const [A, B] = [
      f64([
        [0, 1],
        [0, 0],
      ]),
      f64([
        [0, 0],
        [1, 0],
      ]),
    ];
    const f = (eps: Tensor): Tensor => {
      const matrix = eps.mul(B).add(A);
      return ode
        .odeint((_, y: Tensor) => matrix.matmul(y), f64([[1], [2]]), [0, 1])
        .ys.at(-1)
        .sum();
    };
    const derivatives = (eps: Tensor) => [f(eps), grad(f)(eps), grad(grad(f))(eps)];
    // exp([[0, 1], [ε, 0]]) = [[c, s], [ε·s, c]] with c = cosh √ε, s = sinh(√ε)/√ε; the sum is c + 2s + εs + 2c.
    const series = (k: number): readonly [number, number] => {
      const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
      return [1 / factorial(2 * k), 1 / factorial(2 * k + 1)];
    };
    const [[c0, s0], [c1, s1], [c2, s2]] = [series(0), series(1), series(2)];
    expectClose(
      await evaluate(derivatives, 0),
      [3 * c0 + 2 * s0, 3 * c1 + 2 * s1 + s0, 2 * (3 * c2 + 2 * s2 + s1)],
      1e-8,
    );
  });

  it('through output times within a step and FSAL steps, against central differences', async () => {
    const ode = makeOde({ solver: rk4(), h: 0.2 });
    const first = (...[y0, k]: readonly Tensor[]): Tensor => {
      const loss = (p: readonly Tensor[]): Tensor =>
        ode
          .odeint(
            (t, y: Tensor) =>
              y
                .mul(p[1] as Tensor)
                .sin()
                .add(t),
            p[0] as Tensor,
            [0, 0.3, 1],
          )
          .ys.square()
          .sum();
      const g = grad(loss)([y0 as Tensor, k as Tensor]);
      return (g[0] as Tensor).mul(2).add(g[1] as Tensor);
    };
    const xs = [f64(0.4), f64(1.1)];
    expectClose(await gradientsOf(first, ...xs), await centralDifferences(first, 2 ** -8, ...xs), 1e-8);
    const fsal = makeOde({ solver: bosh3(), controller: pid({ rtol: 1, atol: 1, firstStep: 0.2, maxStep: 0.2 }) });
    const second = (...[y0]: readonly Tensor[]): Tensor =>
      grad((y: Tensor) =>
        fsal
          .odeint((t, z: Tensor) => z.square().sin().add(t), y, [0, 0.3, 1])
          .ys.square()
          .sum(),
      )(y0 as Tensor);
    expectClose(await gradientsOf(second, f64(0.4)), await centralDifferences(second, 2 ** -11, f64(0.4)), 1e-8);
  });
});

describe('in f32', () => {
  it('gradients keep the dtype and are those of f64 to rounding', async () => {
    const ode = makeOde({ rtol: 1e-5, atol: 1e-6, dtype: 'f32' });
    const loss = (y0: Tensor): Tensor =>
      ode
        .odeint((_, y: Tensor) => y.mul(-0.7), y0, [0, 2])
        .ys.at(-1)
        .sum();
    expectClose(await evaluate((y: Tensor) => grad(loss)(y), f32([1, 2])), [Math.exp(-1.4), Math.exp(-1.4)], 1e-5);
  });
});
