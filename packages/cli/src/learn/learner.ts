/** A model with the data that it learns from: what the training loop needs, whatever the task. */
import type { HostArray, LossContext, Random, Tensor } from '@node-ode/core';
import { UsageError } from '../errors.ts';
import { isSeriesProblem, isTableProblem, type Problem, type TableInfo } from '../data/problem.ts';
import { densityModel, forecastModel, tableModel, type MakeContext } from './models.ts';
import { rowBatches } from './row-batches.ts';
import { windowBatches } from './windows.ts';

/** A model and its batches. A batch is a list of arrays, whose order is the task's. */
export interface Learner {
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): unknown;
  noise(random: Random, samples: number): unknown;
  loss(params: unknown, data: readonly Tensor[], context: LossContext): Tensor;
  /** Batches of an epoch. */
  epoch(random: Random, batchSize: number): Iterable<readonly HostArray[]>;
  /** Samples of an epoch. */
  readonly samples: number;
}

/**
 * A model made for a problem.
 *
 * @throws UsageError if the model is not made for such tasks; what making it throws.
 */
export function learnerOf(problem: Problem, context: MakeContext, window: number | undefined): Learner {
  if (isSeriesProblem(problem)) {
    const model = forecastModel(problem.info, context);
    const windows = windowBatches(problem, {
      window,
      dtype: context.dtype,
      needsWholeStart: model.needsWholeStart === true,
    });
    return {
      init: (random) => model.init(random),
      noise: (random, samples) => model.noise?.(random, samples),
      loss: (params, [t, y, mask], given) => model.loss(params, { t: t!, y: y!, mask: mask! }, given),
      ...windows,
    };
  }
  const { train } = problem.splits;
  if (train === undefined)
    throw new UsageError('data', 'there is no split train', { expected: 'samples to learn from' });
  if (isTableProblem(problem)) return tableLearner(problem.info, train, context);
  const model = densityModel(problem.info, context);
  return {
    init: (random) => model.init(random),
    noise: (random, samples) => model.noise?.(random, samples),
    loss: (params, [x], given) => model.loss(params, { x: x! }, given),
    ...rowBatches([train.x]),
  };
}

function tableLearner(
  info: TableInfo,
  { x, label, y }: { readonly x: HostArray; readonly label?: HostArray; readonly y?: HostArray },
  context: MakeContext,
): Learner {
  const model = tableModel(info, context);
  const target = model.task === 'classification' ? label : y;
  if (target === undefined) throw new UsageError('data', 'there is nothing to learn', { expected: 'a target' });
  return {
    init: (random) => model.init(random),
    noise: (random, samples) => model.noise(random, samples),
    loss: (params, [rows, learned], given) => model.loss(params, rows!, learned!, given),
    ...rowBatches([x, target]),
  };
}
