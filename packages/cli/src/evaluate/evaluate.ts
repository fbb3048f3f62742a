/** How good a model is on data, and what that costs. */
import type { Config, DataConfig, SolveConfig } from '../config/config.ts';
import { loadProblem } from '../data/load.ts';
import { isSeriesProblem, isTableProblem, type Problem } from '../data/problem.ts';
import type { Io } from '../io.ts';
import type { StoredModel } from '../trained/model-file.ts';
import { evaluateDensity } from './density.ts';
import { evaluateForecast } from './forecast.ts';
import { withModel, type Loaded } from './loaded.ts';
import type { Scores } from './scores.ts';
import { evaluateTable } from './table.ts';

/** What is evaluated on, and how it is solved. */
export interface EvaluateOptions {
  readonly solve?: SolveConfig;
  /** `test` by default. */
  readonly split?: string;
  /** Replaces entries of the configuration's data. */
  readonly data?: DataConfig;
}

/** What came of it. */
export interface Evaluation {
  readonly split: string;
  readonly samples: number;
  readonly scores: Scores;
  /** Function evaluations of a solve: the mean over batches. */
  readonly nfe: number;
  /** Of the solves, compilation not included. */
  readonly seconds: number;
  readonly engine: string;
}

/** What a task's evaluation finds. */
export type TaskEvaluation = Pick<Evaluation, 'samples' | 'scores' | 'nfe' | 'seconds'>;

/**
 * Evaluates a stored model.
 *
 * @throws what loading data and solving throw; UsageError if there is no such split.
 * @example
 * const { scores, nfe } = await evaluateModel(stored, { solve: { rtol: 1e-2, atol: 1e-2 } }, io);
 */
export async function evaluateModel(
  stored: StoredModel,
  { solve = {}, split = 'test', data }: EvaluateOptions,
  io: Io,
): Promise<Evaluation> {
  const config: Config = { ...stored.config, task: stored.info.task, data: data ?? stored.config.data };
  const problem = await loadProblem(config, io);
  return withModel(stored, solve, io, async (loaded) => ({
    split,
    ...(await evaluateProblem(problem, loaded, split)),
    engine: loaded.engine.description,
  }));
}

function evaluateProblem(problem: Problem, loaded: Loaded, split: string): Promise<TaskEvaluation> {
  if (isSeriesProblem(problem)) return evaluateForecast(problem, loaded);
  if (isTableProblem(problem)) return evaluateTable(problem, loaded, split);
  return evaluateDensity(problem, loaded, split);
}
