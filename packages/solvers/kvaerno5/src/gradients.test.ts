// Gradients of stiff solves, against central differences.
import { reference } from '@node-ode/backend-reference';
import { array, createOde, pid, stack, type GradientMethod, type Tensor } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { interpolatingAdjoint } from '@node-ode/gradient-interpolating-adjoint';
import { differencesOf, gradientOf, relativeDistance, type GradientProblem } from '@node-ode/tools/accuracy';
import { expect, it } from 'vitest';
import { kvaerno5 } from './index.ts';

/** Robertson's reaction to `t1`, as a function of the logarithms of its rates and of what there is at first. */
const reaction = (t1: number): GradientProblem => ({
  name: `robertson to ${t1}`,
  inputs: {
    rates: array([0.04, 3e7, 1e4].map(Math.log), { dtype: 'f64' }),
    amount: array(1, { dtype: 'f64' }),
  },
  loss: (ode, { rates, amount }) => {
    const k = (rates as Tensor).exp();
    const f = (_t: Tensor, y: Tensor): Tensor => {
      const [a, b, c] = [y.at(0), y.at(1), y.at(2)];
      const [first, second, third] = [a.mul(k.at(0)), b.square().mul(k.at(1)), b.mul(c).mul(k.at(2))];
      return stack([third.sub(first), first.sub(third).sub(second), second]);
    };
    const y0 = (amount as Tensor).mul(array([1, 0, 0], { dtype: 'f64' }));
    const { ys } = ode.odeint(f, y0, [0, t1]);
    return ys
      .at(1)
      .mul(array([1, 1e4, 0.5], { dtype: 'f64' }))
      .sum();
  },
});

const odeWith = (gradient: GradientMethod) =>
  createOde({
    backend: reference(),
    solver: kvaerno5(),
    controller: pid({ rtol: 1e-9, atol: 1e-13 }),
    gradient,
    dtype: 'f64',
  });

it.each<readonly [number, string, GradientMethod]>([
  // Eigenvalues of −2000: to integrate y backwards over longer times is unstable, for the equation and not for the method.
  [0.01, 'adjoint', adjoint()],
  [0.01, 'backprop', backprop()],
  [40, 'backprop', backprop()],
  [40, 'interpolating adjoint', interpolatingAdjoint()],
])('gradients to t = %d by %s are those of central differences', async (t1, _, method) => {
  const problem = reaction(t1);
  const { gradient, stats } = await gradientOf(odeWith(method), problem);
  // differences of solves with 1e-9 of error, over 1e-3
  expect(relativeDistance(gradient, await differencesOf(odeWith(method), problem))).toBeLessThan(1e-6);
  const { calls } = stats.counters ?? {};
  expect(calls?.['dynamics'] ?? stats.nfe + stats.nfeBackward).toBe(stats.nfe + stats.nfeBackward);
});
