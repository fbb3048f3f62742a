/** The solver of the networks here. */
import { createOde, type Backend, type Ode } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { dopri5 } from '@node-ode/solver-dopri5';

/** As Chen et al. have it: dopri5 with tolerances of 1e-3, gradients by the adjoint. */
export const odeOn = (backend: Backend): Ode =>
  createOde({ backend, solver: dopri5(), gradient: adjoint(), rtol: 1e-3, atol: 1e-3 });
