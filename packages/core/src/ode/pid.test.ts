import { adjoint } from '@node-ode/gradient-adjoint';
import { bosh3 } from '@node-ode/solver-bosh3';
import { describe, expect, it } from 'vitest';
import { decay, makeOde, oscillator } from '../../test/ode.ts';
import { evaluate, expectClose, f32, f64, refusal } from '../../test/support.ts';
import { toNested } from '../array.ts';
import { report } from '../control/report.ts';
import { grad } from '../differentiate/vjp.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { pid, type PidOptions } from './pid.ts';

/** What a controller decides about a step of size 0.5 with error ratio E, for an error estimate of order 4. */
const decide = (options: PidOptions, E: number, remembered: readonly number[] = []) =>
  evaluate(
    (error: Tensor, state: readonly Tensor[]) => {
      const zero = constant(0, [], 'f64');
      const h = constant(0.5, [], 'f64');
      const step = { h, t: zero, y0: [zero], y1: [zero], error: [error], errorOrder: 4 };
      return pid({ rtol: 0, atol: 1, ...options }).next(step, state);
    },
    E,
    remembered,
  );

describe('the next step', () => {
  it('is h·safety·E^(−1/k) by the I controller', async () => {
    for (const E of [0.3, 1, 2.5]) {
      const { accept, h } = await decide({}, E);
      expect(accept).toBe(E <= 1);
      expectClose(h, 0.5 * 0.9 * E ** (-1 / 5), 1e-14);
    }
  });

  it('follows the PI and PID formulas, whose memory is the accepted errors', async () => {
    const [P, I, D] = [0.3, 0.4, 0.1];
    const [E1, E2, E3] = [0.5, 0.8, 0.2];
    const pi = await decide({ pCoefficient: P, iCoefficient: I }, E1, [1 / E2]);
    expectClose(pi.h, 0.5 * 0.9 * E1 ** (-(P + I) / 5) * E2 ** (P / 5), 1e-14);
    expectClose(pi.state, [1 / E1], 1e-14);
    const full = await decide({ pCoefficient: P, iCoefficient: I, dCoefficient: D }, E1, [1 / E2, 1 / E3]);
    expectClose(full.h, 0.5 * 0.9 * E1 ** (-(P + I + D) / 5) * E2 ** ((P + 2 * D) / 5) * E3 ** (-D / 5), 1e-14);
    expectClose(full.state, [1 / E1, 1 / E2], 1e-14);
  });

  it('a rejected step is not remembered, and never grows', async () => {
    const { accept, h, state } = await decide({ pCoefficient: 0.4, iCoefficient: 0.3 }, 1.0001, [1e-9]);
    expect(accept).toBe(false);
    expect(state).toEqual([1e-9]);
    expectClose(h, 0.5 * 0.9, 1e-14);
  });

  it('changes within minFactor and maxFactor; safety is the user’s', async () => {
    expectClose((await decide({}, 1e-12)).h, 5);
    expectClose((await decide({ maxFactor: 3 }, 0)).h, 1.5);
    expectClose((await decide({}, 1e12)).h, 0.1);
    expectClose((await decide({ minFactor: 0.5 }, 1e12)).h, 0.25);
    expectClose((await decide({ safety: 0.5 }, 1)).h, 0.25);
  });

  it('shrinks as far as it may where the error is not finite', async () => {
    for (const E of [NaN, Infinity]) {
      const { accept, h } = await decide({}, E);
      expect([accept, h]).toEqual([false, 0.1]);
    }
  });

  it('is at most maxStep, in either direction', async () => {
    expect((await decide({ maxStep: 0.6 }, 1e-9)).h).toBe(0.6);
    expect((await decide({ maxStep: 0.6 }, 1e9)).h).toBeCloseTo(0.1, 15);
  });
});

