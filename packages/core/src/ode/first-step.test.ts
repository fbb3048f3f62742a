import { describe, expect, it } from 'vitest';
import { makeOde } from '../../test/ode.ts';
import { evaluate, expectClose, f64, refusal } from '../../test/support.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { firstStep } from './first-step.ts';
import type { Leaves } from './solver.ts';

/** Hairer, Nørsett & Wanner II.4, on plain numbers, for y′ = f(t, y) with one leaf of several elements. */
function byHand(
  f: (t: number, y: readonly number[]) => readonly number[],
  t0: number,
  t1: number,
  y0: readonly number[],
  [rtol, atol]: readonly [number, number],
  order: number,
): number {
  const norm = (x: readonly number[]): number =>
    Math.sqrt(x.reduce((s, v, i) => s + (v / (atol + rtol * Math.abs(y0[i] as number))) ** 2, 0) / x.length);
  const span = Math.abs(t1 - t0);
  const direction = Math.sign(t1 - t0);
  const f0 = f(t0, y0);
  const [d0, d1] = [norm(y0), norm(f0)];
  const h0 = Math.min(d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : (0.01 * d0) / d1, span);
  const f1 = f(
    t0 + h0 * direction,
    y0.map((y, i) => y + h0 * direction * (f0[i] as number)),
  );
  const d2 = norm(f1.map((v, i) => v - (f0[i] as number))) / h0;
  const steepest = Math.max(d1, d2);
  const h1 = steepest <= 1e-15 ? Math.max(1e-6, h0 * 1e-3) : (0.01 / steepest) ** (1 / (order + 1));
  return Math.min(100 * h0, h1, span) * direction;
}

const rates = [-3, 0.5, 2];

/** The size found by the rule for y′ = rates·y·(1 + t). */
const found = (t0: number, t1: number, y0: readonly number[], options: { dy0?: boolean; zero?: boolean } = {}) =>
  evaluate((y: Tensor) => {
    const f = (t: Tensor, [x]: Leaves): Leaves => [
      (x as Tensor)
        .mul(f64(rates))
        .mul(t.add(1))
        .mul(options.zero === true ? 0 : 1),
    ];
    const [a, b] = [constant(t0, [], 'f64'), constant(t1, [], 'f64')];
    const problem = {
      f,
      t0: a,
      t1: b,
      y0: [y],
      dy0: options.dy0 === true ? f(a, [y]) : undefined,
      order: 5,
      errorOrder: 4,
    };
    const tolerances = [{ rtol: constant(1e-6, [], 'f64'), atol: constant(1e-8, [], 'f64') }];
    const { h, evaluations } = firstStep(problem, tolerances, undefined);
    return [h, constant(evaluations, [], 'i32')];
  }, f64(y0));

const linear = (t: number, y: readonly number[]): readonly number[] =>
  y.map((v, i) => v * (rates[i] as number) * (1 + t));
const tolerances = [1e-6, 1e-8] as const;

describe('the first step', () => {
  it.each<readonly [number, number, readonly number[]]>([
    [0, 10, [1, 2, 3]],
    [0, -10, [1, 2, 3]],
    [1, 1.001, [1, 2, 3]],
    [2, -5, [1e-9, 2e-9, 1e-20]],
    [0, 10, [1e-14, 0, 0]],
    [0, 10, [0, 0, 0]],
  ])('from %d to %d', async (t0, t1, y0) => {
    const expected = byHand(linear, t0, t1, y0, tolerances, 4);
    expectClose(await found(t0, t1, y0), [expected, 2], 1e-12);
    expectClose(await found(t0, t1, y0, { dy0: true }), [expected, 1], 1e-12);
  });

  it('where nothing changes', async () => {
    const [h] = await found(0, 10, [1, 2, 3], { zero: true });
    expect(h).toBe(byHand((_, y) => y.map(() => 0), 0, 10, [1, 2, 3], tolerances, 4));
  });

  it('is small where the derivative is not finite, so that the solve says where', async () => {
    const [h] = await found(0, 10, [Infinity, 1, 1]);
    expect(h).toBe(1e-6);
    expect(await refusal(() => makeOde().solve((_, y: Tensor) => y.mul(NaN), 1, [0, 1]))).toMatch(
      /^SolveError: odeint: the state or its derivative is not finite near t = 0 /,
    );
  });
});
