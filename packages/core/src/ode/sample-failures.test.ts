// Samples that fail, that are rejected or that are done, beside others that go on.
import { adjoint } from '@node-ode/gradient-adjoint';
import { euler } from '@node-ode/solver-euler';
import { rk4 } from '@node-ode/solver-rk4';
import { describe, expect, it } from 'vitest';
import { decay, makeOde } from '../../test/ode.ts';
import { evaluate, expectClose, f64, refusal, run } from '../../test/support.ts';
import { SolveError } from '../errors.ts';
import { valueAndGrad } from '../differentiate/vjp.ts';
import type { OdeOptions } from '../runtime/create-ode.ts';
import { select } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { GradientMethod } from './gradient-method.ts';
import { pid } from './pid.ts';
import type { StepController } from './step-controller.ts';
import { statusCode } from './status.ts';

const perSample = makeOde({ perSample: true });

/** y′ = y² ends in a pole at t = 1/y0, y′ = √y is none where y is negative. */
const squares = (_: Tensor, y: Tensor): Tensor => y.square();

async function failure(solve: () => Promise<unknown>): Promise<SolveError> {
  const error: unknown = await solve().catch((e: unknown) => e);
  if (!(error instanceof SolveError)) throw new Error(`no SolveError but ${String(error)}`);
  return error;
}

describe('a sample that fails', () => {
  it('ends the run, by its number', async () => {
    const error = await failure(() => perSample.solve(squares, f64([0.1, 0.2, 2, 0.3]), [0, 1]));
    expect([error.reason, error.sample, error.failedSamples]).toEqual(['stepUnderflow', 2, 1]);
    expect(error.t).toBeCloseTo(0.5, 6);
    expect(error.message).toMatch(/^odeint: sample 2: the step became too small to change the time: /);
  });

  it('is counted with the others that do: the first is named', async () => {
    const error = await failure(() => perSample.solve(squares, f64([0.1, 4, 0.2, 2]), [0, 1]));
    expect([error.reason, error.sample, error.failedSamples]).toEqual(['stepUnderflow', 1, 2]);
    expect(error.t).toBeCloseTo(0.25, 6);
    expect(error.message).toMatch(/^odeint: 2 samples, the first of them 1: the step became too small/);
  });

  it('has the largest number of steps for itself', async () => {
    const ode = makeOde({ perSample: true, solver: euler(), h: 0.1 });
    const spans = [
      [0, 0.5],
      [0, 1],
    ];
    const { outcome } = await ode.solve(decay, f64([1, 2]), spans, { maxSteps: 10 });
    expect(Array.from(outcome?.accepted.data ?? [])).toEqual([5, 10]);
    const error = await failure(() => ode.solve(decay, f64([1, 2]), spans, { maxSteps: 9 }));
    expect([error.reason, error.sample, error.steps]).toEqual(['maxSteps', 1, 9]);
  });

  it('leaves NaN where it did not get, and the others as they are, if it is told so', async () => {
    const y0 = [0.1, 2, -1, 0.3, NaN];
    const ts = [0, 0.25, 0.5 - 1e-3, 1];
    const { ys, outcome } = await perSample.solve(squares, f64(y0), ts, { onFailure: 'nan' });
    const { stepUnderflow, nonFinite } = statusCode;
    expect(Array.from(outcome?.status.data ?? [])).toEqual([0, stepUnderflow, 0, 0, nonFinite]);
    const rows = ts.map((_, j) => Array.from(ys.data.slice(5 * j, 5 * j + 5)));
    const expected = ts.map((t) => y0.map((y, i) => (i === 1 && t === 1 ? NaN : y / (1 - y * t))));
    // Near the pole errors grow.
    expectClose(rows, expected, 1e-5);
    const alone = await makeOde().solve(squares, f64([0.3]), ts);
    expect(rows.map((row) => row[3])).toEqual(Array.from(alone.ys.data));
    expect(outcome?.accepted.data[3]).toBe(alone.stats.accepted);
  });

  it('times of one sample in no order', async () => {
    const times = [
      [0, 1, 2],
      [0, 2, 1],
    ];
    await expect(refusal(() => perSample.solve(decay, f64([1, 2]), times))).resolves.toBe(
      'OptionError: odeint: ts[1][2] = 1 after 2; expected finite times, strictly increasing or strictly decreasing. Sort them and remove repeated ones.',
    );
    const traced = (how: 'throw' | 'nan') =>
      run((y: Tensor, ts: Tensor) => perSample.odeint(decay, y, ts, { onFailure: how }), f64([1, 2]), f64(times));
    const error = await failure(() => traced('throw'));
    expect([error.reason, error.sample]).toEqual(['invalidTimes', 1]);
    const { value } = await traced('nan');
    expect(value.stats.status).toEqual([0, statusCode.invalidTimes]);
    expectClose(
      value.ys,
      [
        [1, 2],
        [Math.exp(-1), NaN],
        [Math.exp(-2), NaN],
      ],
      1e-8,
    );
  });

  it('a solve of one clock leaves NaN, too', async () => {
    const { ys, outcome } = await makeOde().solve(squares, f64([2]), [0, 0.25, 1], { onFailure: 'nan' });
    expect(Array.from(outcome?.status.data ?? [])).toEqual([statusCode.stepUnderflow]);
    expectClose(Array.from(ys.data), [2, 4, NaN], 1e-8);
  });
});

