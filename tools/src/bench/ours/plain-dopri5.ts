/** A step of dopri5 as one would write it by hand, one operation on tensors after the other: what fewer, larger nodes save. */
import type { Tensor } from '@node-ode/core';
import type { StepForm } from './steps.ts';

/** Stage coefficients; the last row is that of the solution. */
const a = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];

/** Weights of the error: those of the solution of order 5 less those of the one of order 4. */
const e = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];

/** h·Σ cᵢ·kᵢ, leaving out what is zero. */
const increment = (coefficients: readonly number[], k: readonly Tensor[], h: Tensor): Tensor =>
  coefficients
    .flatMap((c, i) => (c === 0 ? [] : [(k[i] as Tensor).mul(c)]))
    .reduce((sum, term) => sum.add(term))
    .mul(h);

export const plainDopri5: StepForm = (f, h, { t, y, k: k0 }, { rtol, atol }) => {
  const k = [k0];
  let y1 = y;
  for (const row of a) {
    y1 = y.add(increment(row, k, h));
    k.push(f(t, y1));
  }
  const scale = y.abs().maximum(y1.abs()).mul(rtol).add(atol);
  return { y: y1, k: k.at(-1) as Tensor, norm: increment(e, k, h).div(scale).square().mean().sqrt() };
};
