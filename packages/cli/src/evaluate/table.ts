/** Classifications and regressions, evaluated. */
import type { HostArray } from '@node-ode/core';
import { inMemory } from '@node-ode/datasets';
import { unscaled } from '../data/arrays.ts';
import type { TableProblem, TableSample } from '../data/problem.ts';
import { UsageError } from '../errors.ts';
import { tableModel } from '../learn/models.ts';
import { paramsFor } from '../trained/model-file.ts';
import type { TaskEvaluation } from './evaluate.ts';
import { runnerOf, type Loaded, type Runner } from './loaded.ts';
import { metered, type Cost } from './metered.ts';
import { errorScores, type Scores } from './scores.ts';

/** Rows of a batch. */
export const evaluationBatch = 1000;

/** The split of a problem. */
export function splitNamed<T>(splits: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(splits, name) ? splits[name] : undefined;
  if (found !== undefined) return found;
  throw new UsageError('evaluate', `there is no split “${name}”`, { expected: Object.keys(splits).join(', ') });
}

/** A batch at a time; what is measured leaves compilation out. */
export async function runBatches(
  runner: Runner,
  batches: Iterable<readonly HostArray[]>,
): Promise<Cost & { readonly outputs: readonly (readonly HostArray[])[] }> {
  const meter = metered(runner);
  const outputs: (readonly HostArray[])[] = [];
  for (const batch of batches) outputs.push((await meter.run(batch)).outputs);
  return { outputs, ...meter.cost() };
}

/** Numbers of the k-th output of all batches. */
export const gathered = (outputs: readonly (readonly HostArray[])[], k = 0): readonly number[] =>
  outputs.flatMap((one) => Array.from(one[k]?.data ?? [], Number));

/** Accuracy and cross-entropy, or errors in the target's units. */
export async function evaluateTable(problem: TableProblem, loaded: Loaded, split: string): Promise<TaskEvaluation> {
  const { info } = loaded.stored;
  if (info.task !== 'classification' && info.task !== 'regression') throw new TypeError(info.task);
  const sample = splitNamed(problem.splits, split);
  const model = tableModel(info, loaded);
  const params = paramsFor(model, loaded.stored);
  const runner = runnerOf(loaded.ode, params, (p, [x]) => [model.apply(p, x!)]);
  const batches = inMemory('rows', { rows: [sample.x] }).batches('rows', { batchSize: evaluationBatch });
  try {
    const { outputs, nfe, seconds } = await runBatches(runner, batches);
    const values = gathered(outputs);
    const samples = sample.x.shape[0] ?? 0;
    const scores = info.task === 'classification' ? classScores(values, sample) : numberScores(values, sample, info);
    return { samples, scores, nfe, seconds };
  } finally {
    runner.dispose();
  }
}

function classScores(logits: readonly number[], { label }: TableSample): Scores {
  const labels = Array.from(label?.data ?? [], Number);
  const classes = logits.length / labels.length;
  const rows = labels.map((own, i) => ({ own, row: logits.slice(i * classes, (i + 1) * classes) }));
  const right = rows.filter(({ own, row }) => row.indexOf(Math.max(...row)) === own).length;
  const losses = rows.map(({ own, row }) => {
    const most = Math.max(...row);
    return most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0)) - (row[own] ?? NaN);
  });
  return {
    accuracy: right / labels.length,
    crossEntropy: losses.reduce((sum, value) => sum + value, 0) / labels.length,
  };
}

const numberScores = (values: readonly number[], { y }: TableSample, info: TableProblem['info']): Scores =>
  errorScores(unscaled(values, info.targetScale), unscaled(Array.from(y?.data ?? [], Number), info.targetScale));
