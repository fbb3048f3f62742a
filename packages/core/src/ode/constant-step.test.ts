import { describe, expect, it } from 'vitest';
import { evaluate, refusal } from '../../test/support.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { constantStep } from './constant-step.ts';

describe('constantStep', () => {
  it('steps in the direction of the solve, all of one size', async () => {
    const controller = constantStep({ h: 0.25 });
    const sizes = (t1: Tensor) => {
      const zero = constant(0, [], 'f64');
      const problem = { f: () => [], t0: zero, t1, y0: [], dy0: undefined, order: 1, errorOrder: 0 };
      const { h, state, evaluations } = controller.init(problem);
      const step = { h: h.mul(0.1), t: zero, y0: [], y1: [], error: undefined, errorOrder: 0 };
      const next = controller.next(step, state);
      return [h, next.h, next.accept.cast('f64'), constant(Number(evaluations), [], 'f64')];
    };
    expect(await evaluate(sizes, 3)).toEqual([0.25, 0.25, 1, 0]);
    expect(await evaluate(sizes, -3)).toEqual([-0.25, -0.25, 1, 0]);
    expect([controller.needsErrorEstimate, controller.isUniform]).toEqual([false, true]);
  });

  it.each([0, -0.1, NaN, Infinity])('refuses h = %d', async (h) => {
    expect(await refusal(() => constantStep({ h }))).toBe(
      `OptionError: constantStep: h = ${h}; expected a positive, finite step. The direction comes from the times: backwards if they decrease.`,
    );
  });
});
