import { dopri5 } from '@node-ode/solver-dopri5';
import { euler } from '@node-ode/solver-euler';
import { rk4 } from '@node-ode/solver-rk4';
import { describe, expect, it } from 'vitest';
import { makeOde } from '../../test/ode.ts';
import { evaluate, expectClose, f64, refusal, trace, uniform } from '../../test/support.ts';
import { toNested } from '../array.ts';
import { call } from '../control/call.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { rungeKutta, type Tableau, type TableauExtension } from './runge-kutta.ts';
import type { Solver } from './solver.ts';

/** Heun's method with Euler embedded: not first same as last. */
const heunEuler: Tableau = {
  name: 'heun-euler',
  order: 2,
  c: [0, 1],
  a: [[], [1]],
  b: [1 / 2, 1 / 2],
  bError: [-1 / 2, 1 / 2],
};

/** Kutta's third order method: an interior zero, no error estimate. */
const kutta3: Tableau = {
  name: 'kutta3',
  order: 3,
  c: [0, 1 / 2, 1],
  a: [[], [1 / 2], [-1, 2]],
  b: [1 / 6, 2 / 3, 1 / 6],
};

/** One step of size h from (t, y) of y′ = −y·t, by plain numbers. */
function byHand({ c, a, b }: Tableau, t: number, h: number, y: number): number {
  const k: number[] = [];
  for (let i = 0; i < b.length; i++) {
    const yi = y + h * (a[i] ?? []).reduce((s, aij, j) => s + aij * (k[j] as number), 0);
    k.push(-yi * (t + (c[i] as number) * h));
  }
  return y + h * b.reduce((s, bi, i) => s + bi * (k[i] as number), 0);
}

/** A step of a solver on one leaf, its error and its values within the step. */
const step = (solver: Solver, thetas: readonly number[]) => (t: Tensor, h: Tensor, y: Tensor) => {
  const f = (s: Tensor, [z]: readonly Tensor[]): readonly Tensor[] => [(z as Tensor).neg().mul(s)];
  const { state } = solver.init(f, t, [y]);
  const taken = solver.step(f, t, h, [y], state);
  const inside = thetas.map((theta) => solver.interpolate(taken.interpolant, constant(theta, [], 'f64'))[0] as Tensor);
  return { y: taken.y[0] as Tensor, error: (taken.error?.[0] ?? constant(0, [], 'f64')) as Tensor, inside };
};

