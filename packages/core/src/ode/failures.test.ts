import { bosh3 } from '@node-ode/solver-bosh3';
import { euler } from '@node-ode/solver-euler';
import { describe, expect, it } from 'vitest';
import { decay, makeOde, oscillator } from '../../test/ode.ts';
import { backend, f32, f64, refusal } from '../../test/support.ts';
import type { HostArray } from '../array.ts';
import { SolveError } from '../errors.ts';
import { createOde } from '../runtime/create-ode.ts';
import { select } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { pid } from './pid.ts';

/** The failure of a solve that must fail. */
async function failure(solve: () => Promise<unknown>): Promise<SolveError> {
  const error: unknown = await solve().then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof SolveError)) throw new Error(`no SolveError but ${String(error)}`);
  return error;
}

describe('failures of a solve', () => {
  it('maxSteps: too few steps to reach the last time', async () => {
    const ode = makeOde({ maxSteps: 20 });
    const error = await failure(() => ode.solve(oscillator, { x: 1, v: 0 }, [0, 1000]));
    expect([error.reason, error.steps, error.code]).toEqual(['maxSteps', 20, 'SOLVE']);
    expect(error.t).toBeGreaterThan(0);
    expect(error.t).toBeLessThan(1000);
    expect(error.message).toBe(
      `odeint: the solve tried 20 steps, its largest number, and reached t = ${Number(error.t.toPrecision(6))} (last step ${Number(error.h.toPrecision(6))}). Increase maxSteps or the tolerances; if steps keep shrinking the problem may be stiff.`,
    );
  });

  it('maxSteps counts exactly: as many as needed suffice', async () => {
    const ode = makeOde({ solver: euler(), h: 0.1 });
    expect((await ode.solve(decay, 1, [0, 1], { maxSteps: 10 })).stats.accepted).toBe(10);
    expect((await failure(() => ode.solve(decay, 1, [0, 1], { maxSteps: 9 }))).steps).toBe(9);
  });

  it('an error estimate that no controller looks at fails nothing: it is not even computed', async () => {
    const plain = euler();
    const solver: typeof plain = {
      ...plain,
      hasErrorEstimate: true,
      step: (f, t, h, y, state, measure) => ({
        ...plain.step(f, t, h, y, state, measure),
        error: y.map((leaf) => leaf.mul(NaN)),
      }),
    };
    const { ys } = await makeOde({ solver: plain, h: 0.1 }).solve(decay, 1, [0, 1]);
    expect((await makeOde({ solver, h: 0.1 }).solve(decay, 1, [0, 1])).ys).toEqual(ys);
    expect((await failure(() => makeOde({ solver }).solve(decay, 1, [0, 1]))).t).toBe(0);
  });

  it('NaN from f names the time and the step, adaptive or not', async () => {
    const f = (t: Tensor, y: Tensor): Tensor => select(t.less(0.5), y.neg(), NaN);
    const constant = await failure(() => makeOde({ solver: euler(), h: 0.2 }).solve(f, 1, [0, 2]));
    expect([constant.reason, constant.h, constant.steps]).toEqual(['nonFinite', 0.2, 4]);
    expect(constant.t).toBeCloseTo(0.6, 15);
    expect(constant.message).toBe(
      'odeint: the state or its derivative is not finite near t = 0.6 (step 0.2, after 4 steps). Check f for divisions by zero, logarithms of negative numbers and overflow there, or take smaller steps.',
    );
    for (const solver of [makeOde().solver, bosh3()]) {
      const adaptive = await failure(() => makeOde({ solver }).solve(f, 1, [0, 2]));
      expect(adaptive.reason).toBe('nonFinite');
      expect(adaptive.t).toBeCloseTo(0.5, 6);
    }
  });

  it('NaN from f at once, and infinities', async () => {
    const from = (value: number) => failure(() => makeOde().solve((_, y: Tensor) => y.mul(0).add(value), 1, [3, 4]));
    for (const value of [NaN, Infinity, -Infinity]) {
      const error = await from(value);
      expect([error.reason, error.t]).toEqual(['nonFinite', 3]);
    }
  });

  it('a state that is not finite to begin with', async () => {
    expect((await failure(() => makeOde().solve(decay, f64([1, NaN]), [0, 1]))).reason).toBe('nonFinite');
    expect((await failure(() => makeOde({ solver: euler(), h: 0.1 }).solve(decay, Infinity, [0, 1]))).reason).toBe(
      'nonFinite',
    );
  });

  it('NaN in one leaf or element is enough', async () => {
    const f = (_: Tensor, { x, v }: { x: Tensor; v: Tensor }) => ({ x: x.neg(), v: v.mul(f64([1, NaN])) });
    expect((await failure(() => makeOde().solve(f, { x: 1, v: f64([1, 1]) }, [0, 1]))).reason).toBe('nonFinite');
  });

  it('a step that underflows: y′ = y² past its pole at t = 1', async () => {
    for (const [options, y0, digits] of [
      [{}, 1, 6],
      [{ solver: bosh3(), rtol: 1e-4 }, f32([1]), 3],
    ] as const) {
      const error = await failure(() => makeOde(options).solve((_, y: Tensor) => y.square(), y0 as number, [0, 2]));
      expect(error.reason).toBe('stepUnderflow');
      expect(error.t).toBeCloseTo(1, digits);
      expect(Math.abs(error.h)).toBeLessThan(1e-6);
      expect(error.message).toMatch(
        /^odeint: the step became too small to change the time: [\de.-]+ at t = [\d.]+, after \d+ steps\. Look for a singularity or a discontinuity of f there, loosen the tolerances, or solve in f64 if this was f32\.$/,
      );
    }
  });

  it('a step below minStep', async () => {
    const controller = pid({ rtol: 1e-8, atol: 1e-8, minStep: 0.01 });
    const error = await failure(() => makeOde({ controller }).solve((_, y: Tensor) => y.square(), 1, [0, 2]));
    expect(error.reason).toBe('stepUnderflow');
    expect(error.t).toBeGreaterThan(0.5);
    expect(error.t).toBeLessThan(1);
    expect(error.h).toBeLessThan(0.01);
    expect(error.h).toBeGreaterThan(0.01 / 5);
    // Landing on a time may take a smaller one.
    const { stats } = await makeOde({ controller: pid({ minStep: 0.3, firstStep: 0.4 }) }).solve(decay, 1, [0, 0.5]);
    expect(stats.accepted).toBe(2);
  });

  it('backwards in time as well', async () => {
    const error = await failure(() => makeOde().solve((_, y: Tensor) => y.square(), -1, [0, -2]));
    expect(error.reason).toBe('stepUnderflow');
    expect(error.t).toBeCloseTo(-1, 5);
  });

  it('the first of several solves that fails is named', async () => {
    const ode = makeOde();
    const program = ode.compile((y: Tensor) => {
      const good = ode.odeint(decay, y, [0, 1]).ys.at(-1);
      const bad = ode.odeint((_, z: Tensor) => z.square(), good.mul(0).add(1), [10, 20]).ys.at(-1);
      return ode.odeint((_, z: Tensor) => z.mul(NaN), bad, [100, 101]).ys;
    });
    const error = await failure(() => program(1));
    expect(error.reason).toBe('stepUnderflow');
    expect(error.t).toBeCloseTo(11, 5);
  });

  it('of a solve of constants alone', async () => {
    const ode = makeOde();
    const program = ode.compile(() => ode.odeint((_, y: Tensor) => y.square(), 1, [0, 2]).ys);
    expect((await failure(() => program())).reason).toBe('stepUnderflow');
  });
});

