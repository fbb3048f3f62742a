import { adjoint } from '@node-ode/gradient-adjoint';
import { bosh3 } from '@node-ode/solver-bosh3';
import { euler } from '@node-ode/solver-euler';
import { describe, expect, it } from 'vitest';
import { decay, makeOde } from '../../test/ode.ts';
import { backend, bool, f32, f64, i32, refusal } from '../../test/support.ts';
import { hostArray } from '../array.ts';
import { grad } from '../differentiate/vjp.ts';
import { createOde } from '../runtime/create-ode.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { constantStep } from './constant-step.ts';
import type { Dynamics } from './dynamics.ts';
import type { GradientMethod } from './gradient-method.ts';
import { pid } from './pid.ts';
import type { Solver } from './solver.ts';

describe('options that nobody reads', () => {
  /** As JavaScript may give it. */
  const withExtra = <T extends object>(options: T, extra: object): T => ({ ...options, ...extra });
  const parts = { backend, solver: bosh3() };

  it('are named by createOde and solves', async () => {
    expect(await refusal(() => createOde(withExtra(parts, { gradent: adjoint() })))).toMatch(
      /^OptionError: createOde: there is no option 'gradent'; expected backend, solver, .*\. Did you mean gradient\?$/,
    );
    const decays = (_: Tensor, y: Tensor): Tensor => y.neg();
    const { signal } = new AbortController();
    expect(await refusal(() => createOde(parts).solve(decays, 1, [0, 1], withExtra({}, { signal })))).toMatch(
      /^OptionError: solve: there is no option 'signal'; expected rtol, atol, .*event\.$/,
    );
    const ode = createOde(parts);
    const traced = ode.compile((y: Tensor) => ode.odeint(decays, y, [0, 1], withExtra({}, { rTol: 1 })).ys);
    expect(await refusal(() => traced(1))).toMatch(/odeint: there is no option 'rTol'; .* Did you mean rtol\?$/);
    expect(await refusal(() => ode.compile((y: Tensor) => y, withExtra({}, { donated: [0] })))).toMatch(
      /compile: there is no option 'donated'; expected dtype, cacheSize, donate\. Did you mean donate\?$/,
    );
  });

  it('are named by controllers and gradient methods', async () => {
    expect(await refusal(() => pid(withExtra({}, { rTol: 1e-3 })))).toMatch(/pid: .* Did you mean rtol\?$/);
    expect(await refusal(() => constantStep(withExtra({ h: 1 }, { step: 2 })))).toBe(
      "OptionError: constantStep: there is no option 'step'; expected h.",
    );
    expect(await refusal(() => adjoint(withExtra({}, { semiNorm: true })))).toMatch(
      /adjoint: .* Did you mean seminorm\?$/,
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

  it('gradient methods that solve nothing', async () => {
    const idle: GradientMethod = { name: 'idle', solve: ({ y0 }) => y0 };
    expect(await refusal(() => makeOde({ gradient: idle }).solve(decay, 1, [0, 1]))).toBe(
      "CompositionError: odeint: gradient method 'idle' did not solve the problem; expected a method that calls integrate or record in its forward pass.",
    );
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
    const program = makeOde({ gradient: adjoint({ maxSteps: 0 }) });
    const slope = program.compile((y: Tensor) => grad((x: Tensor) => program.odeint(decay, x, [0, 1]).ys.at(1))(y));
    expect(await refusal(() => slope(1))).toBe('OptionError: odeint: maxSteps = 0; expected a positive integer.');
    expect(await refusal(() => makeOde().solve(decay, 1, [0, 1], { atol: -1 }))).toMatch(
      /^OptionError: pid: atol = -1/,
    );
  });
});
