import { reference } from '@node-ode/backend-reference';
import { array, compile, constantStep, createOde, matmul, random, type Tensor } from '@node-ode/core';
import { testSolver } from '@node-ode/testkit';
import { sine } from '@node-ode/testkit/problems';
import { convergence, measure } from '@node-ode/tools/accuracy';
import { attainedOrders } from '@node-ode/tools/order-conditions';
import { describe, expect, it } from 'vitest';
import { euler } from './index.ts';

testSolver(() => euler(), { denseOrder: 1 });

describe('euler', () => {
  it('satisfies the conditions of order 1 and no more', async () => {
    expect(await attainedOrders(euler())).toEqual({ solution: 1, dense: 1, embedded: undefined });
  });

  it('converges with order 1', async () => {
    const { slope } = await convergence(euler(), [256, 512, 1024, 2048]);
    expect(Math.abs(slope - 1)).toBeLessThan(0.3);
  });

  it('makes one evaluation a step', async () => {
    const { nfe, executed, accepted } = await measure(sine('f64'), euler(), constantStep({ h: 0.07 }));
    expect(accepted).toBe(100);
    expect([nfe, executed]).toEqual([100, 100]);
  });

  it("gives 1, 1, 0.98 on y' = −2ty, y(0) = 1 with h = 0.1", async () => {
    const ode = createOde({ backend: reference(), solver: euler(), h: 0.1, dtype: 'f64' });
    const { ys } = await ode.solve((t, y: Tensor) => t.mul(-2).mul(y), 1, [0, 0.1, 0.2]);
    expect(ys.data[0]).toBe(1);
    expect(ys.data[1]).toBe(1);
    expect(ys.data[2]).toBeCloseTo(0.98, 15);
  });

  it.each(['f32', 'f64'] as const)('is a residual block with h = 1 in %s, bit for bit', async (dtype) => {
    const rng = random(3);
    const normal = (...shape: number[]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return array(
        Float64Array.from({ length: size }, () => rng.normal()),
        { shape, dtype },
      );
    };
    const [w, b, x] = [normal(8, 8), normal(8), normal(5, 8)];
    const layer = (y: Tensor): Tensor => matmul(y, w).add(b).tanh();
    const ode = createOde({ backend: reference(), solver: euler(), h: 1, dtype });
    const { ys } = await ode.solve((_t, y: Tensor) => layer(y), x, [0, 1]);
    const block = compile(reference(), (y: Tensor) => y.add(layer(y)), { dtype });
    const expected = await (await block(x)).read();
    expect(Array.from(ys.data.slice(40))).toEqual(Array.from(expected.data));
  });
});
