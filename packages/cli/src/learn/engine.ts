/** Solver, controller, gradient method and engine of a configuration, put together. */
import { createOde, type FloatDType, type Ode } from '@node-ode/core';
import type { SolveConfig } from '../config/config.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { makePlugin, nameOf } from '../plugins/make.ts';

/** What a configuration has unless it says something else. */
export const solveDefaults = {
  solver: 'dopri5',
  gradient: 'adjoint',
  backend: 'wasm',
  rtol: 1e-3,
  atol: 1e-6,
} as const;

/** An engine that runs, and what is solved with it. */
export interface Engine {
  readonly ode: Ode;
  readonly dtype: FloatDType;
  /** Solver, tolerances, gradient method and engine, in one line. */
  readonly description: string;
  dispose(): Promise<void>;
}

/**
 * Finds the plugins of a configuration and puts them together. Dispose of what comes back.
 *
 * @throws PluginError if one is missing; UsageError or CompositionError if they do not work together.
 * @example
 * const engine = await openEngine({ solver: 'tsit5', rtol: 1e-5 }, io);
 */
export async function openEngine(config: SolveConfig, io: Io): Promise<Engine> {
  const { dtype = 'f32', stepSize, maxSteps } = config;
  const { value: solver } = await makePlugin('solver', config.solver ?? solveDefaults.solver, io);
  const { value: gradient } = await makePlugin('gradient', config.gradient ?? solveDefaults.gradient, io);
  const controller =
    config.controller === undefined ? undefined : (await makePlugin('controller', config.controller, io)).value;
  if (!solver.hasErrorEstimate && controller === undefined && stepSize === undefined) {
    throw new UsageError(
      'solver',
      `the solver ${solver.name} has no error estimate, so that it has no steps of its own`,
      {
        expected: 'stepSize: 0.1 or the like (--step-size 0.1)',
        advice: 'Or take an adaptive solver, such as dopri5 or tsit5.',
      },
    );
  }
  const isAdaptive = controller === undefined && stepSize === undefined;
  const { rtol = solveDefaults.rtol, atol = solveDefaults.atol } = config;
  const backendSpec = config.backend ?? solveDefaults.backend;
  const { value: backend } = await makePlugin('backend', backendSpec, io);
  try {
    if (!backend.capabilities.dtypes.includes(dtype)) {
      throw new UsageError('backend', `the engine ${backend.name} has no ${dtype}`, {
        expected: `dtype: ${backend.capabilities.dtypes.filter((one) => one.startsWith('f')).join(' or ')}`,
      });
    }
    const ode = createOde({
      backend,
      solver,
      gradient,
      dtype,
      ...(controller === undefined ? {} : { controller }),
      ...(stepSize === undefined ? {} : { h: stepSize }),
      ...(isAdaptive ? { rtol, atol } : {}),
      ...(maxSteps === undefined ? {} : { maxSteps }),
    });
    const steps = isAdaptive ? `rtol ${rtol}, atol ${atol}` : (controller?.name ?? `steps of ${stepSize ?? ''}`);
    const description = `${solver.name}, ${steps}; gradient ${gradient.name}; engine ${nameOf(backendSpec)}, ${dtype}`;
    return { ode, dtype, description, dispose: () => backend.dispose() };
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}