describe('the error norm', () => {
  const norm = (options: PidOptions) =>
    evaluate(
      (e: readonly Tensor[], y0: readonly Tensor[], y1: readonly Tensor[]) => {
        const h = constant(1, [], 'f64');
        // The step that would just be accepted is E^(−1): errorOrder 0, without safety.
        const wide = { safety: 0.999999, minFactor: 1e-9, maxFactor: 1e9, ...options };
        return pid(wide).next({ h, t: h, y0, y1, error: e, errorOrder: 0 }, []).h;
      },
      [f64([1, 2]), f64([[3]])],
      [f64([10, -20]), f64([[5]])],
      [f64([-30, 1]), f64([[1]])],
    );
  const expectNorm = async (options: PidOptions, E: number): Promise<void> =>
    expectClose(0.999999 / Number(await norm(options)), E, 1e-12);

  it('is the root mean square over all elements of e / (atol + rtol·max(|y0|, |y1|))', async () => {
    const scaled = [1 / (0.1 + 0.01 * 30), 2 / (0.1 + 0.01 * 20), 3 / (0.1 + 0.01 * 5)];
    await expectNorm({ rtol: 0.01, atol: 0.1 }, Math.sqrt(scaled.reduce((s, x) => s + x * x, 0) / 3));
  });

  it('tolerances by leaf and by element', async () => {
    const scaled = [1 / (0.1 + 0.01 * 30), 2 / (0.2 + 0.01 * 20), 3 / (0.5 + 0.02 * 5)];
    const rms = Math.sqrt(scaled.reduce((s, x) => s + x * x, 0) / 3);
    await expectNorm({ rtol: [0.01, 0.02], atol: [f64([0.1, 0.2]), 0.5] }, rms);
    // In f32 they are converted to the state's dtype.
    await expectNorm(
      { rtol: [0.01, 0.02], atol: [f32([0.125, 0.25]), 0.5] },
      Math.sqrt([1 / (0.125 + 0.3), 2 / (0.25 + 0.2), 3 / 0.6].reduce((s, x) => s + x * x, 0) / 3),
    );
  });

  it('of the caller', async () => {
    const largest = (e: readonly Tensor[]): Tensor => e.map((x) => x.abs().max()).reduce((a, b) => a.maximum(b));
    await expectNorm({ rtol: 0, atol: 0.5, norm: largest }, 6);
  });
});