describe('rungeKutta', () => {
  it.each([heunEuler, kutta3])('$name: a step is that of its coefficients', async (tableau) => {
    const { y } = await evaluate(step(rungeKutta(tableau), []), 0.5, 0.1, 2);
    expectClose(y, byHand(tableau, 0.5, 0.1, 2), 1e-15);
  });

  it('the error estimate is h·Σ(b − b̂)·k, not y − ŷ', async () => {
    const { error } = await evaluate(step(rungeKutta(heunEuler), []), 0.5, 0.1, 2);
    const k1 = -2 * 0.5;
    const k2 = -(2 + 0.1 * k1) * 0.6;
    expectClose(error, 0.1 * (k2 - k1) * 0.5, 1e-15, 0);
    // Where the terms cancel, the estimate keeps its digits: y is 1e9 times larger than the error.
    const tiny = await evaluate(step(rungeKutta(heunEuler), []), 0.5, 1e-9, 2);
    const slope = -(2 - 1e-9) * (0.5 + 1e-9);
    expectClose(tiny.error, 1e-9 * 0.5 * (slope + 1), 1e-6, 0);
  });

  it('derives what it is: first same as last, an end stage for estimates, orders', () => {
    const fields = ({ name, order, errorOrder, hasErrorEstimate, fsal, needsUniformStep }: Solver) => ({
      name,
      order,
      errorOrder,
      hasErrorEstimate,
      fsal,
      needsUniformStep,
    });
    expect(fields(rungeKutta(heunEuler))).toEqual({
      name: 'heun-euler',
      order: 2,
      errorOrder: 1,
      hasErrorEstimate: true,
      fsal: true,
      needsUniformStep: false,
    });
    expect(fields(rungeKutta(kutta3))).toEqual({
      name: 'kutta3',
      order: 3,
      errorOrder: 2,
      hasErrorEstimate: false,
      fsal: false,
      needsUniformStep: false,
    });
    expect(fields(dopri5())).toEqual({
      name: 'dopri5',
      order: 5,
      errorOrder: 4,
      hasErrorEstimate: true,
      fsal: true,
      needsUniformStep: false,
    });
    expect(rungeKutta({ ...heunEuler, errorOrder: 2 }).errorOrder).toBe(2);
  });

  it.each<readonly [Solver, number, number]>([
    [euler(), 0, 1],
    [rk4(), 0, 4],
    [rungeKutta(kutta3), 0, 3],
    [rungeKutta(heunEuler), 1, 2],
    [dopri5(), 1, 6],
  ])('$name makes each evaluation once', async (solver, before, each) => {
    const ode = makeOde(solver.hasErrorEstimate ? { solver, rtol: 1e-3, atol: 1e-3 } : { solver, h: 0.1 });
    const { stats } = await ode.solve((t, y: Tensor) => y.mul(t).neg(), 1, [0, 2]);
    // One more to choose the first step.
    const chosen = solver.hasErrorEstimate ? 1 : 0;
    expect(stats.nfe).toBe(before + chosen + each * (stats.accepted + stats.rejected));
    expect(stats.nfe).toBe(stats.counters?.calls['dynamics']);
  });

  it('zero coefficients cost nothing: no term of theirs is in the graph', () => {
    const solver = rungeKutta({ name: 'sparse', order: 1, c: [0, 1 / 2, 1], a: [[], [1 / 2], [0, 1]], b: [0, 1, 0] });
    const graph = trace(
      (t: Tensor, h: Tensor, y: Tensor) => {
        const f = call('dynamics', (s: Tensor, z: Tensor) => z.mul(s));
        return solver.step((s, [z]) => [f(s, z as Tensor)], t, h, [y], []).y;
      },
      0,
      0.1,
      f64([1, 2]),
    );
    const sums = graph.nodes.filter(({ op }) => op === 'linearCombination');
    // y + h/2·k1, and the result y + h·k2; the third stage is dead.
    expect(sums.map(({ inputs }) => inputs.length)).toEqual([4, 4]);
    expect(graph.nodes.filter(({ op }) => op === 'call').length).toBe(2);
  });

  it('one time and step for each sample', async () => {
    const [t, h, y] = [uniform(1, [3], 0, 1), uniform(2, [3], 0.1, 0.2), uniform(3, [3], 1, 2)];
    const column = (x: Tensor): Tensor => x;
    const batched = await evaluate(
      (a: Tensor, b: Tensor, c: Tensor) => step(dopri5(), [0.3])(column(a), b, c),
      t,
      h,
      y,
    );
    for (const i of [0, 1, 2]) {
      const alone = await evaluate(
        step(dopri5(), [0.3]),
        t.data[i] as number,
        h.data[i] as number,
        y.data[i] as number,
      );
      expectClose((batched.y as number[])[i], alone.y, 1e-15);
      expectClose((batched.inside[0] as number[])[i], alone.inside[0], 1e-15);
    }
  });
});

