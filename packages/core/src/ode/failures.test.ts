import { bosh3 } from '@node-ode/solver-bosh3';
import { euler } from '@node-ode/solver-euler';
import { describe, expect, it } from 'vitest';
import { decay, makeOde, oscillator } from '../../test/ode.ts';
import { backend, bool, f32, f64, i32, refusal } from '../../test/support.ts';
import { hostArray, type HostArray } from '../array.ts';
import { SolveError } from '../errors.ts';
import { createOde } from '../runtime/create-ode.ts';
import { select } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { constantStep } from './constant-step.ts';
import type { Dynamics } from './odeint.ts';
import { pid } from './pid.ts';
import type { Solver } from './solver.ts';

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
        /^odeint: the step became too small to change the time: [\de.-]+ at t = [\d.]+, after \d+ steps\. Look for a singularity or a discontinuity of f there, loosen the tolerances, or solve in f64\.$/,
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

describe('dynamics', () => {
  const advice = 'f(t, y) returns a tree of the shapes and dtypes of y.';
  const solve = <Y>(f: (t: Tensor, y: never) => unknown, y0: Y): Promise<string> =>
    refusal(() => makeOde().solve(f as Dynamics<never>, y0 as never, [0, 1]));

  it('of another shape, dtype or structure than the state', async () => {
    expect(await solve((_, y: Tensor) => y.sum(), f64([1, 2]))).toBe(
      `ShapeError: dynamics: dy is f64[]; expected f64[2], as the state. ${advice}`,
    );
    expect(await solve((_, { x }: { x: Tensor }) => ({ x: x.cast('f32') }), { x: 1 })).toBe(
      `DTypeError: dynamics: leaf 'x' of dy is f32[]; expected f64[], as the state. ${advice}`,
    );
    expect(await solve((_, { x }: { x: Tensor }) => ({ v: x }), { x: 1 })).toBe(
      "TreeError: dynamics: the tree has 'v' at leaf 1 of 1; expected 'x': the same keys and lengths, 1 leaves. Give it the same structure.",
    );
    expect(await solve((_, [a]: readonly Tensor[]) => [a], [1, 2])).toBe(
      "TreeError: dynamics: the tree has nothing at leaf 2 of 1; expected '[1]': the same keys and lengths, 2 leaves. Give it the same structure.",
    );
    expect(await solve(() => undefined, 1)).toBe(
      'TreeError: dynamics: the value is undefined; expected a tensor, or plain arrays and objects of them.',
    );
  });

  it('that decide by a tensor in JavaScript', async () => {
    expect(await solve((t, y: Tensor) => ((t as unknown as number) < 1 ? y : y.neg()), 1)).toMatch(
      /^TraceError: Tensor: f64\[\] was used as a JavaScript number or in a JavaScript condition; .* select\(condition, a, b\) .* cond /,
    );
  });

  it('that leak a tensor', async () => {
    let kept: Tensor | undefined;
    const ode = makeOde();
    const program = ode.compile((y: Tensor) => {
      const { ys } = ode.odeint(
        (t, z: Tensor) => {
          kept = z.mul(t);
          return kept;
        },
        y,
        [0, 1],
      );
      return ys.add(kept as Tensor);
    });
    expect(await refusal(() => program(1))).toMatch(
      /^TraceError: trace: a tensor f64\[\] of 'dynamics' was used after that function had ended/,
    );
  });
});

describe('states', () => {
  const solve = (y0: unknown): Promise<string> => refusal(() => makeOde().solve((_, y) => y, y0 as number, [0, 1]));

  it('an empty batch', async () => {
    const empty = hostArray(new Float64Array(0), [0, 3], 'f64');
    const advice = 'it has no elements; expected a state with at least one element. Check that the batch is not empty.';
    expect(await solve(empty)).toBe(`ShapeError: odeint: the state is f64[0,3]: ${advice}`);
    expect(await solve({ a: f64([1]), b: empty })).toBe(
      `ShapeError: odeint: leaf 'b' of the state is f64[0,3]: ${advice}`,
    );
  });

  it('no leaves', async () => {
    expect(await solve([])).toBe('TreeError: odeint: the state has no leaves; expected at least one tensor.');
  });

  it('integers, booleans, mixed floats', async () => {
    const advice = "Convert it with .cast('f32') or array(…, { dtype: 'f32' }).";
    expect(await solve(i32([1]))).toBe(`DTypeError: odeint: the state is i32[1]; expected f32 or f64. ${advice}`);
    expect(await solve(bool([true]))).toBe(`DTypeError: odeint: the state is bool[1]; expected f32 or f64. ${advice}`);
    expect(await solve({ a: f64([1]), b: f32([1]) })).toBe(
      `DTypeError: odeint: leaf 'b' of the state is f32[1]; expected f64, as the first leaf. ${advice}`,
    );
  });

  it.each<readonly [string, unknown, string]>([
    ['a string', 'one', 'the value is a string (one)'],
    ['null in a tree', { a: 1, b: null }, 'b is null'],
    ['a typed array', { a: [new Float64Array(2)] }, 'a[0] is an instance of Float64Array'],
    ['a class', { m: new Map() }, 'm is an instance of Map'],
    ['a boolean', [true], '[0] is a boolean (true)'],
  ])('%s', async (_, y0, problem) => {
    expect(await solve(y0)).toBe(
      `TreeError: solve: ${problem}; expected a number or a host array, or plain arrays and objects of them.`,
    );
  });
});

