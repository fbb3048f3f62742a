/** One model on one task from one seed: its errors, beside the best monotone fit, and what the figures need. */
import { array, type Dataset } from '@node-ode/core';
import type { TargetPoints } from '@node-ode/datasets';
import { isotonic, monotone, type MonotoneFit } from '../anode/isotonic.ts';
import { pointModel, type ModelName } from '../anode/point-models.ts';
import { meanSquaredError, odeFor, outputsAt, statesAt, trainPoints, type Curves } from '../anode/train-points.ts';
import type { Lab } from '../lab/index.ts';

/** A task of the line. */
export interface Task {
  readonly name: string;
  readonly title: string;
  /** Of the linear layer; without it the flow's end is the output. */
  readonly outputs?: number;
  make(seed: number, points: number): Dataset<TargetPoints>;
}

/** How models are made and trained. */
export interface TaskOptions {
  readonly epochs: number;
  readonly points: number;
  readonly batchSize: number;
  readonly hidden: number;
  readonly extra: number;
  readonly blocks: number;
  readonly learningRate: number;
  readonly tolerance: number;
}

/** What came of it. */
export interface Run {
  readonly task: string;
  readonly model: ModelName;
  readonly seed: number;
  readonly parameters: number;
  readonly curves: Curves;
  /** Over the points to train on, by solves at `evaluationTolerance`. */
  readonly mse: number;
  /** The same by solves at the tolerance of training. */
  readonly looseMse: number;
  /** Of the best monotone fit to the same points. */
  readonly bound: number;
  readonly fit: Pick<MonotoneFit, 'x' | 'y'>;
  /** Where the figures look. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** States at `times` from the inputs `starts`: [time][start][dimension]. */
  readonly times: readonly number[];
  readonly starts: readonly number[];
  readonly states: readonly (readonly (readonly number[])[])[];
}

/** What trained flows are evaluated at: near to the flow itself, which is what can't cross. f32 allows no less. */
export const evaluationTolerance = 1e-5;

const grid = (from: number, to: number, intervals: number): number[] =>
  Array.from({ length: intervals + 1 }, (_, i) => from + ((to - from) * i) / intervals);

/** Trains a model and evaluates it; what was done is not done again. */
export function trainTask(lab: Lab, task: Task, name: ModelName, seed: number, options: TaskOptions): Promise<Run> {
  const id = `${task.name}/${name}/${seed}`;
  const { tolerance, points, epochs, batchSize, learningRate } = options;
  return lab.once(id, async () => {
    const ode = odeFor(lab, tolerance);
    const tight = odeFor(lab, evaluationTolerance);
    const sizes = { ...options, features: 1, ...(task.outputs !== undefined && { outputs: task.outputs }) };
    const model = pointModel(name, ode, sizes);
    const tightModel = pointModel(name, tight, sizes);
    const dataset = task.make(seed, points);
    const training = { dataset, seed, epochs, batchSize, learningRate, loss: 'mse' } as const;
    const { curves, params } = await trainPoints(lab, id, model, ode, training);
    const data = dataset.all('train');
    // A flow alone keeps the order of points; a linear layer behind it may turn it round.
    const { x, y, mse } = (task.outputs === undefined ? isotonic : monotone)(data.x.data, data.y.data);
    const [inputs, starts] = [grid(-1.6, 1.6, 160), grid(-1.25, 1.25, 10)];
    const column = (values: readonly number[]) => array(values.map((value) => [value]));
    return {
      task: task.name,
      model: name,
      seed,
      parameters: model.parameters,
      curves,
      mse: await meanSquaredError(tight, tightModel, params, data),
      looseMse: await meanSquaredError(ode, model, params, data),
      bound: mse,
      fit: { x: thinned(x), y: thinned(y) },
      inputs,
      outputs: await outputsAt(tight, tightModel, params, column(inputs)),
      times: model.times,
      starts,
      states: await statesAt(tight, tightModel, params, column(starts)),
    };
  });
}

/** At most some 200 of many values, the last among them. */
const thinned = (values: readonly number[]): number[] => {
  const every = Math.max(1, Math.ceil(values.length / 200));
  return values.filter((_, i) => i % every === 0 || i === values.length - 1);
};
