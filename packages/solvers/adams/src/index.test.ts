import { reference } from '@node-ode/backend-reference';
import { array, constantStep, createOde, toNested, valueAndGrad, type Solver, type Tensor } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { solverChecks, testSolver } from '@node-ode/testkit';
import { order as orderProblem, sine } from '@node-ode/testkit/problems';
import { convergence, measure } from '@node-ode/tools/accuracy';
import { describe, expect, it } from 'vitest';
import { adamsBashforth, adamsBashforthMoulton, type AdamsOptions } from './index.ts';

type Make = (options?: AdamsOptions) => Solver;
const families: readonly (readonly [string, Make, number])[] = [
  ['adamsBashforth', adamsBashforth, 1],
  ['adamsBashforthMoulton', adamsBashforthMoulton, 2],
];

/** Numbers of steps at which the errors follow the order, above rounding. */
const steps: Readonly<Record<number, readonly [number, number, number]>> = {
  2: [256, 512, 1024],
  3: [256, 512, 1024],
  4: [128, 256, 512],
  5: [128, 256, 512],
  6: [64, 128, 256],
  7: [64, 96, 144],
  8: [56, 72, 96],
};
/** With fewer than 120, order 8 of the explicit method is unstable; with more than 200, rounding shows. */
const stepsOf = (make: Make, order: number): readonly number[] =>
  (make === adamsBashforth && order === 8 ? [120, 144, 168] : steps[order]) ?? [];
const orders = Object.keys(steps).map(Number);

/** From order 6 on the kit, which measures orders at few steps, sees the starting method, instability or rounding. */
const isMeasuredByTheKit = (order: number): boolean => order <= 5;
const measuresOrder = /has its order|is accurate within a step|leads back/;

for (const [, make] of families) {
  for (const order of orders.filter(isMeasuredByTheKit)) testSolver(() => make({ order }), { denseOrder: order });
}

