/** The kinds of plugins, and what tells a plugin of each from something else. No `instanceof`: it may have another copy of core. */
import type { Backend, Dataset, GradientMethod, ModelPlugin, Solver, StepController } from '@node-ode/core';
import type { Optimizer, Schedule } from '@node-ode/nn';

const hasMethods = (value: unknown, ...names: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => name in value && typeof Reflect.get(value, name) === 'function');

const has = (value: unknown, name: string, type: string): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === type;

/** What a factory of each kind gives. */
export interface PluginValues {
  readonly solver: Solver;
  readonly controller: StepController;
  readonly gradient: GradientMethod;
  readonly backend: Backend;
  readonly model: ModelPlugin;
  readonly dataset: Dataset<unknown>;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
}

/** A kind's name: the key of a package's `"node-ode"` field. */
export type PluginKind = keyof PluginValues;

/** What a kind of plugin is. */
export interface Kind<T> {
  /** With its article. */
  readonly what: string;
  /** Whether a value is what a factory of this kind gives. */
  readonly isValue: (value: unknown) => value is T;
}

/** All kinds. */
export const kinds: { readonly [K in PluginKind]: Kind<PluginValues[K]> } = {
  solver: {
    what: 'a solver',
    isValue: (value): value is Solver =>
      hasMethods(value, 'init', 'step', 'interpolate') && has(value, 'order', 'number'),
  },
  controller: {
    what: 'a step controller',
    isValue: (value): value is StepController =>
      hasMethods(value, 'init') && has(value, 'needsErrorEstimate', 'boolean'),
  },
  gradient: {
    what: 'a gradient method',
    isValue: (value): value is GradientMethod => hasMethods(value, 'solve') && has(value, 'name', 'string'),
  },
  backend: {
    what: 'an engine',
    isValue: (value): value is Backend => hasMethods(value, 'compile', 'upload', 'download', 'dispose'),
  },
  model: {
    what: 'a model',
    isValue: (value): value is ModelPlugin => has(value, 'name', 'string') && has(value, 'makes', 'object'),
  },
  dataset: {
    what: 'a data set',
    isValue: (value): value is Dataset<unknown> => hasMethods(value, 'size', 'batches', 'all'),
  },
  optimizer: {
    what: 'an optimiser',
    isValue: (value): value is Optimizer => hasMethods(value, 'init', 'update') && has(value, 'name', 'string'),
  },
  schedule: {
    what: 'a schedule of learning rates',
    isValue: (value): value is Schedule => typeof value === 'function',
  },
};

/** Their names. */
export const pluginKinds: readonly PluginKind[] = [
  'solver',
  'controller',
  'gradient',
  'backend',
  'model',
  'dataset',
  'optimizer',
  'schedule',
];
