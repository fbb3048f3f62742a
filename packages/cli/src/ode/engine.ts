/** Solver, controller, gradient method and engine of a configuration, put together. */
import { createOde, type Backend, type FloatDType, type Ode, type Solver, type StepController } from '@node-ode/core';
import type { SolveConfig } from '../config/config.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { makePlugin, nameOf } from '../plugins/make.ts';

/** An engine that runs, and what is solved with it. */
export interface Engine {
  readonly ode: Ode;
  readonly dtype: FloatDType;
  /** “dopri5 on wasm, f64, rtol 1e-6, atol 1e-9” */
  readonly description: string;
  dispose(): Promise<void>;
}

/** Largest errors of a step. */
interface Tolerances {
  readonly rtol: number;
  readonly atol: number;
}

/** What a configuration has unless it says something else. */
export interface SolveDefaults {
  readonly solver: string;
  readonly backend: string;
  /** None where nothing is differentiated. */
  readonly gradient?: string;
  readonly maxSteps?: number;
  readonly dtypeOf: (backend: Backend) => FloatDType;
  readonly tolerancesOf: (dtype: FloatDType) => Tolerances;
}

/** Where a model is trained. */
export const trainedDefaults = {
  solver: 'dopri5',
  backend: 'wasm',
  gradient: 'adjoint',
  dtypeOf: () => 'f32',
  tolerancesOf: () => ({ rtol: 1e-3, atol: 1e-6 }),
} as const satisfies SolveDefaults;

/** The best precision that an engine has. */
export const bestDType = ({ capabilities }: Backend): FloatDType =>
  capabilities.dtypes.includes('f64') ? 'f64' : 'f32';

/** Near what the dtype allows, without asking for its last digits. */
export const fineTolerances = (dtype: FloatDType): Tolerances =>
  dtype === 'f64' ? { rtol: 1e-6, atol: 1e-9 } : { rtol: 1e-4, atol: 1e-6 };

/** Where equations are given. */
export const solvedDefaults = {
  solver: 'dopri5',
  backend: 'wasm',
  maxSteps: 100_000,
  dtypeOf: bestDType,
  tolerancesOf: fineTolerances,
} as const satisfies SolveDefaults;

/**
 * Finds the plugins of a configuration and puts them together. Dispose of what comes back.
 *
 * @throws PluginError if one is missing; CompositionError, OptionError and UsageError if they do not work together.
 * @example
 * const engine = await openEngine({ solver: 'tsit5', rtol: 1e-5 }, solvedDefaults, io);
 */
export async function openEngine(config: SolveConfig, defaults: SolveDefaults, io: Io): Promise<Engine> {
  const { value: solver } = await makePlugin('solver', config.solver ?? defaults.solver, io);
  const gradientSpec = config.gradient ?? defaults.gradient;
  const gradient = gradientSpec === undefined ? undefined : (await makePlugin('gradient', gradientSpec, io)).value;
  const controller =
    config.controller === undefined ? undefined : (await makePlugin('controller', config.controller, io)).value;
  requireSteps(config, solver);
  const backendSpec = config.backend ?? defaults.backend;
  const { value: backend } = await makePlugin('backend', backendSpec, io);
  try {
    const dtype = dtypeOf(config, defaults, backend);
    const { options, description: steps } = stepsOf(config, controller, defaults.tolerancesOf(dtype));
    const maxSteps = config.maxSteps ?? defaults.maxSteps;
    const ode = createOde({
      ...{ backend, solver, dtype, ...options },
      ...(gradient === undefined ? {} : { gradient }),
      ...(maxSteps === undefined ? {} : { maxSteps }),
    });
    const how = `${solver.name} on ${nameOf(backendSpec)}, ${dtype}, ${steps}`;
    const description = gradient === undefined ? how : `${how}; gradient ${gradient.name}`;
    return { ode, dtype, description, dispose: () => backend.dispose() };
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}

/** @throws UsageError for a solver that can't choose its steps, and is given none. */
function requireSteps({ stepSize, controller }: SolveConfig, { name, hasErrorEstimate }: Solver): void {
  if (hasErrorEstimate || controller !== undefined || stepSize !== undefined) return;
  throw new UsageError('solver', `${name} has no error estimate to choose its steps by, and no step is given`, {
    expected: '--step-size, such as --step-size 0.01 (stepSize: 0.01)',
    advice: 'Or take an adaptive solver, such as dopri5 or tsit5.',
  });
}

/** @throws UsageError for a dtype that the engine does not have. */
function dtypeOf({ dtype }: SolveConfig, defaults: SolveDefaults, backend: Backend): FloatDType {
  const wanted = dtype ?? defaults.dtypeOf(backend);
  const { dtypes } = backend.capabilities;
  if (dtypes.includes(wanted)) return wanted;
  const floats = dtypes.filter((one) => one.startsWith('f')).join(' or ');
  throw new UsageError('backend', `the engine ${backend.name} has no ${wanted}`, {
    expected: `--dtype ${floats} (dtype: ${floats})`,
  });
}

/** How steps are chosen. */
interface Steps {
  readonly options: { readonly controller: StepController } | { readonly h: number } | Tolerances;
  readonly description: string;
}

function stepsOf(config: SolveConfig, controller: StepController | undefined, defaults: Tolerances): Steps {
  if (controller !== undefined) return { options: { controller }, description: controller.name };
  const { stepSize, rtol = defaults.rtol, atol = defaults.atol } = config;
  if (stepSize !== undefined) return { options: { h: stepSize }, description: `steps of ${stepSize}` };
  return { options: { rtol, atol }, description: `rtol ${inShort(rtol)}, atol ${inShort(atol)}` };
}

/** 1e-6, and 0.01. */
export const inShort = (x: number): string => (x !== 0 && x < 1e-2 ? x.toExponential() : String(x));
