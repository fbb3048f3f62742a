/** A stored model, made anew with an engine of its own. */
import type { FloatDType, HostArray, ModelPlugin, Ode, Tensor } from '@node-ode/core';
import type { SolveConfig } from '../config/config.ts';
import type { Io } from '../io.ts';
import { leavesOf } from '../learn/step.ts';
import { openEngine, trainedDefaults, type Engine } from '../ode/engine.ts';
import { makePlugin } from '../plugins/make.ts';
import type { StoredModel } from '../trained/model-file.ts';

/** What a model is run with. */
export interface Loaded {
  readonly stored: StoredModel;
  readonly plugin: ModelPlugin;
  readonly engine: Engine;
  readonly ode: Ode;
  readonly dtype: FloatDType;
}

/**
 * Opens the engine of a stored model, with changes such as other tolerances, and disposes of it after `use`.
 *
 * @throws what `openEngine` and `makePlugin` throw.
 */
export async function withModel<T>(
  stored: StoredModel,
  changes: SolveConfig,
  io: Io,
  use: (loaded: Loaded) => Promise<T>,
): Promise<T> {
  const { value: plugin } = await makePlugin('model', stored.config.model, io);
  const engine = await openEngine(changedSolve(stored.config, changes), trainedDefaults, io);
  try {
    return await use({ stored, plugin, engine, ode: engine.ode, dtype: engine.dtype });
  } finally {
    await engine.dispose();
  }
}

/** How the model was trained to solve, but for changes: steps of one size and tolerances replace each other. */
export function changedSolve(config: SolveConfig, changes: SolveConfig): SolveConfig {
  const { rtol, atol, stepSize, controller, ...rest } = config;
  const replaces = changes.stepSize !== undefined || changes.controller !== undefined;
  const tolerances = {
    ...(rtol === undefined ? {} : { rtol }),
    ...(atol === undefined ? {} : { atol }),
  };
  const fixed = {
    ...(stepSize === undefined ? {} : { stepSize }),
    ...(controller === undefined ? {} : { controller }),
  };
  const isAdaptive = changes.rtol !== undefined || changes.atol !== undefined;
  return { ...rest, ...(replaces ? {} : tolerances), ...(replaces || isAdaptive ? {} : fixed), ...changes };
}

/** What a run gives and costs. */
export interface Ran {
  readonly outputs: readonly HostArray[];
  readonly nfe: number;
}

/** A compiled function of trained parameters. */
export interface Runner {
  run(inputs: readonly HostArray[]): Promise<Ran>;
  dispose(): void;
}

/**
 * Compiles a function of a model's parameters.
 *
 * @example
 * const runner = runnerOf(ode, params, (p, [x]) => [model.apply(p, x)]);
 */
export function runnerOf(
  ode: Pick<Ode, 'compile'>,
  params: unknown,
  fn: (params: unknown, inputs: readonly Tensor[]) => readonly Tensor[],
): Runner {
  const { leaves, structure } = leavesOf('model', params);
  const compiled = ode.compile((traced: readonly Tensor[], inputs: readonly Tensor[]) =>
    fn(structure.rebuild(traced), inputs),
  );
  return {
    run: async (inputs) => {
      const { result, stats } = await compiled.run(leaves, inputs);
      const outputs = await Promise.all(result.map((one) => one.read()));
      result.forEach((one) => one.dispose());
      return { outputs, nfe: stats.nfe };
    },
    dispose: () => compiled.dispose(),
  };
}
