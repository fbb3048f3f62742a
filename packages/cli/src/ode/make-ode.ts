/** Solver, controller and engine put together, where no model is trained. */
import { createOde, type Backend, type DType, type Ode, type Solver, type StepController } from '@node-ode/core';
import type { SolveConfig } from '../config/config.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { makePlugin, type PluginSpec } from '../plugins/make.ts';

/** An engine, and what is solved with it. */
export interface MadeOde {
  readonly ode: Ode;
  readonly backend: Backend;
  readonly dtype: 'f32' | 'f64';
  /** “dopri5 on wasm, f64, rtol 1e-6, atol 1e-9” */
  readonly description: string;
}

/** Tolerances where none are given: near what the dtype allows without asking for its last digits. */
export const defaultTolerances = (dtype: DType): { readonly rtol: number; readonly atol: number } =>
  dtype === 'f64' ? { rtol: 1e-6, atol: 1e-9 } : { rtol: 1e-4, atol: 1e-6 };

/** The best precision that an engine has. */
export const bestDType = ({ capabilities }: Backend): 'f32' | 'f64' =>
  capabilities.dtypes.includes('f64') ? 'f64' : 'f32';

/**
 * What a configuration says, put together. The engine is the caller's to dispose of.
 *
 * @throws PluginError for what is not installed; CompositionError, OptionError and UsageError for what does not go together.
 */
export async function makeOde(config: SolveConfig, io: Io): Promise<MadeOde> {
  const solver: Solver = (await makePlugin('solver', config.solver ?? 'dopri5', io)).value;
  const controller = config.controller === undefined ? undefined : await controllerOf(config.controller, io);
  const backend: Backend = (await makePlugin('backend', config.backend ?? 'wasm', io)).value;
  try {
    const dtype = config.dtype ?? bestDType(backend);
    if (!backend.capabilities.dtypes.includes(dtype)) {
      throw new UsageError('--backend', `the engine ${backend.name} has no ${dtype}`, { expected: '--dtype f32' });
    }
    const steps = stepsOf(config, solver, dtype);
    const made = createOde({
      ...{ backend, solver, dtype, maxSteps: config.maxSteps ?? 100_000 },
      ...(controller === undefined ? steps.options : { controller }),
    });
    const how = controller?.name ?? steps.description;
    return { ode: made, backend, dtype, description: `${solver.name} on ${backend.name}, ${dtype}, ${how}` };
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}

const controllerOf = async (spec: PluginSpec, io: Io): Promise<StepController> =>
  (await makePlugin('controller', spec, io)).value;

/** How steps are chosen where no controller is named. */
interface Steps {
  readonly options: { readonly h: number } | { readonly rtol: number; readonly atol: number };
  readonly description: string;
}

function stepsOf({ stepSize, rtol, atol, controller }: SolveConfig, solver: Solver, dtype: DType): Steps {
  if (stepSize !== undefined) return { options: { h: stepSize }, description: `steps of ${stepSize}` };
  if (!solver.hasErrorEstimate && controller === undefined) {
    throw new UsageError(
      '--solver',
      `${solver.name} has no error estimate to choose its steps by, and no step is given`,
      {
        expected: '--step-size, such as --step-size 0.01, or a solver such as dopri5',
      },
    );
  }
  const defaults = defaultTolerances(dtype);
  const options = { rtol: rtol ?? defaults.rtol, atol: atol ?? defaults.atol };
  return { options, description: `rtol ${inShort(options.rtol)}, atol ${inShort(options.atol)}` };
}

/** 1e-6, and 0.01. */
export const inShort = (x: number): string => (x !== 0 && x < 1e-2 ? x.toExponential() : String(x));
