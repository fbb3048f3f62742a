/** The kinds of plugins, and what tells a plugin of each from something else. No `instanceof`: it may have another copy of core. */

const hasMethods = (value: unknown, ...names: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => name in value && typeof Reflect.get(value, name) === 'function');

const has = (value: unknown, name: string, type: string): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === type;

/** What a kind of plugin is. */
export interface Kind {
  /** With its article. */
  readonly what: string;
  /** Whether a value is what a factory of this kind gives. */
  readonly isValue: (value: unknown) => boolean;
}

/** Each kind: the key of a package's `"node-ode"` field. */
export const kinds = {
  solver: {
    what: 'a solver',
    isValue: (value) => hasMethods(value, 'init', 'step', 'interpolate') && has(value, 'order', 'number'),
  },
  controller: {
    what: 'a step controller',
    isValue: (value) => hasMethods(value, 'init') && has(value, 'needsErrorEstimate', 'boolean'),
  },
  gradient: {
    what: 'a gradient method',
    isValue: (value) => hasMethods(value, 'solve') && has(value, 'name', 'string'),
  },
  backend: {
    what: 'an engine',
    isValue: (value) => hasMethods(value, 'compile', 'upload', 'download', 'dispose'),
  },
  model: {
    what: 'a model',
    isValue: (value) => has(value, 'name', 'string') && has(value, 'makes', 'object'),
  },
  dataset: {
    what: 'a data set',
    isValue: (value) => hasMethods(value, 'size', 'batches', 'all'),
  },
  optimizer: {
    what: 'an optimiser',
    isValue: (value) => hasMethods(value, 'init', 'update') && has(value, 'name', 'string'),
  },
  schedule: {
    what: 'a schedule of learning rates',
    isValue: (value) => typeof value === 'function',
  },
} as const satisfies Readonly<Record<string, Kind>>;

/** A kind's name. */
export type PluginKind = keyof typeof kinds;

/** All kinds' names. */
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
