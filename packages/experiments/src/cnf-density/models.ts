/** The flows that learn densities from samples. */
import {
  createOde,
  type Backend,
  type HostArray,
  type Ode,
  type Random,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import {
  cnf,
  concatSquashMlp,
  planarField,
  planarFlow,
  type FlowBatch,
  type FlowNoise,
  type PlanarFlowParams,
  type VectorField,
} from '@node-ode/model-cnf';
import { dopri5 } from '@node-ode/solver-dopri5';

/** A flow as this experiment sees it. */
export interface DensityModel<Params> {
  init(random: Random): Params;
  base(random: Random, samples: number): HostArray;
  noise(random: Random, samples: number, draws: number): FlowNoise<HostArray>;
  /** Solved loosely, for training. */
  loss(params: TensorsOf<Params>, batch: FlowBatch): Tensor;
  /** Solved tightly; at a part of the flow's time. */
  logProb(params: TensorsOf<Params>, batch: FlowBatch, part: number): Tensor;
  /** Points at parts of the flow's time: [parts, samples, 2]; of a discrete flow at its end alone. */
  samples(params: TensorsOf<Params>, base: Tensor, parts: readonly number[]): Tensor;
  /** Whether the flow has a time, to be asked at parts of it. */
  readonly isContinuous: boolean;
  /** Draws for an estimate of log p; 1 where it is exact. */
  readonly draws: number;
}

const odeOf = (backend: Backend, rtol: number): Ode =>
  createOde({ backend, solver: dopri5(), gradient: adjoint({ seminorm: true }), rtol, atol: rtol / 10 });

/** A continuous flow, trained at rtol 1e-3 and evaluated at 1e-5. */
function continuous<Params>(backend: Backend, field: VectorField<Params>, augment = 0): DensityModel<Params> {
  const flowAt = (rtol: number) => cnf({ dimension: 2, field, ode: odeOf(backend, rtol), augment });
  const [loose, tight] = [flowAt(1e-3), flowAt(1e-5)] as const;
  return {
    init: (random) => field.init(random),
    base: (random, samples) => loose.base(random, samples),
    noise: (random, samples, draws) => loose.noise(random, samples, draws),
    loss: (params, batch) => loose.loss(params, batch),
    logProb: (params, batch, part) => tight.logProb(params, batch, part),
    samples: (params, base, parts) => {
      const { z } = tight.trajectory(params, base, [0, ...parts]);
      return z.slice([1, 0, 0], [-1, -1, 2]);
    },
    isContinuous: true,
    draws: augment === 0 ? 1 : 16,
  };
}

/** The discrete flow: densities of data go through its numerical inverse. */
function discrete(depth: number): DensityModel<PlanarFlowParams> {
  const flow = planarFlow({ dimension: 2, depth });
  return {
    init: (random) => flow.init(random),
    base: (random, samples) => flow.base(random, samples),
    noise: () => ({}),
    loss: (params, batch) => flow.loss(params, batch),
    logProb: (params, batch) => flow.logProb(params, batch),
    samples: (params, base) => flow.sample(params, base).x.expandDims(0),
    isContinuous: false,
    draws: 1,
  };
}

/** What the table calls the flows of one width. */
export const modelTitles = {
  cnf: (width: number) => `CNF, planar, M = ${width}`,
  augmented: (width: number) => `the same with an augmented dimension, M = ${width}`,
  ffjord: (width: number) => `CNF, concat-squash 2-${width}-${width}-2`,
  nf: (width: number) => `planar NF, K = ${width}`,
} as const;

/** What pictures call them. */
export const shortTitles = { cnf: 'CNF', augmented: 'Augmented', ffjord: 'Concat-squash', nf: 'NF' } as const;

/** A flow on the command line. */
export type ModelName = keyof typeof modelTitles;

/** Every flow's name. */
export const modelNames: readonly ModelName[] = ['cnf', 'augmented', 'ffjord', 'nf'];

/** Does something with the flow of that name, whatever its parameters are. */
export function withModel<T>(
  name: ModelName,
  backend: Backend,
  width: number,
  use: <Params>(model: DensityModel<Params>) => T,
): T {
  switch (name) {
    case 'cnf':
      return use(continuous(backend, planarField({ dimension: 2, width })));
    case 'augmented':
      return use(continuous(backend, planarField({ dimension: 3, width }), 1));
    case 'ffjord':
      return use(continuous(backend, concatSquashMlp({ sizes: [2, width, width, 2] })));
    case 'nf':
      return use(discrete(width));
  }
}
