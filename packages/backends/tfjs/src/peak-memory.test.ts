/** What a gradient by the adjoint method holds at most, however many steps its solves take. */
import { array, createOde, valueAndGrad, type Tensor } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { dopri5 } from '@node-ode/solver-dopri5';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { backendNames, engine, tf } from '../test/engines.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(backendNames)('on %s', (name) => {
  it('the adjoint method holds as much over 5000 steps as over 50', async () => {
    const backend = await engine(name);
    const ode = createOde({ backend, solver: dopri5(), gradient: adjoint(), rtol: 1e-3, atol: 1e-3, maxSteps: 1e5 });
    // A rotation never ends: steps grow with the span.
    const gradient = ode.compile((weight: Tensor, y0: Tensor, span: Tensor) =>
      valueAndGrad((w: Tensor) =>
        ode
          .odeint((_t, y) => y.matmul(w), y0, [0, span])
          .ys.at(-1)
          .square()
          .mean(),
      )(weight),
    );
    const [weight, y0] = await Promise.all(
      [
        array([
          [0, 1],
          [-1, 0],
        ]),
        array([[1, 0]]),
      ].map((x) => backend.upload(x)),
    );
    const run = async (span: number): Promise<number> => {
      const { result, stats } = await gradient.run(weight!, y0!, array(span));
      for (const array of [result.value, result.grad]) array.dispose();
      return stats.accepted;
    };
    await run(1);

    const kernels = tf.findBackend(name);
    const dispose = kernels.disposeData.bind(kernels);
    let most = 0;
    vi.spyOn(kernels, 'disposeData').mockImplementation((...given) => {
      most = Math.max(most, kernels.numDataIds());
      return dispose(...given);
    });
    const over = async (span: number): Promise<{ readonly steps: number; readonly most: number }> => {
      most = 0;
      return { steps: await run(span), most };
    };
    const [short, middle, long] = [await over(60), await over(600), await over(6000)];
    expect(short.steps).toBeGreaterThan(40);
    expect(middle.steps).toBeGreaterThan(8 * short.steps);
    expect(long.steps).toBeGreaterThan(8 * middle.steps);
    expect(short.most).toBeGreaterThan(10);
    expect([middle.most, long.most]).toEqual([short.most, short.most]);
    for (const array of [weight!, y0!]) array.dispose();
    gradient.dispose();
    await backend.dispose();
  }, 240_000);
});
