/** How good a model is on data, and what that costs. */
import { FormatError } from '@node-ode/core';
import type { SolveConfig } from '../config/config.ts';
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
  /** The data that the model was trained on by default. */
  readonly problem?: Problem;
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
 * The data that a model was trained on.
 *
 * @throws what loading data throws; FormatError if they are others now.
 */
export async function trainedOn({ config, info, source }: StoredModel, io: Io): Promise<Problem> {
  const problem = await loadProblem({ ...config, task: info.task }, io);
  if (isSame(problem.info, info)) return problem;
  throw new FormatError('evaluate', `the data are not those that ${source} was trained on any more`, {
    expected: 'the same columns, classes and scales',
    advice: 'Give those to evaluate on with --data FILE.',
  });
}

/** Whether columns and classes are the same, and scales up to rounding. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [new Map<string, unknown>(Object.entries(a)), new Map<string, unknown>(Object.entries(b))];
  return [...new Set([...left.keys(), ...right.keys()])].every((key) => isSame(left.get(key), right.get(key)));
}

/**
 * Evaluates a stored model.
 *
 * @throws what `trainedOn` and solving throw; UsageError if there is no such split.
 * @example
 * const { scores, nfe } = await evaluateModel(stored, { solve: { rtol: 1e-2, atol: 1e-2 } }, io);
 */
export async function evaluateModel(
  stored: StoredModel,
  { solve = {}, split = 'test', problem: given }: EvaluateOptions,
  io: Io,
): Promise<Evaluation> {
  const problem = given ?? (await trainedOn(stored, io));
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
