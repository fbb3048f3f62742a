import { describe, expect, it } from 'vitest';
import { makeOde } from '../../test/ode.ts';
import {
  expectClose,
  expectGradient,
  expectSecondGradient,
  f64,
  run,
  uniform,
  type TensorFunction,
} from '../../test/support.ts';
import { SolveError } from '../errors.ts';
import { grad } from '../differentiate/vjp.ts';
import { linearCombination, linearSolve, matmul, select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { esdirk, type EsdirkOptions } from './esdirk.ts';
import { pid } from './pid.ts';
import type { Solver } from './solver.ts';

const [g, w] = [1 - Math.SQRT1_2, Math.SQRT1_2 / 2];

/** Of order 2, L-stable: the trapezoidal rule to 2γh, then BDF2 (Bank et al. 1985), with Hosea & Shampine's error estimate. */
const trBdf2 = (options: EsdirkOptions = {}): Solver =>
  esdirk(
    {
      name: 'tr-bdf2',
      order: 2,
      errorOrder: 2,
      c: [0, 2 * g, 1],
      a: [[], [g, g], [w, w, g]],
      b: [w, w, g],
      bError: [w - (1 - w) / 3, w - (3 * w + 1) / 3, g - g / 3],
    },
    options,
  );

/** y' = −1000·(y − cos t): slow along cos t. */
const relaxing = (t: Tensor, y: Tensor): Tensor => y.sub(t.cos()).mul(-1000);

const failureOf = async (solve: Promise<unknown>): Promise<SolveError> => {
  const error: unknown = await solve.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error instanceof SolveError) return error;
  throw new Error(`no SolveError but ${String(error)}`);
};

describe('tableaux', () => {
  const tableau = { name: 'wrong', order: 2, c: [0, 1], a: [[], [1 / 2, 1 / 2]], b: [1 / 2, 1 / 2] };

  it.each([
    [
      'a diagonal that changes',
      { ...tableau, c: [0, 1, 1], a: [[], [0.5, 0.5], [0.25, 0.5, 0.25]], b: [0.25, 0.5, 0.25] },
    ],
    ['an implicit first stage', { ...tableau, c: [1 / 2, 1], a: [[1 / 2], [1 / 2, 1 / 2]] }],
    ['an explicit method', { ...tableau, a: [[], [1]], b: [1 / 2, 1 / 2] }],
    ['weights that are not the last row', { ...tableau, b: [1, 0] }],
  ])('with %s are refused', (_, wrong) => {
    expect(() => esdirk(wrong)).toThrow("esdirk: tableau 'wrong' is not of this kind");
  });

  it('that are inconsistent are refused as those of explicit methods', () => {
    expect(() => esdirk({ ...tableau, c: [0, 0.9] })).toThrow("esdirk: tableau 'wrong': row 1 sums to 1");
    expect(() => esdirk({ ...tableau, a: [[], [0.5, 0.25, 0.25]] })).toThrow(
      'at most 2: the method is diagonally implicit',
    );
  });

  it.each([-1, 0.5, NaN])('batchAxes = %d is refused', (batchAxes) => {
    expect(() => trBdf2({ batchAxes })).toThrow(`esdirk: batchAxes = ${batchAxes}; expected a number of axes`);
  });
});

