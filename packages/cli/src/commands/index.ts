/** All commands: each registers itself. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { registerBackends } from './backends.ts';
import { registerBench } from './bench.ts';
import { registerEvaluate } from './evaluate.ts';
import { registerExport } from './export.ts';
import { registerForecast } from './forecast.ts';
import { registerPlugins } from './plugins.ts';
import { registerPredict } from './predict.ts';
import { registerSample } from './sample.ts';
import { registerSchema } from './schema.ts';
import { registerSolve } from './solve.ts';
import { registerTrain } from './train.ts';

/** Adds a command to the program. */
export type Register = (program: Command, io: Io) => void;

/** In the order of `--help`. */
export const commands: readonly Register[] = [
  registerTrain,
  registerEvaluate,
  registerPredict,
  registerForecast,
  registerSample,
  registerExport,
  registerSolve,
  registerBench,
  registerBackends,
  registerPlugins,
  registerSchema,
];