describe('in a solve', () => {
  it('tighter tolerances bring smaller errors and more steps', async () => {
    let before = { error: Infinity, steps: 0 };
    for (const tolerance of [1e-3, 1e-5, 1e-7, 1e-9]) {
      const { ys, stats } = await makeOde({ rtol: tolerance, atol: tolerance }).solve(decay, 1, [0, 5]);
      const now = { error: Math.abs((ys.data[1] as number) - Math.exp(-5)), steps: stats.accepted };
      expect(now.error).toBeLessThan(Math.min(tolerance, before.error));
      expect(now.steps).toBeGreaterThan(before.steps);
      before = now;
    }
  });

  it('a tree of tolerances like the state; loose ones for a leaf leave it to the others', async () => {
    const y0 = { v: f64([0]), x: f64([1]) };
    const steps = async (atol: PidOptions['atol']): Promise<number> =>
      (await makeOde({ controller: pid({ rtol: 0, atol: atol as number }) }).solve(oscillator, y0, [0, 10])).stats
        .accepted;
    const tight = await steps(1e-10);
    expect(await steps({ x: 1e-10, v: 1e-10 })).toBe(tight);
    expect(await steps({ x: 1e-10, v: 1e3 })).toBeLessThan(tight);
    expect(await steps({ x: 1e3, v: 1e3 })).toBeLessThan(10);
  });

  it('per-element tolerances: those that matter find the step', async () => {
    // A fast element and a slow one.
    const f = (t: Tensor, y: Tensor): Tensor => y.mul(f64([-1, -30]));
    const accepted = async (atol: readonly number[]): Promise<number> =>
      (await makeOde({ rtol: 0, atol: f64(atol) }).solve(f, f64([1, 1]), [0, 1])).stats.accepted;
    expect(await accepted([1e-9, 1e3])).toBeLessThan((await accepted([1e-9, 1e-9])) / 2);
  });

  it('tolerances that are traced: one graph for all of them', async () => {
    const ode = makeOde();
    const program = ode.compile(
      (y: Tensor, rtol: Tensor) => ode.odeint(decay, y, [0, 5], { rtol, atol: rtol }).stats.accepted,
    );
    const steps = async (rtol: number): Promise<number> => (await (await program(1, rtol)).read()).data[0] as number;
    const fixed = await makeOde({ rtol: 1e-4, atol: 1e-4 }).solve(decay, 1, [0, 5]);
    expect(await steps(1e-4)).toBe(fixed.stats.accepted);
    expect(await steps(1e-8)).toBeGreaterThan(2 * fixed.stats.accepted);
  });

  it.each([
    [-1e-3, 1e-6],
    [1e-3, -1e-6],
    [NaN, 1e-6],
    [1e-3, Infinity],
  ])('traced tolerances %d and %d fail the solve before its first step', async (rtol, atol) => {
    const ode = makeOde();
    const program = ode.compile((r: Tensor, a: Tensor) => ode.odeint(decay, f64(1), [0, 5], { rtol: r, atol: a }).ys);
    await expect(program(rtol, atol)).rejects.toMatchObject({
      name: 'SolveError',
      reason: 'invalidTolerances',
      steps: 0,
    });
  });

  it.each([
    ['backprop', undefined],
    ['adjoint', adjoint()],
  ])('traced tolerances in derivatives by %s: as fixed ones, also of second order', async (_, gradient) => {
    const ode = makeOde(gradient && { gradient });
    // y(1) = exp(−p): the derivative by p is −exp(−p), the second one exp(−p).
    const derivatives = async (tolerance: (rtol: Tensor) => Tensor | number) =>
      evaluate(
        (p: Tensor, rtol: Tensor) => {
          const y1 = (x: { readonly p: Tensor; readonly rtol: Tensor }): Tensor => {
            const tolerances = { rtol: tolerance(x.rtol), atol: tolerance(x.rtol) };
            return ode.odeint((_t, y: Tensor) => y.mul(x.p).neg(), f64(1), [0, 1], tolerances).ys.at(1);
          };
          const first = grad(y1)({ p, rtol });
          return { ...first, second: grad((q: Tensor) => grad((x: Tensor) => y1({ p: x, rtol }))(q))(p) };
        },
        0.5,
        1e-8,
      );
    const [fixed, own, outer] = [
      await derivatives(() => 1e-8),
      await derivatives((rtol) => rtol),
      await derivatives((rtol) => rtol.mul(2).div(2)),
    ];
    expect(own).toEqual(fixed);
    expect(outer).toEqual(fixed);
    expectClose(own.p, -Math.exp(-0.5), 1e-6);
    expectClose(own.second, Math.exp(-0.5), 1e-5);
    expect(own.rtol).toBe(0);
  });

  it('firstStep, maxStep and a solve that never exceeds it', async () => {
    const largest = async (options: PidOptions): Promise<readonly [number, number]> => {
      const { stats } = await makeOde({ controller: pid({ rtol: 1e-3, atol: 1e-3, ...options }) }).solve(
        (t, y: Tensor) => {
          report('t', t, 'max');
          return y.mul(-0.01);
        },
        1,
        [0, 10],
      );
      return [stats.accepted, stats.rejected];
    };
    expect(await largest({ maxStep: 0.5, firstStep: 3 })).toEqual([20, 0]);
    expect(await largest({ firstStep: 10 })).toEqual([1, 0]);
    // 1, 3, 9: maxFactor 3
    expect(await largest({ firstStep: 1, maxFactor: 3 })).toEqual([3, 0]);
  });

  it('PI and PID coefficients solve as well', async () => {
    for (const options of [
      { pCoefficient: 0.4, iCoefficient: 0.3 },
      { pCoefficient: 0.2, iCoefficient: 0.4, dCoefficient: 0.1 },
    ]) {
      const controller = pid({ rtol: 1e-8, atol: 1e-8, ...options });
      for (const solver of [bosh3(), makeOde().solver]) {
        const { ys } = await makeOde({ solver, controller }).solve((t, y: Tensor) => y.mul(t.cos()), 1, [0, 3, 10]);
        expectClose(toNested(ys), [1, Math.exp(Math.sin(3)), Math.exp(Math.sin(10))], 1e-6);
      }
    }
  });

  it('forLeaves maps tolerances to other states, and leaves out null', async () => {
    const decided = await evaluate((e: Tensor) => {
      const one = constant(1, [], 'f64');
      const step = {
        h: one,
        t: one,
        y0: [one, one, one],
        y1: [one, one, one],
        error: [e, e.mul(1e9), e],
        errorOrder: 0,
      };
      const base = pid({ rtol: 0, atol: [1, 4], safety: 0.5, minFactor: 1e-9, maxFactor: 1e9 });
      return [base.forLeaves([1, null, 1]).next(step, []).h, base.forLeaves([0, null, 0]).next(step, []).h];
    }, 2);
    expectClose(decided, [1, 0.25], 1e-14);
  });
});