/** The gradient of the sum of the squares of what was reached, for y0 and for a factor that all samples share. */
const gradients = (parts: Partial<OdeOptions>, f: (t: Tensor, y: Tensor, factor: Tensor) => Tensor) => {
  const ode = makeOde(parts);
  return (y0: readonly number[], ts: readonly number[] | readonly (readonly number[])[]) =>
    evaluate(
      (y: Tensor, factor: Tensor, times: Tensor) =>
        valueAndGrad((p: { readonly y: Tensor; readonly factor: Tensor; readonly times: Tensor }) => {
          const { ys } = ode.odeint((t, x: Tensor) => f(t, x, p.factor), p.y, p.times, {
            ...(parts.perSample === true ? { onFailure: 'nan' as const } : {}),
          });
          return select(ys.isFinite(), ys, 0).square().sum();
        })({ y, factor, times }).grad,
      f64(y0),
      f64(1.1),
      f64(ts as number[]),
    );
};

const methods: readonly (readonly [string, Partial<OdeOptions>, number])[] = [
  ['through the steps', {}, 1e-11],
  ['through the steps of a method without an error estimate', { solver: rk4(), h: 0.01 }, 1e-11],
  ['by the adjoint', { gradient: adjoint() }, 1e-6],
];

describe('gradients', () => {
  it.each(methods)('%s see nothing of samples that fail, at once or later', async (_, parts, tolerance) => {
    // y′ = −(√(y − ½) + ½)·…: a sample below ½ fails at once, one that falls below it then.
    const f = (t: Tensor, y: Tensor, factor: Tensor): Tensor =>
      y.sub(0.5).sqrt().add(0.5).mul(factor).mul(t.mul(-0.5).sub(0.5));
    const of = gradients({ ...parts, perSample: true }, f);
    const [good, times] = [
      [2, 3, 1.5],
      [0, 0.3, 0.8],
    ];
    const [all, rest] = [await of([2, 0.1, 3, NaN, 0.7, 1.5], times), await of(good, times)];
    const [y0, expected] = [all.y as number[], rest.y as number[]];
    expectClose([y0[0], y0[2], y0[5]], expected, tolerance);
    // The one that falls below: what it reached counts.
    expect(y0.every(Number.isFinite)).toBe(true);
    const late = await of([0.7], times);
    expectClose(all.factor, Number(rest.factor) + Number(late.factor), tolerance);
  });

  it.each(methods)(
    '%s see nothing of steps that were rejected, or of where a sample is done',
    async (_, parts, tolerance) => {
      // y′ = −4√y meets 0 at t = √y0/2: large steps go beyond. Behind t = 0.42 there is nothing at all.
      const f = (t: Tensor, y: Tensor, factor: Tensor): Tensor =>
        select(t.greater(0.42), NaN, y.sqrt().mul(-4).mul(factor));
      const bold: Partial<OdeOptions> =
        parts.h === undefined ? { ...parts, controller: pid({ rtol: 1e-9, atol: 1e-9, firstStep: 0.4 }) } : parts;
      const spans = [
        [0, 0.42],
        [-0.1, 0.1],
        [0.42, 0.2],
      ];
      const y0 = [1, 4, 0.04];
      const together = await gradients({ ...bold, perSample: true }, f)(y0, spans);
      let factor = 0;
      for (const [i, span] of spans.entries()) {
        const alone = await gradients(bold, f)([y0[i] as number], span);
        expectClose((together.y as number[])[i], alone.y, tolerance);
        expectClose((together.times as number[][])[i], alone.times, tolerance);
        factor += Number(alone.factor);
      }
      expectClose(together.factor, factor, tolerance);
    },
  );
});

