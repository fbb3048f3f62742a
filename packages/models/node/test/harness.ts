/** What the tests of networks share: small data, steps of training, and reading results. */
import { reference } from '@node-ode/backend-reference';
import {
  array,
  compile,
  createOde,
  flattenTree,
  isHostArray,
  pid,
  random,
  valueAndGrad,
  type Backend,
  type GradientMethod,
  type HostArray,
  type ArgumentOf,
  type Model,
  type Ode,
  type Random,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { applyGradients, sgd, trainState, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { euler } from '@node-ode/solver-euler';
import type { Labelled } from '../src/index.ts';

/** Four Euler steps: smooth in the parameters, so that differences are only off by their own error. */
export const fixedSteps = (backend: Backend = reference(), gradient?: GradientMethod): Ode =>
  createOde({ backend, solver: euler(), h: 0.25, ...(gradient === undefined ? {} : { gradient }) });

/** Adaptive steps and the adjoint, as networks are trained; the first step is given, as in f32 that which is found depends on rounding. */
export const adaptive = (backend: Backend = reference(), gradient: GradientMethod = adjoint()): Ode =>
  createOde({ backend, solver: dopri5(), gradient, controller: pid({ rtol: 1e-3, atol: 1e-3, firstStep: 0.25 }) });

/** Images of 12×12 with noisy stripes, lying (class 0) or standing (class 1). */
export function stripes(samples = 8, channels = 1): { readonly x: HostArray; readonly label: HostArray } {
  const rng = random(5);
  const extent = Array.from({ length: 12 }, (_, k) => k);
  const labels = Array.from({ length: samples }, (_, i) => i % 2);
  const plane = (label: number): number[][] =>
    extent.map((row) => extent.map((column) => ((label === 0 ? row : column) % 2) + 0.2 * rng.normal()));
  return {
    x: array(labels.map((label) => Array.from({ length: channels }, () => plane(label)))),
    label: array(labels, { dtype: 'i32' }),
  };
}

/** Two groups of points of the plane that no line parts: inside and outside of a circle. */
export function circle(samples = 32): { readonly x: HostArray; readonly label: HostArray } {
  const rng = random(6);
  const labels = Array.from({ length: samples }, (_, i) => i % 2);
  return {
    x: array(
      labels.map((label) => {
        const [radius, angle] = [label + 0.3 + 0.2 * rng.uniform(), 2 * Math.PI * rng.uniform()];
        return [radius * Math.cos(angle), radius * Math.sin(angle)];
      }),
    ),
    label: array(labels, { dtype: 'i32' }),
  };
}

/** A classifier as a model of whole batches, as the conformance suite takes models. */
export const ofBatches = <Params>(model: Model<Params, Tensor, Tensor, Labelled>): Model<Params, Labelled, Tensor> => ({
  ...model,
  apply: (params, { x }) => model.apply(params, x),
});

/** What is trained. */
interface Trainee<Params, Batch> {
  init(random: Random): Params;
  readonly loss: (params: TensorsOf<Params>, batch: Batch) => Tensor;
}

/** The losses of `steps` steps of SGD with momentum, and the last parameters. */
export async function train<Params, Batch>(
  backend: Backend,
  { init, loss }: Trainee<Params, Batch>,
  batch: ArgumentOf<Batch>,
  { steps = 20, learningRate = 0.05, momentum = 0.9 } = {},
): Promise<{ readonly losses: readonly number[]; readonly params: readonly HostArray[] }> {
  const optimizer = sgd({ learningRate, momentum });
  const { leaves, structure } = flattenTree('train', init(random(1)), isHostArray);
  type State = TrainState<Tensor, readonly Tensor[]>;
  const step = compile(backend, (state: State, data: Batch) => {
    const { value, grad } = valueAndGrad((tensors: readonly Tensor[]) =>
      loss(structure.rebuild(tensors) as TensorsOf<Params>, data),
    )(state.params);
    return { state: applyGradients(optimizer, state, grad), loss: value };
  });
  let result = await step(trainState(optimizer, leaves), batch);
  const losses: number[] = [];
  for (let i = 1; i <= steps; i++) {
    losses.push((await result.loss.read()).data[0] ?? NaN);
    if (i < steps) result = await step(result.state, batch);
  }
  return { losses, params: await Promise.all(result.state.params.map((leaf) => leaf.read())) };
}
