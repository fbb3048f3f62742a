/** Dynamics fitted to observed series. */
import { concat, select, type Ode, type SeriesModel, type Tensor, type TensorsOf } from '@node-ode/core';
import type { NodeDynamics } from './dynamics.ts';

/** What a forecaster is made of. */
export interface ForecasterOptions<Params> {
  readonly name: string;
  /** Solver, controller and gradient method, put together by `createOde`. */
  readonly ode: Pick<Ode, 'odeint'>;
  /** Of the observations themselves: from [samples, dimensions] to the same. */
  readonly dynamics: NodeDynamics<Params, Tensor>;
}

/**
 * dy/dt = f(t, y, θ) as a model of series: its loss is the mean squared error along trajectories that start at the first
 * observations, which must be whole; a forecast starts at the last. Series with times of their own are solved with steps of
 * their own.
 *
 * @throws what `odeint` throws, when applied.
 * @example
 * const model = forecaster({ name: 'mine', ode, dynamics: autonomous(mlp({ sizes: [2, 32, 2] })) });
 */
export function forecaster<Params>({ name, ode, dynamics }: ForecasterOptions<Params>): SeriesModel {
  /** [samples, times, dimensions] */
  const solve = (params: TensorsOf<Params>, y0: Tensor, ts: Tensor): Tensor =>
    ode
      .odeint((t: Tensor, y: Tensor) => dynamics.apply(params, t, y), y0, ts, { perSample: ts.rank === 2 })
      .ys.transpose([1, 0, 2]);
  return {
    name,
    needsWholeStart: true,
    init: (random) => dynamics.init(random),
    loss: (params: TensorsOf<Params>, { t, y, mask }) => {
      const isObserved = mask.notEqual(0);
      const target = select(isObserved, y, 0);
      const error = select(isObserved, solve(params, first(target), t).sub(target), 0);
      return error.square().sum().div(isObserved.cast(y.dtype).sum());
    },
    forecast: (params: TensorsOf<Params>, observed, t) => {
      const start = observed.t.at(-1).reshape([1]);
      const all = solve(params, last(observed.y), concat([start, t], 0));
      const [samples = 0, times = 0, dimensions = 0] = all.shape;
      return all.slice([0, 1, 0], [samples, times - 1, dimensions]);
    },
  };
}

/** Of [samples, times, dimensions]: [samples, dimensions]. */
const first = (y: Tensor): Tensor => y.transpose([1, 0, 2]).at(0);
const last = (y: Tensor): Tensor => y.transpose([1, 0, 2]).at(-1);
