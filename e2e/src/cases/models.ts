/** Every model on every engine: twenty steps of training hold the reference engine's parameters, an export gives what the engine gives. */
import {
  asTensors,
  createOde,
  flattenTree,
  isHostArray,
  pid,
  valueAndGrad,
  type Backend,
  type GradientMethod,
  type HostArray,
  type Ode,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { applyGradients, sgd, trainState, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { agreement, readLeaves, type Case } from './case.ts';
import { exportedAgainst } from './exported.ts';
import { trainSteps } from './train-steps.ts';

/** A model with something to learn. Keep it small: every engine trains it twice, the reference engine interprets it. */
export interface ModelProblem<Params, Batch> {
  readonly params: Params;
  /** A tree of host arrays in f32; noise that a loss needs is a part of it. */
  readonly batch: Batch;
  readonly loss: (params: TensorsOf<Params>, batch: TensorsOf<Batch>) => Tensor;
}

/** How it is trained. */
export interface ModelCaseOptions {
  /** 0.05 by default. */
  readonly learningRate?: number;
  /** `adjoint()` by default. */
  readonly gradient?: () => GradientMethod;
  /** How far the loss has to fall; by default by 10 % of what it is at first. */
  readonly fall?: number;
}

const steps = 20;

/**
 * The cases of a model, in f32: twenty steps of SGD with momentum, whose losses and parameters are held to the reference engine's by
 * 1e-4; and the loss exported as an ONNX file, solver and parameters inside, held to the engine.
 *
 * @param make The model on an engine, by dopri5 at rtol 1e-4.
 * @example
 * export const anodeModelCases = modelCases('ANODE', (ode) => ({ params: anode.init(random(0)), batch, loss }));
 */
export const modelCases = <Params, Batch>(
  name: string,
  make: (ode: Ode) => ModelProblem<Params, Batch>,
  options: ModelCaseOptions = {},
): readonly Case[] => [trains(name, make, options), isExported(name, make, options)];

/** No division by a gradient's size, and a first step that is given: what is compared is the engine, not how rounding is amplified. */
const odeOn = (backend: Backend, { gradient = adjoint }: ModelCaseOptions): Ode =>
  createOde({
    backend,
    solver: dopri5(),
    gradient: gradient(),
    controller: pid({ rtol: 1e-4, atol: 1e-5, firstStep: 0.25 }),
  });

const trains = <Params, Batch>(
  name: string,
  make: (ode: Ode) => ModelProblem<Params, Batch>,
  options: ModelCaseOptions,
): Case => ({
  group: 'models',
  name,
  dtype: 'f32',
  prepare: (backend) => {
    const { learningRate = 0.05 } = options;
    const optimizer = sgd({ learningRate, momentum: 0.9 });
    const ode = odeOn(backend, options);
    const { params, batch, loss } = make(ode);
    const [weights, data] = [leavesOf(params), leavesOf(batch)];
    const step = ode.compile((state: TrainState<Tensor, readonly Tensor[]>, inputs: readonly Tensor[]) => {
      const batchTensors = data.rebuild(inputs);
      const { value, grad } = valueAndGrad((leaves: readonly Tensor[]) => loss(weights.rebuild(leaves), batchTensors))(
        state.params,
      );
      return { state: applyGradients(optimizer, state, grad), loss: value };
    });
    return async () => {
      const first = await step(trainState(optimizer, weights.leaves), data.leaves);
      const { curve, state } = await trainSteps(first, (last) => step(last, data.leaves), steps, 'f32');
      return [curve, ...(await readLeaves(state.params))];
    };
  },
  tolerance: agreement.f32,
  // There are many, and their times tell little.
  repetitions: 1,
  complaint: ([curve]) => {
    const [first, last] = [curve?.data[0] ?? NaN, curve?.data.at(-1) ?? NaN];
    const least = options.fall ?? 0.1 * Math.abs(first);
    return first - last >= least ? undefined : `the loss went from ${first} to ${last}; expected a fall by ${least}`;
  },
});

const isExported = <Params, Batch>(
  name: string,
  make: (ode: Ode) => ModelProblem<Params, Batch>,
  options: ModelCaseOptions,
): Case => ({
  group: 'export',
  name,
  dtype: 'f32',
  prepare: (backend) => {
    const ode = odeOn(backend, options);
    const { params, batch, loss } = make(ode);
    const data = leavesOf(batch);
    const lossOf = (inputs: readonly Tensor[]): Tensor => loss(asTensors(params), data.rebuild(inputs));
    return exportedAgainst(ode, lossOf, data.leaves);
  },
  tolerance: agreement.f32,
  repetitions: 1,
  complaint: ([engine, file]) => {
    const [expected, actual] = [engine?.data[0] ?? NaN, file?.data[0] ?? NaN];
    return Math.abs(actual - expected) <= agreement.f32 * Math.abs(expected)
      ? undefined
      : `the exported file gives ${actual}, the engine ${expected}`;
  },
});

/** The arrays of a tree, and the way back with tensors in their places. */
function leavesOf<Tree>(tree: Tree): {
  readonly leaves: readonly HostArray[];
  rebuild(leaves: readonly Tensor[]): TensorsOf<Tree>;
} {
  const { leaves, structure } = flattenTree('e2e', tree, isHostArray, 'a host array');
  return { leaves, rebuild: (tensors) => structure.rebuild(tensors) as TensorsOf<Tree> };
}
