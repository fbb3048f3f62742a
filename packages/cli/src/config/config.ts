/** A training run as a file or flags say it; `schema.json` describes the same for editors. */
import type { Task } from '@node-ode/core';
import type { PluginSpec } from '../plugins/make.ts';

/** Where samples come from. */
export interface DataConfig {
  readonly file?: string;
  readonly set?: PluginSpec;
  readonly target?: string;
  readonly features?: readonly string[];
  readonly exclude?: readonly string[];
  readonly time?: string;
  readonly series?: string;
  readonly values?: readonly string[];
  readonly window?: number;
  readonly transform?: 'none' | 'log';
  readonly missing?: 'refuse' | 'drop' | 'mean';
  readonly missingValues?: readonly string[];
  readonly standardize?: boolean;
  readonly test?: number;
  readonly delimiter?: string;
}

/** What a solve is made of: a part of a configuration that an evaluation can change. */
export interface SolveConfig {
  readonly solver?: PluginSpec;
  readonly gradient?: PluginSpec;
  readonly controller?: PluginSpec;
  readonly backend?: PluginSpec;
  readonly rtol?: number;
  readonly atol?: number;
  readonly stepSize?: number;
  readonly maxSteps?: number;
  readonly dtype?: 'f32' | 'f64';
}

/** When checkpoints are written. */
export interface CheckpointConfig {
  readonly everySteps?: number;
  readonly everySeconds?: number;
  readonly keep?: number;
}

/** A configuration. */
export interface Config extends SolveConfig {
  readonly $schema?: string;
  readonly task?: Task;
  readonly data: DataConfig;
  readonly model: PluginSpec;
  readonly optimizer?: PluginSpec;
  readonly learningRate?: number;
  readonly schedule?: PluginSpec;
  readonly clip?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly checkpoint?: CheckpointConfig;
}
