/** Two problems whose gradients are compared: a network's flow, and one that forgets where it came from. */
import { array, random, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';
import { timeMlp, type MlpParams } from '@node-ode/nn';

/** dy/dt and what is minimised. */
export interface GradientProblem {
  readonly name: string;
  readonly title: string;
  readonly params: MlpParams;
  readonly y0: HostArray;
  /** The solve is from 0 to here. */
  readonly t1: number;
  dynamics(params: TensorsOf<MlpParams>, t: Tensor, y: Tensor): Tensor;
}

const dtype = 'f64';
const net = timeMlp({ sizes: [2, 16, 2], dtype });

const states = (seed: number): HostArray => {
  const rng = random(seed);
  return array(
    Float64Array.from({ length: 32 }, () => rng.normal()),
    { shape: [16, 2], dtype },
  );
};

/** The network alone, and with a pull of so much towards zero, against which a solve backwards grows as e^(rate·t). */
export const problems = (seed: number): readonly GradientProblem[] => [
  {
    name: 'network',
    title: "y' = MLP(t, y), t from 0 to 4",
    params: net.init(random(seed)),
    y0: states(seed + 1000),
    t1: 4,
    dynamics: (params, t, y) => net.apply(params, t, y.tanh().mul(2)),
  },
  {
    name: 'contracting',
    title: "y' = MLP(t, y) − 8y, t from 0 to 2",
    params: net.init(random(seed)),
    y0: states(seed + 1000),
    t1: 2,
    dynamics: (params, t, y) => net.apply(params, t, y).sub(y.mul(8)),
  },
];
