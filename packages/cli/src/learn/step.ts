/** The compiled training step of any learner. */
import {
  flattenTree,
  isHostArray,
  valueAndGrad,
  type Compiled,
  type HostArray,
  type Ode,
  type Random,
  type Tensor,
  type TreeStructure,
} from '@node-ode/core';
import { applyGradients, clipByGlobalNorm, trainState, type Optimizer, type TrainState } from '@node-ode/nn';
import type { Learner } from './learner.ts';

/** What training carries: parameters as the list of their leaves, and the optimiser's state. */
export type State = TrainState<HostArray, readonly HostArray[]>;

type TracedState = TrainState<Tensor, readonly Tensor[]>;

/** What a step takes. */
export interface StepBatch<Leaf = HostArray> {
  readonly data: readonly Leaf[];
  readonly noise: readonly Leaf[];
}

/** A learner that can be trained. */
export interface Training {
  readonly state: State;
  readonly step: Compiled<[TracedState, StepBatch<Tensor>], { readonly state: TracedState; readonly loss: Tensor }>;
  /** A batch with its random numbers. */
  batchOf(data: readonly HostArray[], random: Random): StepBatch;
  /** The tree of parameters of the leaves that a state has. */
  paramsOf(leaves: readonly HostArray[]): unknown;
}

/** A list of leaves, and how they make a tree. */
export interface Leaves {
  readonly leaves: readonly HostArray[];
  readonly structure: TreeStructure;
}

/** The host arrays of a tree. */
export const leavesOf = (operation: string, tree: unknown): Leaves =>
  flattenTree(operation, tree, isHostArray, 'a host array');

/** Random numbers as leaves; none where the model draws none. */
const noiseLeaves = (learner: Learner, random: Random, samples: number): Leaves =>
  leavesOf('noise', learner.noise(random, samples) ?? {});

/**
 * The step of a learner, and where training starts.
 *
 * @throws TreeError if the model's parameters or noise are no trees of host arrays; what its `init` throws.
 */
export function trainingOf(
  learner: Learner,
  ode: Ode,
  {
    optimizer,
    clip,
    random,
  }: { readonly optimizer: Optimizer; readonly clip: number | undefined; readonly random: Random },
): Training {
  const params = leavesOf('model', learner.init(random));
  const noise = noiseLeaves(learner, random.split(), 1).structure;
  const step: Training['step'] = ode.compile(function trainingStep(state: TracedState, batch: StepBatch<Tensor>) {
    const dtype = state.params[0]?.dtype ?? 'f32';
    const context = { noise: noise.rebuild(batch.noise), step: state.optimizer.step.cast(dtype) };
    const loss = (leaves: readonly Tensor[]): Tensor =>
      learner.loss(params.structure.rebuild(leaves), batch.data, context);
    const { value, grad } = valueAndGrad(loss)(state.params);
    const clipped = clip === undefined ? grad : clipByGlobalNorm(grad, clip);
    return { state: applyGradients(optimizer, state, clipped), loss: value };
  });
  return {
    state: trainState(optimizer, params.leaves),
    step,
    batchOf: (data, source) => ({ data, noise: noiseLeaves(learner, source, samplesOf(data)).leaves }),
    paramsOf: (leaves) => params.structure.rebuild(leaves),
  };
}

/** Samples of a batch: its last array has them first, whatever the others are. */
const samplesOf = (data: readonly HostArray[]): number => data.at(-1)?.shape[0] ?? 0;