describe('times', () => {
  const ode = makeOde();
  const solve = (ts: readonly number[] | HostArray) => refusal(() => ode.solve(decay, 1, ts));
  const advice =
    'expected finite times, strictly increasing or strictly decreasing. Sort them and remove repeated ones.';

  it.each<readonly [readonly number[], string]>([
    [[0, 2, 1], `OptionError: odeint: ts[1] = 2 after 0; ${advice}`.replace('ts[1] = 2 after 0', 'ts[2] = 1 after 2')],
    [[0, 1, 1], `OptionError: odeint: ts[2] = 1 after 1; ${advice}`],
    [[2, 0, 1], `OptionError: odeint: ts[2] = 1 after 0; ${advice}`],
    [[0, 0], `OptionError: odeint: ts[1] = 0 after 0; ${advice}`],
    [[0, NaN], `OptionError: odeint: ts[1] = NaN after 0; ${advice}`],
    [[Infinity], `OptionError: odeint: ts[0] = Infinity; ${advice}`],
    [[0, 1, Infinity], `OptionError: odeint: ts[2] = Infinity after 1; ${advice}`],
  ])('%o are refused', async (ts, message) => {
    expect(await solve(ts)).toBe(message);
    expect(await solve(f64([...ts]))).toBe(message);
    expect(await refusal(() => ode.compile((y: Tensor) => ode.odeint(decay, y, f64([...ts])).ys)(1))).toBe(message);
  });

  it('traced ones are refused when they are known', async () => {
    const program = ode.compile((y: Tensor, ts: Tensor) => ode.odeint(decay, y, ts).ys);
    for (const ts of [
      [0, 2, 1],
      [0, 1, 1],
      [0, 0, 0],
      [1, 0, 2],
      [0, NaN, 1],
      [0, 1, Infinity],
    ]) {
      const error = await failure(() => program(1, f64(ts)));
      expect([error.reason, error.t, error.steps]).toEqual(['invalidTimes', ts[0], 0]);
      expect(error.message).toBe(
        `odeint: the times, or those to land on, are not finite or not strictly monotone in one direction, from t = ${ts[0]}. Sort them, increasing or decreasing, and remove repeated ones.`,
      );
    }
  });

  it('times that are one in f32', async () => {
    const program = createOde({ backend, solver: bosh3() });
    expect((await failure(() => program.solve(decay, 1, [0, 1, 1 + 1e-9]))).reason).toBe('invalidTimes');
  });

  it('none, or no vector', async () => {
    expect(await solve([])).toBe('ShapeError: odeint: ts is f64[0]; expected a vector of at least one time.');
    expect(await refusal(() => ode.compile((y: Tensor) => ode.odeint(decay, y, []).ys)(1))).toBe(
      'ShapeError: odeint: ts is empty; expected at least one time.',
    );
    const one = 2 as unknown as readonly number[];
    const message =
      'ts = 2; expected times: a list of numbers or tensors, an array or a tensor. Write one time as [2].';
    expect(await refusal(() => ode.solve(decay, 1, one))).toBe(`OptionError: odeint: ${message}`);
    expect(await refusal(() => ode.solve(decay, 1, [0, 1], { jumpTimes: one }))).toBe(
      `OptionError: odeint: ${message.replace('ts', 'jumpTimes')}`,
    );
    expect(await refusal(() => ode.compile((y: Tensor) => ode.odeint(decay, y, y).ys)(1))).toBe(
      'ShapeError: odeint: ts is f64[]; expected a vector of at least one time.',
    );
  });

  it('of another dtype than the state', async () => {
    expect(await refusal(() => ode.solve(decay, f32([1]), f64([0, 1])))).toBe(
      "DTypeError: odeint: ts is f64[2]; expected f32, as the state. Convert it with .cast('f32') or array(…, { dtype: 'f32' }).",
    );
  });
});
