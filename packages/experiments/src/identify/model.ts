/**
 * A vector field learned by multiple shooting (Turan and Jäschke 2021, "Multiple shooting for training neural differential equations on
 * time series", arXiv:2109.06786): the states in which segments begin are learned too, and each has to be where the segment before ends.
 */
import {
  array,
  createOde,
  random,
  valueAndGrad,
  type Backend,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { backprop } from '@node-ode/gradient-backprop';
import {
  adam,
  applyGradients,
  clipByGlobalNorm,
  cosineDecay,
  mlp,
  trainState,
  type MlpParams,
  type TrainState,
} from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { coordinatesOf, statesOf } from './coordinates.ts';
import type { Path, Problem, State } from './problem.ts';
import { rateOf, segmentsOf, type Segments } from './segments.ts';

/** What is learned. */
export interface Params {
  readonly net: MlpParams;
  /** Where each segment begins; shape [segments, components]. */
  readonly starts: HostArray;
}

/** What a training step carries. */
export type Training = TrainState<HostArray, Params>;
type TracedTraining = TrainState<Tensor, TensorsOf<Params>>;

/** How the model is trained. */
export interface ModelOptions {
  readonly backend: Backend;
  readonly seed: number;
  readonly steps: number;
}

/** The parts of a model of one problem. */
export function identification(problem: Problem, { backend, seed, steps }: ModelOptions) {
  const { components, segment, width, train } = problem;
  const coordinates = coordinatesOf(problem);
  const segments = segmentsOf(train, segment, coordinates);
  const rate = rateOf(train, coordinates, Math.min(5, segment));
  const ode = createOde({ backend, solver: dopri5(), gradient: backprop(), rtol: 1e-4, atol: 1e-5 });
  const net = mlp({ sizes: [components.length, width, width, components.length], activation: 'tanh' });
  const field = (p: TensorsOf<MlpParams>) => (_t: Tensor, z: Tensor) => net.apply(p, z).mul(rate);
  const learningRate = cosineDecay({ initial: 3e-3, final: 1e-5, steps });
  const optimizer = adam({ learningRate });
  const step = ode.compile((state: TracedTraining, { ts, target }: TensorsOf<Segments>) => {
    const loss = (p: TensorsOf<Params>): Tensor => {
      const { ys } = ode.odeint(field(p.net), p.starts, ts, { perSample: true });
      const data = ys.sub(target).square().mean();
      const [ends, next] = [ys.at(-1), p.starts];
      const count = next.shape[0] ?? 1;
      if (count === 1) return data;
      const size = [count - 1, components.length];
      const gap = ends.slice([0, 0], size).sub(next.slice([1, 0], size));
      return data.add(gap.square().mean());
    };
    const { value, grad } = valueAndGrad(loss)(state.params);
    return { state: applyGradients(optimizer, state, clipByGlobalNorm(grad, 1)), loss: value };
  });
  const starts = startsOf(segments);
  return {
    segments,
    step,
    state: trainState(optimizer, { net: net.init(random(seed)), starts }),
    /** The solution from the beginning of the last segment on: what was observed last decides where the forecast begins. */
    forecast: async (params: Params, times: readonly number[]): Promise<Path> => {
      const solve = ode.compile((p: TensorsOf<MlpParams>, z0: Tensor, ts: Tensor) => ode.odeint(field(p), z0, ts).ys);
      const z0 = lastStart(params.starts);
      const from = train.t[train.t.length - 1 - segment] ?? NaN;
      const ys = await solve(params.net, z0, array([0, ...times.map((t) => t - from)]));
      return { t: times, y: coordinates.from(await ys.read()).slice(1) };
    },
    /** The learned vector field at states. */
    fieldAt: async (params: Params, states: readonly State[]): Promise<readonly State[]> => {
      const evaluate = ode.compile((p: TensorsOf<MlpParams>, z: Tensor) => field(p)(z, z));
      const rates = statesOf(await (await evaluate(params.net, coordinates.to(states))).read());
      return states.map((state, i) => coordinates.rate(state, rates[i] ?? []));
    },
  };
}

/** Segments begin at their first observations. */
function startsOf({ target }: Segments): HostArray {
  const [, count = 0, width = 0] = target.shape;
  return array(Array.from(target.data.subarray(0, count * width)), { shape: [count, width], dtype: 'f32' });
}

function lastStart({ data, shape }: HostArray): HostArray {
  const width = shape[1] ?? 0;
  return array(Array.from(data.subarray(data.length - width)), { dtype: 'f32' });
}
