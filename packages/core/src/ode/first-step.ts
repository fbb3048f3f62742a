/** The size of the first step, from the size of the solution and of its first two derivatives. */
import { linearCombination, select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { leafNorm, type LeafTolerance, type Norm } from './norm.ts';
import type { Leaves } from './solver.ts';
import type { ControllerProblem } from './step-controller.ts';

/** Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I, "Starting Step Size", II.4. */
export function firstStep(
  { f, t0, t1, y0, dy0, errorOrder }: ControllerProblem,
  tolerances: readonly (LeafTolerance | null)[],
  norm: Norm | undefined,
): { readonly h: Tensor; readonly evaluations: number } {
  const scaled = (x: Leaves): Tensor => leafNorm(x, y0, y0, tolerances, norm, t0.shape);
  const f0 = dy0 ?? f(t0, y0);
  const span = t1.sub(t0);
  const direction = span.sign();
  const [d0, d1] = [scaled(y0), scaled(f0)];
  // The first guess changes y by 1 % of its size.
  const flat = d0.less(1e-5).or(d1.less(1e-5));
  const h0 = select(flat, 1e-6, d0.div(select(flat, 1, d1)).mul(0.01)).minimum(span.abs());
  const step = h0.mul(direction);
  const y1 = y0.map((y, i) => linearCombination([1, step], [y, f0[i] as Tensor]));
  const f1 = f(t0.add(step), y1);
  const d2 = scaled(f1.map((slope, i) => slope.sub(f0[i] as Tensor))).div(h0);
  const steepest = d1.maximum(d2);
  const tiny = steepest.lessEqual(1e-15);
  const h1 = select(
    tiny,
    h0.mul(1e-3).maximum(1e-6),
    constant(0.01, [], t0.dtype)
      .div(select(tiny, 1, steepest))
      .pow(1 / (errorOrder + 1)),
  );
  const h = h0.mul(100).minimum(h1).minimum(span.abs());
  // Derivatives that are not finite give no size: the solve starts small, and reports them when it meets them.
  const safe = select(h.isFinite().and(h.greater(0)), h, 1e-6);
  return { h: safe.mul(direction), evaluations: dy0 === undefined ? 2 : 1 };
}