describe('compositions that do not work', () => {
  const parts = { backend, dtype: 'f64' as const };
  const needy: Solver = { ...makeOde().solver, name: 'ab2', needsUniformStep: true };

  it.each<readonly [string, () => unknown, string]>([
    [
      'pid without an error estimate',
      () => createOde({ ...parts, solver: euler(), controller: pid() }),
      "CompositionError: createOde: controller 'pid' needs an error estimate and solver 'euler' gives none. Use constantStep({ h }), or a solver with an embedded error estimate such as dopri5, tsit5 or bosh3.",
    ],
    [
      'steps that change with a method that needs one size',
      () => createOde({ ...parts, solver: needy, controller: pid() }),
      "CompositionError: createOde: solver 'ab2' needs steps of one size and controller 'pid' changes them. Use constantStep({ h }).",
    ],
    [
      'no step for a method without an error estimate',
      () => createOde({ ...parts, solver: euler() }),
      "CompositionError: createOde: solver 'euler' has no error estimate, and no step was given; expected h, or a controller. Pass h: 0.1 or controller: constantStep({ h: 0.1 }).",
    ],
    [
      'tolerances beside a controller',
      () => createOde({ ...parts, solver: bosh3(), controller: pid(), rtol: 1e-3 }),
      'OptionError: createOde: rtol or atol with a controller that is given or has constant steps; expected tolerances for the default adaptive controller only. Pass them to the controller: pid({ rtol, atol }).',
    ],
    [
      'h beside a controller',
      () => createOde({ ...parts, solver: euler(), controller: constantStep({ h: 1 }), h: 1 }),
      'OptionError: createOde: both h and a controller; expected one of them.',
    ],
    [
      'no steps',
      () => createOde({ ...parts, solver: bosh3(), maxSteps: 0 }),
      'OptionError: createOde: maxSteps = 0; expected a positive integer.',
    ],
    [
      'integers',
      () => createOde({ ...parts, solver: bosh3(), dtype: 'i32' }),
      "OptionError: createOde: dtype = i32; expected 'f32' or 'f64'.",
    ],
    [
      'h = 0',
      () => createOde({ ...parts, solver: euler(), h: 0 }),
      'OptionError: constantStep: h = 0; expected a positive, finite step. The direction comes from the times: backwards if they decrease.',
    ],
    [
      'a negative tolerance',
      () => createOde({ ...parts, solver: bosh3(), rtol: -1 }),
      'OptionError: pid: rtol = -1; expected a number that is not negative. Typical values are rtol 1e-3 … 1e-8, with atol the size below which the state is noise.',
    ],
  ])('%s', async (_, create, message) => {
    expect(await refusal(create)).toBe(message);
  });

  it('options of a single solve are checked as well', async () => {
    const ode = makeOde({ solver: euler(), h: 0.1 });
    expect(await refusal(() => ode.solve(decay, 1, [0, 1], { rtol: 1e-3 }))).toBe(
      "OptionError: odeint: tolerances or a norm with controller 'constantStep'; expected a controller that has them. Use pid() with an adaptive solver, or leave them out.",
    );
    expect(await refusal(() => ode.solve(decay, 1, [0, 1], { controller: pid() }))).toMatch(
      /^CompositionError: createOde: controller 'pid' needs/,
    );
    expect(await refusal(() => ode.solve(decay, 1, [0, 1], { maxSteps: 1.5 }))).toBe(
      'OptionError: odeint: maxSteps = 1.5; expected a positive integer.',
    );
    expect(await refusal(() => makeOde().solve(decay, 1, [0, 1], { atol: -1 }))).toMatch(
      /^OptionError: pid: atol = -1/,
    );
  });
});
