/** The models that learn points, with their parameters as lists, so that all of them are trained by the same code. */
import { random, type HostArray, type Model, type Ode, type Random, type Tensor, type TensorsOf } from '@node-ode/core';
import { anode, residualNet } from '@node-ode/model-anode';
import { parameterList } from '../lab/index.ts';

/** The models of the comparison. */
export type ModelName = 'NODE' | 'ANODE' | 'ResNet';

/** In the order of tables. */
export const modelNames: readonly ModelName[] = ['NODE', 'ANODE', 'ResNet'];

/** What they have in common. */
export interface PointModelOptions {
  readonly features: number;
  readonly hidden: number;
  /** Of the linear layer; without it the output is the flow's end. */
  readonly outputs?: number;
  /** Extra dimensions of ANODE. */
  readonly extra: number;
  /** Residual blocks of ResNet. */
  readonly blocks: number;
}

/** A model of points over a list of parameters. */
export interface PointModel {
  readonly name: ModelName;
  /** Whether it is a flow, which has function evaluations. */
  readonly isFlow: boolean;
  readonly parameters: number;
  /** Where its states are: times of a flow, layers between 0 and 1 of a residual network. */
  readonly times: readonly number[];
  init(random: Random): readonly HostArray[];
  apply(params: readonly Tensor[], x: Tensor): Tensor;
  /** States at `times`: [times, samples, dimensions]. */
  states(params: readonly Tensor[], x: Tensor): Tensor;
  /** The head of states. */
  head(params: readonly Tensor[], h: Tensor): Tensor;
  /** dh/dt at states, at a time; of a flow. */
  field(params: readonly Tensor[], t: Tensor, h: Tensor): Tensor;
}

/** Intervals of a flow's states. */
const intervals = 40;

/** A model by its name: NODE is ANODE without extra dimensions. */
export function pointModel(name: ModelName, ode: Ode, options: PointModelOptions): PointModel {
  const { features, hidden, outputs, blocks } = options;
  const head = outputs === undefined ? {} : { outputs };
  if (name === 'ResNet') {
    const net = residualNet({ features, hidden, blocks, ...head });
    const { init, parameters, at } = overList(net);
    return {
      name,
      isFlow: false,
      parameters,
      times: Array.from({ length: blocks + 1 }, (_, i) => i / blocks),
      init,
      apply: (params, x) => net.apply(at(params), x),
      states: (params, x) => net.states(at(params), x),
      head: (params, h) => net.head(at(params), h),
      field: (_params, _t, h) => h.mul(NaN),
    };
  }
  const model = anode({ ode, features, hidden, extra: name === 'NODE' ? 0 : options.extra, ...head });
  const { init, parameters, at } = overList(model);
  const times = Array.from({ length: intervals + 1 }, (_, i) => i / intervals);
  return {
    name,
    isFlow: true,
    parameters,
    times,
    init,
    apply: (params, x) => model.apply(at(params), x),
    states: (params, x) => model.solve(at(params), x, times).ys,
    head: (params, h) => model.head(at(params), h),
    field: (params, t, h) => model.field(at(params), t, h),
  };
}

interface ListOf<P> {
  readonly parameters: number;
  init(random: Random): readonly HostArray[];
  at(params: readonly Tensor[]): TensorsOf<P>;
}

/** A model's parameters as a list, and back. */
function overList<P>(model: Model<P, Tensor, Tensor>): ListOf<P> {
  const listed = (source: Random) => parameterList(model.name, model.init(source));
  const { count, rebuild } = listed(random(0));
  return { parameters: count, init: (source) => listed(source).arrays, at: rebuild };
}