describe.each(families)('%s', (_, make, evaluations) => {
  it.each(orders.filter((order) => !isMeasuredByTheKit(order)))('of order %d conforms', async (order) => {
    const checks = solverChecks(() => make({ order }));
    const others = checks.filter(({ name }) => !measuresOrder.test(name));
    expect(checks.length - others.length).toBe(4);
    for (const { run } of others) await run();
  });

  it.each(orders)('converges with order %d', async (order) => {
    const { slope } = await convergence(make({ order }), stepsOf(make, order));
    expect(Math.abs(slope - order)).toBeLessThan(0.3);
  });

  it.each(orders)('converges with order %d within steps', async (order) => {
    const [few = NaN, , many = NaN] = stepsOf(make, order);
    // The reference points, at multiples of 1/2, are by turns in the middle of a step and at its end.
    const counts = [few + 4, many + 4] as const;
    const errors = await Promise.all(
      counts.map(async (n) => (await measure(orderProblem('f64'), make({ order }), constantStep({ h: 4 / n }))).error),
    );
    const [coarse = NaN, fine = NaN] = errors;
    expect(Math.log(coarse / fine) / Math.log(counts[1] / counts[0])).toBeGreaterThan(order - 0.3);
  });

  it.each([2, 3, 4, 5, 8])('of order %d makes few evaluations a step, once started', async (order) => {
    const { nfe, executed, accepted } = await measure(sine('f64'), make({ order }), constantStep({ h: 0.07 }));
    const starting = order - evaluations; // p − 1 of them, or p − 2
    expect(accepted).toBe(100);
    const expected = (1 + (order * (order - 1)) / 2) * starting + evaluations * (100 - starting);
    expect([nfe, executed]).toEqual([expected, expected]);
  });

  it.each([0, 1, 9, 2.5, NaN])('refuses order %d', (order) => {
    expect(() => make({ order })).toThrow(`order = ${order}; expected an integer from 2 to 8.`);
  });

  describe.each([
    ['f32', 2e-6],
    ['f64', 1e-13],
  ] as const)('in %s', (dtype, tolerance) => {
    const ode = createOde({ backend: reference(), solver: make(), h: 0.25, dtype });
    /** y′ = 4t³, x′ = −3t²: polynomials of the method's degree, solved exactly. */
    const powers = (t: Tensor, { y, x }: { readonly y: Tensor; readonly x: Tensor }) => ({
      y: y.mul(0).add(t.square().mul(t).mul(4)),
      x: x.mul(0).sub(t.square().mul(3)),
    });

    it.each([
      ['forwards', [0, 0.1, 0.3, 0.8, 1.3, 2.1, 2.15]],
      ['backwards', [2.15, 2.1, 1.3, 0.8, 0.3, 0.1, 0]],
    ])('is exact for polynomials of its degree, %s, the last step shortened', async (__, times) => {
      const first = times[0] ?? NaN;
      const y0 = { y: array([first ** 4], { dtype }), x: array(-(first ** 3), { dtype }) };
      const { ys, stats } = await ode.solve(powers, y0, times);
      expect(stats.accepted).toBe(9);
      times.forEach((t, i) => {
        expect(Math.abs((ys.y.data[i] ?? NaN) - t ** 4)).toBeLessThan(tolerance * 22);
        expect(Math.abs((ys.x.data[i] ?? NaN) + t ** 3)).toBeLessThan(tolerance * 10);
      });
    });
  });

  it('keeps its order where the last step is shorter', async () => {
    const problem = orderProblem('f64');
    const errors = await Promise.all(
      [128.5, 256.5].map(async (n) => (await measure(problem, make(), constantStep({ h: 4 / n }))).error),
    );
    const [coarse = NaN, fine = NaN] = errors;
    expect(Math.log2(coarse / fine)).toBeGreaterThan(3.7);
  });

  it('starts anew where it lands on a time between its steps, and stays exact', async () => {
    const ode = createOde({ backend: reference(), solver: make(), h: 0.1, dtype: 'f64' });
    const f = (t: Tensor, y: Tensor): Tensor => y.mul(0).add(t.square().mul(t).mul(4));
    const { ys, stats } = await ode.solve(f, 0, [0, 2.03], { landAt: [1.03] });
    expect(ys.data[1]).toBeCloseTo(2.03 ** 4, 12);
    // Eleven steps, of which the last is shorter, and ten of the first size again.
    const starting = 4 - evaluations;
    expect(stats.accepted).toBe(21);
    expect(stats.nfe).toBe(7 * (2 * starting + 1) + evaluations * (21 - 2 * starting - 1));
  });

  it('goes on across times that it lands on anyway', async () => {
    const ode = createOde({ backend: reference(), solver: make(), h: 0.1, dtype: 'f64' });
    const times = Array.from({ length: 20 }, (_, i) => (i + 1) / 10);
    const decay = (_: Tensor, y: Tensor): Tensor => y.neg();
    const [landed, plain] = [await ode.solve(decay, 1, [0, 2], { landAt: times }), await ode.solve(decay, 1, [0, 2])];
    expect([landed.stats.nfe, landed.stats.accepted]).toEqual([plain.stats.nfe, 20]);
    expect(landed.ys.data[1]).toBeCloseTo(plain.ys.data[1] ?? NaN, 13);
  });

  it.each([
    // Backprop differentiates the numerical solution, the adjoint solves another equation: both are off by O(h⁴).
    ['backprop', backprop(), 1e-7],
    ['adjoint', adjoint(), 1e-7],
  ])('has gradients by %s', async (__, gradient, tolerance) => {
    const ode = createOde({ backend: reference(), solver: make(), gradient, h: 0.02, dtype: 'f64' });
    const program = ode.compile((y0: Tensor, rate: Tensor, times: Tensor) => {
      const loss = (x: { readonly y0: Tensor; readonly rate: Tensor; readonly times: Tensor }): Tensor =>
        ode.odeint((_, y: Tensor) => y.mul(x.rate), x.y0, x.times).ys.sum();
      return valueAndGrad(loss)({ y0, rate, times });
    });
    const [y0, rate, times] = [1.5, -0.7, [0, 0.33, 1.21]] as const;
    const { grad } = await program(y0, rate, array([...times], { dtype: 'f64' }));
    const growth = times.map((t) => Math.exp(rate * t));
    const total = (of: (growth: number, t: number) => number): number =>
      growth.reduce((sum, g, i) => sum + of(g, times[i] ?? NaN), 0);
    const read = async (x: { read(): Promise<{ readonly data: ArrayLike<number> }> }): Promise<number[]> =>
      Array.from((await x.read()).data);
    const expected = [
      total((g) => g),
      total((g, t) => y0 * t * g),
      -y0 * rate * total((g, t) => (t === 0 ? 0 : g)),
      ...growth.slice(1).map((g) => y0 * rate * g),
    ];
    const found = [...(await read(grad.y0)), ...(await read(grad.rate)), ...(await read(grad.times))];
    found.forEach((x, i) => expect(Math.abs(x - (expected[i] ?? NaN))).toBeLessThan(tolerance));
    expect(found).toHaveLength(expected.length);
  });
});

it("is Heun's method as a predictor-corrector of order 2", async () => {
  const ode = createOde({ backend: reference(), solver: adamsBashforthMoulton({ order: 2 }), h: 0.5, dtype: 'f64' });
  const { ys } = await ode.solve((_, y: Tensor) => y, 1, [0, 0.5, 1]);
  expect(toNested(ys)).toEqual([1, 1.625, 1.625 ** 2]);
});