describe('dense output', () => {
  it.each<readonly [Solver, number]>([
    [euler(), 1],
    [rungeKutta(kutta3), 2],
    [rungeKutta(heunEuler), 3],
    [rk4(), 3],
    [dopri5(), 4],
  ])('$name: of order %d within the step, exact at its ends', async (solver, order) => {
    const thetas = [0, 0.25, 0.5, 0.75, 1];
    const errors = async (h: number): Promise<number> => {
      const { y, inside } = await evaluate(step(solver, thetas), 0.5, h, 2);
      expectClose([inside[0], inside[4]], [2, y], 1e-15);
      const exact = (theta: number): number => 2 * Math.exp(-((0.5 + theta * h) ** 2 - 0.25) / 2);
      return Math.max(...thetas.map((theta, i) => Math.abs((inside[i] as number) - exact(theta))));
    };
    const slope = Math.log2((await errors(0.08)) / (await errors(0.04)));
    // One step: its error is of an order more, bounded by that of the method.
    expect(slope).toBeGreaterThan(Math.min(order, solver.order) + 1 - 0.3);
  });

  it('Hermite’s cubic for methods that know the slope at the end: exact for cubics', async () => {
    const ode = makeOde({ solver: rungeKutta(heunEuler), rtol: 1e-3, atol: 1e-3 });
    const { ys } = await ode.solve((t) => t, 0, [0, 0.1, 0.5, 1]);
    expectClose(toNested(ys), [0, 0.005, 0.125, 0.5], 1e-15);
  });
});

describe('refusals', () => {
  const advice = 'Check the coefficients against their source.';
  it.each<readonly [Partial<Tableau>, string]>([
    [{ b: [1 / 2, 1 / 3] }, `the weights sum to ${1 / 2 + 1 / 3}; expected 1. ${advice}`],
    [{ a: [[], [1 / 2]] }, `row 1 sums to 0.5; expected its node 1. ${advice}`],
    [{ a: [[], [1 / 2, 1 / 2]] }, `row 1 has 2 coefficients; expected at most 1: the method is explicit. ${advice}`],
    [{ bError: [1 / 2, 1 / 2] }, `the error weights sum to 1; expected 0. ${advice}`],
    [{ c: [0] }, `1 nodes, 2 rows, 2 weights and 2 error weights; expected as many of each as stages. ${advice}`],
    [{ interpolant: [[1 / 2], [1]] }, `dense output of stage 1 is 1 at θ = 1; expected its weight 0.5. ${advice}`],
    [{ interpolant: [[1 / 2]] }, `1 rows of dense output; expected 2. ${advice}`],
    [{ b: [NaN, 1 / 2] }, `the weights sum to NaN; expected 1. ${advice}`],
  ])('%o', async (change, message) => {
    expect(await refusal(() => rungeKutta({ ...heunEuler, ...change }))).toBe(
      `OptionError: rungeKutta: tableau 'heun-euler': ${message}`,
    );
  });

  const fsal = {
    ...heunEuler,
    c: [0, 1, 1],
    a: [[], [1], [1 / 2, 1 / 2]],
    b: [1 / 2, 1 / 2, 0],
    bError: [-1 / 2, 1 / 2, 0],
  };
  it.each<readonly [Tableau, TableauExtension, string]>([
    [
      heunEuler,
      { c: [1], a: [[1 / 2, 1 / 2]], bulge: [[], [], []] },
      'an extension of its stages; expected a last stage that is f at the end of the step',
    ],
    [
      fsal,
      { c: [1 / 2], a: [], bulge: [] },
      'an extension of 1 nodes, 0 rows and 0 rows of dense output; expected as many nodes as rows, and dense output for 3 stages and them',
    ],
    [
      fsal,
      { c: [1 / 2], a: [[0, 0, 0, 1 / 2]], bulge: [[], [], [], []] },
      'row 0 of the extension has 4 coefficients; expected at most 3',
    ],
    [
      fsal,
      { c: [1 / 2], a: [[1 / 4]], bulge: [[], [], [], []] },
      'row 0 of the extension sums to 0.25; expected its node 0.5',
    ],
  ])('an extension: %#', async (tableau, extension, message) => {
    expect(await refusal(() => rungeKutta({ ...tableau, extension }))).toBe(
      `OptionError: rungeKutta: tableau 'heun-euler': ${message}. ${advice}`,
    );
  });
});
