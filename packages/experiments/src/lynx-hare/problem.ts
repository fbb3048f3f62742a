/** The record as the model sees it: standardised logarithms of pelts, with the last years held out. */
import { allocate, hostArray, type HostArray } from '@node-ode/core';
import { lynxHare, standardize, type Standardizer } from '@node-ode/datasets';

/** Thousands of pelts: hare, lynx. */
export type Pelts = readonly [hare: number, lynx: number];

/** The record's two stretches, and the scale of the model's state. */
export interface Problem {
  /** Years to train on. */
  readonly trainYears: readonly number[];
  readonly train: readonly Pelts[];
  /** Years held out. Nothing but the last report sees their values. */
  readonly testYears: readonly number[];
  readonly test: readonly Pelts[];
  /** From logarithms of pelts to the model's state; fitted on the stretch to train on. */
  readonly scale: Standardizer;
}

/** The record with its last four years held out. */
export function lynxHareProblem(): Problem {
  const data = lynxHare();
  const [train, test] = [data.all('train'), data.all('test')];
  return {
    trainYears: Array.from(train.t.data),
    train: peltsOf(train.y),
    testYears: Array.from(test.t.data),
    test: peltsOf(test.y),
    scale: standardize(logarithms(train.y)),
  };
}

/** Pelts to states of the model, shape [n, 2]: populations are positive, and cycle by factors. */
export const toState = ({ scale }: Pick<Problem, 'scale'>, pelts: readonly Pelts[]): HostArray =>
  scale.apply(logarithms(hostArray(Float32Array.from(pelts.flat()), [pelts.length, 2], 'f32')));

/** States of the model to pelts. */
export const toPelts = ({ scale }: Pick<Problem, 'scale'>, states: HostArray): readonly Pelts[] =>
  peltsOf(map(scale.invert(states), Math.exp));

const logarithms = (pelts: HostArray): HostArray => map(pelts, Math.log);

function map(x: HostArray, fn: (value: number) => number): HostArray {
  const data = allocate(x.dtype, x.data.length);
  for (let i = 0; i < data.length; i++) data[i] = fn(x.data[i] ?? NaN);
  return hostArray(data, x.shape, x.dtype);
}

const peltsOf = ({ data }: HostArray): readonly Pelts[] =>
  Array.from({ length: data.length / 2 }, (_, i) => [data[2 * i] ?? NaN, data[2 * i + 1] ?? NaN]);