describe('refusals', () => {
  it.each<readonly [PidOptions, string]>([
    [
      { rtol: -1e-3 },
      'OptionError: pid: rtol = -0.001; expected a number that is not negative. Typical values are rtol 1e-3 … 1e-8, with atol the size below which the state is noise.',
    ],
    [
      { atol: { x: 1e-6, v: NaN } },
      'OptionError: pid: atol = NaN; expected a number that is not negative. Typical values are rtol 1e-3 … 1e-8, with atol the size below which the state is noise.',
    ],
    [
      { atol: f64([1e-6, -1]) },
      'OptionError: pid: atol = -1; expected a number that is not negative. Typical values are rtol 1e-3 … 1e-8, with atol the size below which the state is noise.',
    ],
    [
      { rtol: '1e-3' as unknown as number },
      'TreeError: pid: the value is a string (1e-3); expected a number or a tensor, or plain arrays and objects of them.',
    ],
    [{ safety: 1 }, 'OptionError: pid: safety = 1; expected a number between 0 and 1.'],
    [{ minFactor: 0 }, 'OptionError: pid: minFactor = 0; expected a number between 0 and 1.'],
    [{ maxFactor: 1 }, 'OptionError: pid: maxFactor = 1; expected a number above 1.'],
    [{ firstStep: 0 }, 'OptionError: pid: firstStep = 0; expected a positive step.'],
    [{ minStep: -1 }, 'OptionError: pid: minStep = -1; expected a step that is not negative.'],
    [{ maxStep: 0 }, 'OptionError: pid: maxStep = 0; expected a positive step.'],
  ])('%o', async (options, message) => {
    expect(await refusal(() => pid(options))).toBe(message);
  });

  it('a tree of tolerances that is not like the state', async () => {
    const ode = makeOde({ rtol: 1e-3, atol: [1e-6, 1e-6, 1e-6] });
    expect(await refusal(() => ode.solve(oscillator, { x: 1, v: 0 }, [0, 1]))).toBe(
      'TreeError: pid: atol has 3 leaves and the state 2; expected one tolerance, or a tree like the state.',
    );
  });

  it('a tolerance that does not broadcast to its leaf', async () => {
    const ode = makeOde({ rtol: 1e-3, atol: f64([1, 2, 3]) });
    expect(await refusal(() => ode.solve(decay, f64([1, 2]), [0, 1]))).toMatch(
      /^ShapeError: errorNorm: shapes .*do not broadcast/,
    );
    expect(await refusal(() => ode.solve(decay, 1, [0, 1]))).toBe(
      "ShapeError: errorNorm: an error of f64[] with tolerances f64[] and f64[3]; expected tolerances that broadcast to the state's shape.",
    );
  });
});
