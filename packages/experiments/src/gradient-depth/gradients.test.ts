/** Gradients by depth and by tolerance, on the reference engine. */
import { reference } from '@node-ode/backend-reference';
import { array, compile, random, valueAndGrad, type Tensor } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { describe, expect, it } from 'vitest';
import { gradientOf, relativeError } from '../gradient-accuracy/measure.ts';
import { problems } from '../gradient-accuracy/problems.ts';
import { deepNetwork, kinds, type Kind } from './networks.ts';

describe('deep networks', () => {
  const normOf = async (kind: Kind, depth: number): Promise<number> => {
    const model = deepNetwork(reference(), kind, { features: 3, width: 4, outputs: 2 }, depth, 'sigmoid');
    type Params = Parameters<typeof model.apply>[0];
    const run = compile(reference(), (params: Params, x: Tensor) =>
      valueAndGrad((p: Params) => model.apply(p, x).square().sum())(params)
        .grad.stem.weight.square()
        .sum()
        .sqrt(),
    );
    const x = array([[1, -1, 0.5]], { dtype: 'f64' });
    return (await (await run(model.init(random(1)), x)).read()).data[0] ?? NaN;
  };

  it('lose the gradient with depth where they are plain, and keep it otherwise', async () => {
    for (const kind of kinds) {
      const ratio = (await normOf(kind, 16)) / (await normOf(kind, 1));
      if (kind === 'plain') expect(ratio).toBeLessThan(1e-6);
      else expect(ratio).toBeGreaterThan(0.1);
    }
  });

  it('of one ODE tend to one gradient', async () => {
    const [coarse, fine, finer] = [
      await normOf('ODE-Net', 8),
      await normOf('ODE-Net', 16),
      await normOf('ODE-Net', 32),
    ];
    // Euler's method is of order one: half the step, half the difference.
    expect(Math.abs(finer - fine) / Math.abs(fine - coarse)).toBeCloseTo(0.5, 1);
  });
});

describe('gradients of solves', () => {
  it.each(['network', 'contracting'])('of the %s are nearer for tighter tolerances', async (name) => {
    const problem = problems(0).find((one) => one.name === name);
    if (problem === undefined) throw new Error(name);
    const of = async (method: typeof backprop | typeof adjoint, tol: number): Promise<readonly number[]> =>
      (await gradientOf(reference(), problem, method, tol))?.gradient ?? [];
    const exact = await of(backprop, 1e-10);
    for (const method of [backprop, adjoint]) {
      const [loose, tight] = [await of(method, 1e-3), await of(method, 1e-7)];
      expect(relativeError(tight, exact)).toBeLessThan(1e-5);
      expect(relativeError(tight, exact)).toBeLessThan(1e-2 * relativeError(loose, exact));
    }
  });
});
