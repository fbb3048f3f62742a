/** What the tests of solves share: plugins put together on the reference engine, in f64. */
import { dopri5 } from '@node-ode/solver-dopri5';
import { createOde, type Ode, type OdeOptions, type Tensor } from '../src/index.ts';
import { backend } from './support.ts';

/** dopri5 at 1e-9 on the reference engine, but for what is given. */
export function makeOde(options: Partial<OdeOptions> = {}): Ode {
  const adaptive = options.controller === undefined && options.h === undefined ? { rtol: 1e-9, atol: 1e-9 } : {};
  return createOde({ backend, solver: dopri5(), dtype: 'f64', ...adaptive, ...options });
}

/** y′ = −y. */
export const decay = (_: Tensor, y: Tensor): Tensor => y.neg();

/** The harmonic oscillator: x′ = v, v′ = −x. */
export const oscillator = (_: Tensor, { x, v }: { readonly x: Tensor; readonly v: Tensor }) => ({ x: v, v: x.neg() });
