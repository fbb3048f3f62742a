/** Models made for what is known of their data. */
import type {
  DensityModel,
  FloatDType,
  ModelPlugin,
  Ode,
  LossContext,
  NumberBatch,
  Random,
  SeriesModel,
  TableModel,
  ClassBatch,
  Tensor,
} from '@node-ode/core';
import type { DensityInfo, ProblemInfo, SeriesInfo, TableInfo } from '../data/problem.ts';
import { UsageError } from '../errors.ts';

/** Where a model is made. */
export interface MakeContext {
  readonly plugin: ModelPlugin;
  readonly ode: Pick<Ode, 'odeint'>;
  readonly dtype: FloatDType;
}

/** A model of tables, whichever its task. */
export interface MadeTableModel {
  readonly task: TableInfo['task'];
  init(random: Random): unknown;
  noise(random: Random, samples: number): unknown;
  loss(params: unknown, x: Tensor, target: Tensor, context: LossContext): Tensor;
  /** Logits, or numbers. */
  apply(params: unknown, x: Tensor): Tensor;
}

/** @throws UsageError if the plugin is not made for the task. */
export function tableModel(info: TableInfo, { plugin, ode, dtype }: MakeContext): MadeTableModel {
  requireTask(plugin, info.task);
  const setup = { ode, dtype, features: info.features.length };
  const common = (model: TableModel<ClassBatch> | TableModel<NumberBatch>): Omit<MadeTableModel, 'loss'> => ({
    task: info.task,
    init: (random) => model.init(random),
    noise: (random, samples) => model.noise?.(random, samples),
    apply: (params, x) => model.apply(params, x),
  });
  if (info.task === 'classification') {
    const model = plugin.makes.classification!({ ...setup, outputs: info.classes.length });
    return { ...common(model), loss: (params, x, label, context) => model.loss(params, { x, label }, context) };
  }
  const model = plugin.makes.regression!({ ...setup, outputs: info.targets.length });
  return { ...common(model), loss: (params, x, y, context) => model.loss(params, { x, y }, context) };
}

/** @throws UsageError if the plugin is not made for forecasts. */
export function forecastModel(info: SeriesInfo, { plugin, ode, dtype }: MakeContext): SeriesModel {
  requireTask(plugin, 'forecast');
  return plugin.makes.forecast!({ ode, dtype, dimensions: info.values.length });
}

/** @throws UsageError if the plugin is not made for densities. */
export function densityModel(info: DensityInfo, { plugin, ode, dtype }: MakeContext): DensityModel {
  requireTask(plugin, 'density');
  return plugin.makes.density!({ ode, dtype, dimension: info.features.length });
}

/** Whether a model does a task, or an error that says what it does. */
function requireTask({ makes, name }: ModelPlugin, task: ProblemInfo['task']): void {
  if (makes[task] !== undefined) return;
  throw new UsageError('model', `the model ${name} is not made for ${task}`, {
    expected: `a task of ${Object.keys(makes).join(', ') || 'which it has none'}`,
    advice: 'Take another model, or another task.',
  });
}
