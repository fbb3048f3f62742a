/** Twenty steps of training, parameters and optimiser state kept on the device. */
import {
  array,
  createOde,
  flattenTree,
  isHostArray,
  pid,
  random,
  valueAndGrad,
  type FloatDType,
  type GradientMethod,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { applyGradients, mlp, mse, sgd, trainState, type MlpParams, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { agreement, dtypes, readLeaves, type Case } from './case.ts';
import { gradientMethods } from './gradients.ts';
import { learnedTooLittle, trainSteps } from './train-steps.ts';

const steps = 20;
const times = [0, 0.5, 1];

/** Trajectories of a damped rotation: what the network is to learn. */
function targets(): {
  readonly y0: readonly (readonly number[])[];
  readonly ys: readonly (readonly (readonly number[])[])[];
} {
  const rng = random(3);
  const y0 = Array.from({ length: 8 }, () => [rng.normal(), rng.normal()]);
  const at = (t: number): number[][] =>
    y0.map(([x = 0, y = 0]) => {
      const decay = Math.exp(-0.3 * t);
      return [decay * (x * Math.cos(2 * t) - y * Math.sin(2 * t)), decay * (x * Math.sin(2 * t) + y * Math.cos(2 * t))];
    });
  return { y0, ys: times.map(at) };
}

const castTree = <T>(tree: T, dtype: FloatDType): T => {
  const { leaves, structure } = flattenTree('e2e', tree, isHostArray, 'a host array');
  return structure.rebuild(leaves.map(({ data, shape }) => array(data, { shape, dtype }))) as T;
};

type Params = TensorsOf<MlpParams>;

const trainingCase = (make: () => GradientMethod, dtype: FloatDType): Case => ({
  group: 'training',
  name: `${steps} steps of SGD, ${make().name}`,
  dtype,
  prepare: (backend) => {
    const net = mlp({ sizes: [2, 16, 2] });
    // Momentum, and no division by a gradient's size: what is compared is the engine, not the amplification of its rounding.
    const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
    const [rtol, atol] = dtype === 'f64' ? [1e-9, 1e-10] : [1e-4, 1e-5];
    // A first step of a size that is given: in f32 the error of the tiny one that would be chosen is rounding, and so would be
    // the size of the second.
    const controller = pid({ rtol, atol, firstStep: 0.25 });
    const ode = createOde({ backend, solver: dopri5(), gradient: make(), controller, dtype });
    const step = ode.compile((state: TrainState<Tensor, Params>, y0: Tensor, ys: Tensor) => {
      const loss = (params: Params): Tensor =>
        mse(ode.odeint((_t, y: Tensor) => net.apply(params, y), y0, times).ys, ys);
      const { value, grad } = valueAndGrad(loss)(state.params);
      return { state: applyGradients(optimizer, state, grad), loss: value };
    });
    const { y0, ys } = targets();
    const batch = [array(y0, { dtype }), array(ys, { dtype })] as const;
    const params = castTree(net.init(random(1)), dtype);
    return async () => {
      const first = await step(trainState(optimizer, params), ...batch);
      const { curve, state } = await trainSteps(first, (last) => step(last, ...batch), steps, dtype);
      return [curve, ...(await readLeaves(state.params))];
    };
  },
  tolerance: agreement[dtype],
  complaint: learnedTooLittle,
});

export const trainingCases: readonly Case[] = gradientMethods.flatMap((make) =>
  dtypes.map((dtype) => trainingCase(make, dtype)),
);