describe('refusals', () => {
  const shared: GradientMethod = { name: 'shared', solve: (problem, integrate) => integrate(problem) };
  it.each<readonly [string, Partial<OdeOptions>, string]>([
    ['a gradient method', { gradient: shared }, "gradient method 'shared'"],
    ['a solver', { solver: { ...makeOde().solver, name: 'old', perSample: false } }, "solver 'old'"],
    [
      'a controller',
      { controller: { ...pid(), name: 'mine', perSample: false } as StepController },
      "controller 'mine'",
    ],
  ])('%s that takes all samples at one time', async (_, parts, name) => {
    const message = new RegExp(
      `^CompositionError: createOde: perSample with ${name}, which takes all samples at one time;`,
    );
    expect(await refusal(() => makeOde({ ...parts, perSample: true }))).toMatch(message);
    expect(await refusal(() => makeOde(parts).solve(decay, f64([1]), [0, 1], { perSample: true }))).toMatch(message);
  });

  it.each<readonly [string, () => Promise<unknown>, string]>([
    [
      'a state without samples',
      () => perSample.solve(decay, 1, [0, 1]),
      'ShapeError: odeint: the state is f64[], with perSample; expected a first axis of the samples. With steps for each sample all leaves of the state lead with the samples.',
    ],
    [
      'leaves of several numbers of samples',
      () => perSample.solve((_, y) => y, { a: f64([1, 2]), b: f64([[1], [2], [3]]) }, [0, 1]),
      "ShapeError: odeint: leaf 'b' of the state is f64[3,1], with perSample; expected a first axis of 2 samples. With steps for each sample all leaves of the state lead with the samples.",
    ],
    [
      'times of another number of samples',
      () =>
        perSample.solve(decay, f64([1, 2, 3]), [
          [0, 1],
          [0, 2],
        ]),
      'ShapeError: odeint: ts is f64[2,2]; expected a vector of at least one time, or a row of them for each of 3 samples.',
    ],
    [
      'times for each sample without perSample',
      () =>
        makeOde().solve(decay, f64([1, 2]), [
          [0, 1],
          [0, 2],
        ]),
      'ShapeError: odeint: ts is f64[2,2]; expected a vector of at least one time. Times for each sample are for perSample: true.',
    ],
    [
      'a norm of all samples together',
      () =>
        makeOde({ perSample: true, controller: pid({ norm: ([e]) => (e as Tensor).square().sum() }) }).solve(
          decay,
          f64([1, 2]),
          [0, 1],
        ),
      'ShapeError: pid: the norm is f64[]; expected one norm for each sample, of shape [2]. Reduce every axis of each leaf but the first: rootMeanSquare(leaves, 1).',
    ],
    [
      'tolerances of components that do not lead with the samples',
      () =>
        makeOde({ perSample: true, controller: pid({ atol: f64([1e-3, 1e-4, 1e-5]) }) }).solve(
          decay,
          f64([
            [1, 2, 3],
            [1, 2, 3],
          ]),
          [0, 1],
        ),
      'ShapeError: pid: atol is f64[3] for a leaf f64[2,3]; expected a number, or a shape of which each axis, from the first on, is that of the leaf or 1. With perSample the first axis is that of the samples: tolerances of components begin with an axis of 1.',
    ],
    [
      'another way to fail',
      () => perSample.solve(decay, f64([1]), [0, 1], { onFailure: 'ignore' as 'nan' }),
      "OptionError: odeint: onFailure = ignore; expected 'throw' or 'nan'.",
    ],
  ])('%s', async (_, solve, message) => {
    expect(await refusal(solve)).toBe(message);
  });
});
