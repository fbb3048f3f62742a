/** What experiments are made with. */
export {
  flag,
  integer,
  listOf,
  oneOf,
  partsOf,
  real,
  type Option,
  type Options,
  type OptionsOf,
} from './command-options.ts';
export type { EngineName } from './engines.ts';
export { defineExperiment, type Experiment, type ExperimentDefinition } from './experiment.ts';
export { ifThere } from './if-there.ts';
export type { Lab, LabFitOptions } from './lab.ts';
export { measured, peakMemoryMiB, type Cost } from './measure.ts';
export { parameterList, type ParameterList } from './parameter-list.ts';
export { spread, type Cell, type Column, type NamedFigure, type Results, type Spread, type Table } from './results.ts';