describe('solves', () => {
  it('a linear problem by one or two iterations a stage, and is exact for its steps', async () => {
    const h = 0.5;
    const matrix = f64([[-2, 1], [0, -500]]); // prettier-ignore
    const ode = makeOde({ solver: trBdf2(), h });
    const { ys, stats } = await ode.solve(
      (_, y: Tensor) => matmul(y, matrix, { transposeB: true }),
      f64([[1, 1]]),
      [0, 1],
    );
    // One step: y1 = (I − γZ)⁻²·(I + (1 − 2γ)Z)·y0, Z = hA
    const step = (a: number): number => (1 + (1 - 2 * g) * h * a) / (1 - g * h * a) ** 2;
    const [p, q] = [step(-2), step(-500)];
    // On the triangular matrix the function's off-diagonal element is its divided difference.
    const r = (p - q) / (-2 + 500);
    expectClose(Array.from(ys.data.slice(2)), [p * p + r * (p + q), q * q], 1e-13);
    // f(t0, y0); then with each Jacobian one evaluation, and at most two for each of two stages
    expect(stats.nfe).toBeLessThanOrEqual(1 + 2 * (1 + 2 * 2));
    expect(stats.nfe).toBe(stats.counters?.calls['dynamics']);
  });

  it('what is stiff with steps of the size of the slow solution', async () => {
    const ode = makeOde({ solver: trBdf2(), rtol: 1e-4, atol: 1e-4 });
    const { ys, stats } = await ode.solve(relaxing, 2, [0, 0.5, 10]);
    // y = cos t + O(1e-3)
    const slow = (t: number): number => (1e6 * Math.cos(t) + 1e3 * Math.sin(t)) / (1e6 + 1);
    expectClose(Array.from(ys.data.slice(1)), [slow(0.5), slow(10)], 1e-3);
    // dopri5 is held to steps of 3.3/1000
    expect(stats.accepted).toBeLessThan(150);
    const explicit = await makeOde({ rtol: 1e-4, atol: 1e-4 }).solve(relaxing, 2, [0, 10]);
    expect(explicit.stats.accepted).toBeGreaterThan(2500);
  });

  it('backwards in time', async () => {
    const ode = makeOde({ solver: trBdf2(), rtol: 1e-6, atol: 1e-6 });
    const { ys } = await ode.solve((t: Tensor, y: Tensor) => y.mul(t.mul(-2)), Math.exp(-4), [2, 0]);
    expect(ys.data[1]).toBeCloseTo(1, 3);
  });

  it('takes leaves that f does not use for integrals, outside the system', async () => {
    const ode = makeOde({ solver: trBdf2(), rtol: 1e-6, atol: 1e-8 });
    // 600 integrals: more than a system may have unknowns
    const rates = uniform(3, [600], 1, 2);
    const { ys, stats } = await ode.solve(
      (_, { y }: { readonly y: Tensor; readonly sums: Tensor }) => ({ y: y.neg(), sums: y.mul(rates) }),
      { y: 1, sums: f64(new Array<number>(600).fill(0)) },
      [0, 2],
    );
    const integral = 1 - Math.exp(-2);
    expectClose(
      Array.from(ys.sums.data.slice(600)),
      Array.from(rates.data, (rate) => rate * integral),
      1e-5,
    );
    expect(stats.nfe).toBe(stats.counters?.calls['dynamics']);
  });

  it('integrals alone, without any system', async () => {
    const ode = makeOde({ solver: trBdf2(), rtol: 1e-7, atol: 1e-7 });
    const { ys, stats } = await ode.solve((t: Tensor) => t.cos(), 0, [0, 2]);
    expect(ys.data[1]).toBeCloseTo(Math.sin(2), 4);
    expect(stats.nfe).toBe(stats.counters?.calls['dynamics']);
  });
});

describe('systems', () => {
  const decay = (_: Tensor, y: Tensor): Tensor => y.square().mul(y).neg();

  it('of more than 512 unknowns are refused', async () => {
    const ode = makeOde({ solver: trBdf2(), h: 0.1 });
    await expect(ode.solve(decay, uniform(1, [300, 2]), [0, 1])).rejects.toThrow(
      'esdirk: a system of 600 unknowns; expected at most 512: it is dense. Say batchAxes: 1 if the samples of a batch do not interact',
    );
  });

  it('of independent samples are small: batchAxes', async () => {
    const start = uniform(1, [300, 2]);
    const ode = makeOde({ solver: trBdf2({ batchAxes: 1 }), h: 0.1 });
    const { ys } = await ode.solve(decay, start, [0, 1]);
    const few = f64([0, 1, 2].map((i) => Array.from(start.data.slice(2 * i, 2 * i + 2))));
    const { ys: together } = await makeOde({ solver: trBdf2(), h: 0.1 }).solve(decay, few, [0, 1]);
    expectClose(Array.from(ys.data.slice(600, 606)), Array.from(together.data.slice(6)), 1e-13);
  });

  it('of samples that do not share the batch axis are refused', async () => {
    const ode = makeOde({ solver: trBdf2({ batchAxes: 1 }), h: 0.1 });
    interface State {
      readonly a: Tensor;
      readonly b: Tensor;
    }
    const f = (_: Tensor, { a, b }: State): State => ({ a: a.neg(), b: b.neg() });
    await expect(ode.solve(f, { a: uniform(1, [3]), b: uniform(1, [4]) }, [0, 1])).rejects.toMatchObject({
      code: 'SHAPE',
    });
  });
});

