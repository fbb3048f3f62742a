import { reference } from '@node-ode/backend-reference';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { decay, makeOde } from '../../test/ode.ts';
import { expectClose, f32, f64, refusal } from '../../test/support.ts';
import { toNested } from '../array.ts';
import { SolveError } from '../errors.ts';
import { valueAndGrad } from '../differentiate/vjp.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { createOde } from './create-ode.ts';

describe('createOde', () => {
  it('is f32 with dopri5 at 1e-3 and 1e-6 by default, by backprop', async () => {
    const ode = createOde({ backend: reference(), solver: dopri5() });
    expect([ode.controller.name, ode.gradient.name, ode.solver.name, ode.backend.name]).toEqual([
      'pid',
      'backprop',
      'dopri5',
      'reference',
    ]);
    const { ys } = await ode.solve(decay, 1, [0, 1]);
    expect(ys.dtype).toBe('f32');
    expectClose(toNested(ys), [1, Math.exp(-1)], 1e-3);
  });

  it('solves from host to host: ts, ys and statistics', async () => {
    const { ts, ys, stats } = await makeOde().solve(
      (_, { a }: { a: Tensor }) => ({ a: a.mul(0).add(2) }),
      { a: f64([1, 2]) },
      [0, 1],
    );
    expect(toNested(ts)).toEqual([0, 1]);
    expectClose(
      toNested(ys.a),
      [
        [1, 2],
        [3, 4],
      ],
      1e-14,
    );
    expect(stats.nfe).toBe(2 + 6 * stats.accepted);
    expect(Object.keys(stats.reports).sort()).toEqual(['nfe', 'solve.failure.f64', 'steps.accepted', 'steps.rejected']);
  });

  it('with() checks what is put together', async () => {
    const ode = makeOde({ h: 0.1, controller: undefined as never });
    expect(await refusal(() => ode.with({ rtol: 1e-3 }))).toMatch(
      /^OptionError: createOde: rtol or atol with a controller/,
    );
  });
});

describe('training', () => {
  /** One gradient step of fitting θ so that y(1) = 2 for y′ = θ·y, y(0) = 1. */
  const training = (ode: ReturnType<typeof makeOde>, donate: readonly number[]) =>
    ode.compile(
      (state: { readonly theta: Tensor; readonly moment: Tensor }, y0: Tensor) => {
        const loss = (theta: Tensor): Tensor =>
          ode
            .odeint((_, y: Tensor) => y.mul(theta), y0, [0, 1])
            .ys.at(-1)
            .sub(2)
            .square()
            .sum();
        const { value, grad } = valueAndGrad(loss)(state.theta);
        const moment = state.moment.mul(0.5).add(grad);
        return { state: { theta: state.theta.sub(moment.mul(0.05)), moment }, loss: value };
      },
      { donate },
    );

  it.each([[[]], [[0]]])('parameters stay on the device between calls, donated or not (%o)', async (donate) => {
    const step = training(makeOde(), donate);
    let { state, loss } = await step({ theta: 0, moment: 0 }, 1);
    for (let i = 0; i < 60; i++) ({ state, loss } = await step(state, 1));
    expectClose(toNested(await state.theta.read()), Math.LN2, 1e-6);
    expect(toNested(await loss.read())).toBeLessThan(1e-10);
  });

  it.each([[[]], [[0]]])(
    'a solve that fails leaves parameters and moments as they were (donate %o)',
    async (donate) => {
      const ode = makeOde({ maxSteps: 40 });
      const step = training(ode, donate);
      const { state } = await step({ theta: 0.5, moment: 0 }, 1);
      const before = [toNested(await state.theta.read()), toNested(await state.moment.read())];
      for (const bad of [NaN, Infinity, -Infinity]) {
        const failed: unknown = await step(state, bad).catch((error: unknown) => error);
        expect(failed).toBeInstanceOf(SolveError);
        expect([toNested(await state.theta.read()), toNested(await state.moment.read())]).toEqual(before);
      }
      const next = await step(state, 1);
      expect(toNested(await next.state.theta.read())).not.toBe(before[0]);
      if (donate.length > 0)
        expect(await refusal(() => state.theta.read())).toMatch(/^ExecutionError: read: the array was disposed/);
    },
  );

  it('counts forward and backward evaluations of all solves in it', async () => {
    const step = training(makeOde(), []);
    const { stats } = await step.run({ theta: 0.5, moment: 0 }, 1);
    expect(stats.nfe).toBe(2 + 6 * (stats.accepted + stats.rejected));
    expect(stats.nfeBackward).toBe(6 * stats.accepted);
  });

  it('in f32 as in f64', async () => {
    const ode = createOde({ backend: reference(), solver: dopri5(), rtol: 1e-5, atol: 1e-6 });
    const step = training(ode, []);
    let { state } = await step({ theta: 0, moment: 0 }, f32(1));
    for (let i = 0; i < 60; i++) ({ state } = await step(state, f32(1)));
    expectClose(toNested(await state.theta.read()), Math.LN2, 1e-4);
  });
});
