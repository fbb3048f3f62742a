import { adjoint } from '@node-ode/gradient-adjoint';
import { rk4 } from '@node-ode/solver-rk4';
import { describe, expect, it } from 'vitest';
import { makeOde } from '../../test/ode.ts';
import { uniform } from '../../test/support.ts';
import { valueAndGrad } from '../differentiate/vjp.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A training step of y′ = tanh(y·W): the gradient and the updated parameters, with what it cost. */
async function trainingStep(gradient: 'adjoint' | 'backprop', steps: number, perSample = false, outputs = 3) {
  const times = Array.from({ length: outputs }, (_, i) => i / (outputs - 1));
  const ode = makeOde({
    solver: rk4(),
    h: 1 / steps,
    perSample,
    ...(gradient === 'adjoint' ? { gradient: adjoint() } : {}),
  });
  const step = ode.compile((w: Tensor, y0: Tensor) => {
    const loss = (p: Tensor): Tensor =>
      ode
        .odeint((_, y: Tensor) => y.matmul(p).tanh(), y0, times)
        .ys.square()
        .mean();
    const { value, grad } = valueAndGrad(loss)(w);
    return { value, w: w.sub(grad.mul(0.1)) };
  });
  const { stats } = await step.run(uniform(1, [6, 6]), uniform(2, [8, 6]));
  step.dispose();
  return { ...stats, peak: stats.counters?.peakBytes ?? NaN, entries: stats.counters?.tapeEntries ?? NaN };
}

describe('the memory of a training step', () => {
  it('by backprop grows linearly: one tape entry for each accepted step', async () => {
    const [a, b, c] = [
      await trainingStep('backprop', 50),
      await trainingStep('backprop', 100),
      await trainingStep('backprop', 200),
    ];
    expect([a.accepted, b.accepted, c.accepted]).toEqual([50, 100, 200]);
    for (const { entries, accepted } of [a, b, c]) expect(entries).toBeLessThanOrEqual(accepted + 1);
    const [first, second] = [(b.peak - a.peak) / 50, (c.peak - b.peak) / 100];
    expect(first).toBe(second);
    // Each entry holds at least the state, and not much more.
    const state = 8 * 6 * 8;
    expect(second).toBeGreaterThanOrEqual(state);
    expect(second).toBeLessThan(2 * state);
  });

  it('with steps for each sample is that of the states: outputs are on no tape', async () => {
    const [a, b, c] = [
      await trainingStep('backprop', 50, true),
      await trainingStep('backprop', 100, true),
      await trainingStep('backprop', 100, true, 21),
    ];
    // All samples take the same steps here: one entry for each, of 8 samples.
    expect([a.accepted, b.accepted, a.entries, b.entries, c.entries]).toEqual([8 * 50, 8 * 100, 50, 100, 100]);
    const state = 8 * 6 * 8;
    expect((b.peak - a.peak) / 50).toBeGreaterThanOrEqual(state);
    expect((b.peak - a.peak) / 50).toBeLessThan(2.5 * state);
    // 18 rows more of each of a few buffers: the outputs, their squares and cotangents.
    expect(c.peak - b.peak).toBeLessThan(10 * 18 * state);
    const [few, many] = [await trainingStep('adjoint', 50, true), await trainingStep('adjoint', 500, true)];
    expect(Math.abs(many.peak - few.peak)).toBeLessThanOrEqual(0.01 * few.peak);
  });

  it('by the adjoint differs by at most 1 % between 50 and 5,000 steps', async () => {
    const [few, many] = [await trainingStep('adjoint', 50), await trainingStep('adjoint', 5000)];
    expect([few.accepted, many.accepted]).toEqual([50, 5000]);
    expect(Math.abs(many.peak - few.peak)).toBeLessThanOrEqual(0.01 * few.peak);
    expect(many.entries).toBe(0);
    expect(many.nfeBackward).toBeGreaterThan(4 * 5000 - 1);
  });
});