describe('a step that can not be solved', () => {
  /** y' = −50 or 50, by the sign of y: no y within a step across 0 agrees with its slope. */
  const torn = (_: Tensor, y: Tensor): Tensor => select(y.greater(0), y.mul(0).add(-50), 50);

  it('ends a solve by steps of one size, and says so', async () => {
    const error = await failureOf(makeOde({ solver: trBdf2(), h: 0.5 }).solve(torn, 1, [0, 2]));
    expect([error.reason, error.h, error.steps, error.t]).toEqual(['notConverged', 0.5, 1, 0]);
    expect(error.message).toBe(
      'odeint: the iteration that solves an implicit step did not converge near t = 0 (step 0.5, after 1 steps). Take smaller steps, or let pid() choose them, and look for jumps of f there.',
    );
  });

  it('is tried again smaller by adaptive steps', async () => {
    // Large steps from 1 have no use for the Jacobian there: y falls by 20 orders of magnitude in slope.
    const f = (_: Tensor, y: Tensor): Tensor => y.square().square().mul(y).mul(-1e4);
    const controller = pid({ rtol: 1e-6, atol: 1e-9, firstStep: 10 });
    const { ys, stats } = await makeOde({ solver: trBdf2(), controller }).solve(f, 1, [0, 10]);
    expect(ys.data[1]).toBeCloseTo((1 + 4e5) ** -0.25, 5);
    expect(stats.rejected).toBeGreaterThan(2);
  });

  it('for NaN of f is called by that name', async () => {
    const f = (t: Tensor, y: Tensor): Tensor => select(t.less(0.7), y.neg(), NaN);
    expect((await failureOf(makeOde({ solver: trBdf2(), h: 0.5 }).solve(f, 1, [0, 2]))).reason).toBe('nonFinite');
    expect((await failureOf(makeOde({ solver: trBdf2() }).solve(f, 1, [0, 2]))).reason).toBe('nonFinite');
  });
});

describe('derivatives', () => {
  const ode = makeOde({ solver: trBdf2(), h: 0.1 });

  /** Two steps of a stiff network with a mass matrix: y' = M⁻¹·(tanh(W·y) − 40·y). */
  const value = (y0: Tensor, weights: Tensor, rate: Tensor, t1: Tensor): Tensor => {
    const mass = f64([[1, 0.2], [0.1, 2]]); // prettier-ignore
    const f = (_: Tensor, y: Tensor): Tensor =>
      linearSolve(
        mass,
        linearCombination(
          [1, rate],
          [
            matmul(weights, y.reshape([2, 1]))
              .reshape([2])
              .tanh(),
            y,
          ],
          [1, -40],
        ),
      );
    return ode
      .odeint(f, y0, [0, t1])
      .ys.at(-1)
      .mul(f64([3, -2]))
      .sum();
  };
  const inputs = [f64([1, -0.5]), uniform(5, [2, 2]), f64(1.3)];
  const end: TensorFunction = (y0, weights, rate) =>
    value(y0 as Tensor, weights as Tensor, rate as Tensor, constant(0.2, [], 'f64'));

  it('of first order are those of central differences, in reverse and in forward mode', async () => {
    await expectGradient(end, inputs);
  });

  it('of second order are, by every order of the modes', async () => {
    await expectSecondGradient(end, inputs, { tolerance: 1e-8 });
  });

  it('with tolerances that are arguments are those with fixed ones', async () => {
    const adaptive =
      (rtol: number | Tensor) =>
      (y0: Tensor): Tensor =>
        makeOde({ solver: trBdf2(), rtol: 1e-5, atol: 1e-7 }).odeint(relaxing, y0, [0, 0.01, 1], { rtol }).ys.sum();
    const fixed = await run((y0: Tensor) => grad(adaptive(1e-5))(y0), 2);
    const traced = await run((y0: Tensor, rtol: Tensor) => grad(adaptive(rtol))(y0), 2, 1e-5);
    expect(traced.value).toBe(fixed.value);
    expect(traced.stats.nfe).toBe(fixed.stats.nfe);
  });
});
