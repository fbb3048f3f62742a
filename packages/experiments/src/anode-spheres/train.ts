/** One training: a model on a data set from a seed, its curves, and what the figures need of it. */
import { array, type Ode } from '@node-ode/core';
import { pointModel, type ModelName, type PointModel } from '../anode/point-models.ts';
import { odeFor, outputsAt, statesAt, trainPoints, type Curves, type PointTraining } from '../anode/train-points.ts';
import type { Lab } from '../lab/index.ts';
import { makeData, type DataName } from './data.ts';

/** How models are made and trained. */
export interface SphereOptions {
  readonly epochs: number;
  readonly points: number;
  readonly batchSize: number;
  readonly hidden: number;
  readonly blocks: number;
  readonly learningRate: number;
  readonly tolerance: number;
}

/** What is trained. */
export interface Subject {
  readonly data: DataName;
  readonly dimensions: number;
  readonly model: ModelName;
  readonly extra: number;
  readonly seed: number;
}

/** What came of it. */
export interface Run extends Subject {
  readonly parameters: number;
  readonly curves: Curves;
}

/** States of points on their way, for the pictures. */
export interface Evolution {
  /** Of each point, −1 or 1. */
  readonly classes: readonly number[];
  readonly times: readonly number[];
  /** [time][point][dimension] */
  readonly states: readonly (readonly (readonly number[])[])[];
}

/** A run with pictures of it: the evolution of points, and outputs over a square where the data has two dimensions. */
export interface PicturedRun extends Run {
  readonly evolution: Evolution;
  /** Row by row from the lower left corner; empty unless there are two dimensions. */
  readonly map: readonly number[];
}

/** The square of the maps, and points along its side. */
export const mapSide = { from: -2, to: 2, points: 61 } as const;

const trainingOf = (
  { data, dimensions, seed }: Subject,
  { points, epochs, batchSize, learningRate }: SphereOptions,
): PointTraining => ({
  dataset: makeData(data, dimensions, seed, points),
  seed,
  epochs,
  batchSize,
  learningRate,
  loss: 'smooth-l1',
});

const modelOf = ({ model, dimensions, extra }: Subject, ode: Ode, options: SphereOptions): PointModel =>
  pointModel(model, ode, { ...options, extra, features: dimensions, outputs: 1 });

const idOf = (group: string, { data, dimensions, model, extra, seed }: Subject): string =>
  `${group}/${data}-${dimensions}/${model}${model === 'ANODE' ? extra : ''}/${seed}`;

/** Trains; what was done is not done again. */
export const trainRun = (lab: Lab, group: string, subject: Subject, options: SphereOptions): Promise<Run> =>
  lab.once(idOf(group, subject), async () => {
    const ode = odeFor(lab, options.tolerance);
    const model = modelOf(subject, ode, options);
    const { curves } = await trainPoints(lab, idOf(group, subject), model, ode, trainingOf(subject, options));
    return { ...subject, parameters: model.parameters, curves };
  });

/** Trains, with a validation loss after each epoch, and takes the pictures. */
export const trainPictured = (
  lab: Lab,
  group: string,
  subject: Subject,
  options: SphereOptions,
): Promise<PicturedRun> =>
  lab.once(idOf(group, subject), async () => {
    const ode = odeFor(lab, options.tolerance);
    const model = modelOf(subject, ode, options);
    const training = { ...trainingOf(subject, options), validate: true };
    const { curves, params } = await trainPoints(lab, idOf(group, subject), model, ode, training);
    const { x, y } = training.dataset.all('test');
    const count = 150;
    const seen = array(x.data.slice(0, count * subject.dimensions), { shape: [count, subject.dimensions] });
    return {
      ...subject,
      parameters: model.parameters,
      curves,
      evolution: {
        classes: Array.from(y.data.slice(0, count)),
        times: model.times,
        states: await statesAt(ode, model, params, seen),
      },
      map: subject.dimensions === 2 ? await outputsAt(ode, model, params, square()) : [],
    };
  });

/** The points of the maps. */
const square = () => {
  const { from, to, points } = mapSide;
  const at = (i: number): number => from + ((to - from) * i) / (points - 1);
  return array(Array.from({ length: points * points }, (_, i) => [at(i % points), at(Math.floor(i / points))]));
};
