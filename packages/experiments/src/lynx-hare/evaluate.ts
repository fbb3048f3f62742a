/** What a trained model says about the record: fit, forecast, and the flow around them. */
import { array, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';
import type { MlpParams } from '@node-ode/nn';
import { autoregression, logarithmic, persistence, rmse } from './baselines.ts';
import type { Experiment, Params } from './model.ts';
import { toPelts, toState, type Pelts, type Problem } from './problem.ts';

/** A trajectory in years and pelts. */
export interface Trajectory {
  readonly years: readonly number[];
  readonly pelts: readonly Pelts[];
}

/** Rates of change at points, in thousands of pelts a year. */
export interface Flow {
  readonly points: readonly Pelts[];
  readonly rates: readonly Pelts[];
}

/** How well a forecast of the years held out does, in thousands of pelts. */
export interface Score {
  readonly name: string;
  readonly rmse: number;
  readonly forecast: readonly Pelts[];
}

/** Everything that the report and the figures show. */
export interface Evaluation {
  /** Many points a year, from the first to the last. */
  readonly trajectory: Trajectory;
  /** Root mean square error over the years to train on. */
  readonly fitRmse: number;
  /** The model's score over the years held out, then those of the baselines. */
  readonly scores: readonly [Score, ...Score[]];
}

const perYear = 48;

/** Solves from the learned beginning to the end of the record, and compares. */
export async function evaluate(problem: Problem, experiment: Experiment, params: Params): Promise<Evaluation> {
  const { trainYears, testYears, train, test } = problem;
  const span = trainYears.length + testYears.length - 1;
  const times = Array.from({ length: span * perYear + 1 }, (_, i) => i / perYear);
  const pelts = toPelts(problem, await solve(experiment, params, times));
  const yearly = pelts.filter((_, i) => i % perYear === 0);
  const forecast = yearly.slice(train.length);
  const score = (name: string, values: readonly Pelts[]): Score => ({
    name,
    rmse: rmse(values, test),
    forecast: values,
  });
  return {
    trajectory: { years: times.map((t) => (trainYears[0] ?? NaN) + t), pelts },
    fitRmse: rmse(yearly.slice(0, train.length), train),
    scores: [
      score('Neural ODE', forecast),
      score('persistence', persistence(train, test.length)),
      score('linear autoregression', autoregression(train, test.length)),
      score('linear autoregression of logarithms', autoregression(train, test.length, logarithmic)),
    ],
  };
}

async function solve({ ode, block }: Experiment, { net, y0 }: Params, times: readonly number[]): Promise<HostArray> {
  const run = ode.compile((p: TensorsOf<MlpParams>, start: Tensor, ts: Tensor) => block.solve(p, start, ts).ys);
  const ys = await run(net, y0, array(times));
  return ys.read();
}

/** The learned vector field at points in the plane: dy/dt = y·σ·MLP(z), as z = (log y − μ) / σ. */
export async function flowAt(
  problem: Problem,
  { ode, net }: Experiment,
  params: Params,
  points: readonly Pelts[],
): Promise<Flow> {
  const run = ode.compile((p: TensorsOf<MlpParams>, z: Tensor) => net.apply(p, z));
  const { data } = await (await run(params.net, toState(problem, points))).read();
  const { std } = problem.scale;
  const rate = (pelts: number, i: number, k: number): number => pelts * (std.data[k] ?? NaN) * (data[2 * i + k] ?? NaN);
  return { points, rates: points.map(([hare, lynx], i) => [rate(hare, i, 0), rate(lynx, i, 1)]) };
}
