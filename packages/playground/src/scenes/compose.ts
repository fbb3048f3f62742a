/** Solver, gradient method and engine, put together as the settings say. */
import { createOde, type Backend, type GradientMethod, type Ode, type Solver } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { checkpointed } from '@node-ode/gradient-checkpointed';
import { interpolatingAdjoint } from '@node-ode/gradient-interpolating-adjoint';
import { adamsBashforthMoulton } from '@node-ode/solver-adams';
import { bosh3 } from '@node-ode/solver-bosh3';
import { dopri5 } from '@node-ode/solver-dopri5';
import { dopri8 } from '@node-ode/solver-dopri8';
import { euler } from '@node-ode/solver-euler';
import { heun } from '@node-ode/solver-heun';
import { kvaerno3 } from '@node-ode/solver-kvaerno3';
import { kvaerno5 } from '@node-ode/solver-kvaerno5';
import { midpoint } from '@node-ode/solver-midpoint';
import { rk4 } from '@node-ode/solver-rk4';
import { tsit5 } from '@node-ode/solver-tsit5';
import { solverNames, type GradientName, type Settings, type SolverName } from './settings.ts';

/** The solvers that the page offers. */
export const solvers: Readonly<Record<SolverName, () => Solver>> = {
  euler,
  midpoint,
  rk4,
  adams: adamsBashforthMoulton,
  heun,
  bosh3,
  dopri5,
  tsit5,
  dopri8,
  kvaerno3,
  kvaerno5,
};

const gradients: Readonly<Record<GradientName, () => GradientMethod>> = {
  backprop,
  checkpointed,
  adjoint,
  'interpolating-adjoint': interpolatingAdjoint,
};

/** Largest number of steps of a solve: a visitor who asks for too much is told so within a moment. */
const maxSteps = 2000;

/**
 * Puts the parts together.
 *
 * @throws CompositionError if they do not work together.
 */
export function odeOf(backend: Backend, { solver, gradient, tolerance, h }: Settings): Ode {
  const parts = { backend, solver: solvers[solver](), gradient: gradients[gradient](), maxSteps };
  return createOde(solverNames[solver].isAdaptive ? { ...parts, rtol: tolerance, atol: tolerance } : { ...parts, h });
}
