/** What a worker is asked to compute: plain data, so that every engine and every peer solves the very same problem. */
import type { FloatDType } from '@node-ode/core';

/** One affine layer: `weight` [inputs][outputs], `bias` [outputs]. */
export interface LayerWeights {
  readonly weight: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

/** dy/dt = net(yᵖ): a multi-layer perceptron of an elementwise power of the state, row by row. */
export interface MlpDynamics {
  readonly kind: 'mlp';
  /** p, a positive integer. */
  readonly power: number;
  readonly layers: readonly LayerWeights[];
  /** After each layer but the last. */
  readonly activation: ActivationName;
  /** After the last layer. */
  readonly finalActivation: ActivationName;
}

export type ActivationName = 'identity' | 'tanh' | 'softplus';

/** A layer's parameters with their elements one behind the other; `bias` [channels]. */
export interface FlatLayerWeights {
  readonly weight: readonly number[];
  readonly bias: readonly number[];
}

/**
 * The ODE block for images of Chen et al. (2018), as in torchdiffeq's `odenet_mnist.py`: group norm, relu, convolution, group norm,
 * relu, convolution, group norm. Convolutions are 3×3, keep the extents, and have time as their last input channel. A row of the
 * state is an image, its elements one behind the other.
 */
export interface ConvBlockDynamics {
  readonly kind: 'convBlock';
  readonly image: readonly [channels: number, height: number, width: number];
  /** Of each norm. */
  readonly groups: number;
  /** All five, in order: of norms [channels], of convolutions [channels, channels + 1, 3, 3]. */
  readonly layers: readonly FlatLayerWeights[];
}

/** The right-hand side. A case with another kind adds it here, in `ours/dynamics.ts`, and in each peer that can solve it. */
export type ProblemDynamics = MlpDynamics | ConvBlockDynamics;

export type GradientName = 'adjoint' | 'backprop';

/** Solves from `y0` [batch][features] and answers with the states `ys` at `ts[1 …]`. */
export interface SolveTask {
  readonly kind: 'solve';
  readonly y0: readonly (readonly number[])[];
  readonly ts: readonly number[];
}

/** The mean of the squared last state, `loss`, and its `gradient` for the weights and biases, layer by layer. */
export interface GradientTask {
  readonly kind: 'gradient';
  readonly gradient: GradientName;
  readonly y0: readonly (readonly number[])[];
  readonly ts: readonly number[];
}

/**
 * Fits the dynamics to windows of a trajectory by RMSprop on the mean absolute error: one unit of work is one training
 * step. Answers with `loss` and `gradient` on the first batch.
 */
export interface TrainingTask {
  readonly kind: 'training';
  readonly gradient: GradientName;
  /** Evenly spaced times of the trajectory. */
  readonly ts: readonly number[];
  /** Its states [points][features]. */
  readonly ys: readonly (readonly number[])[];
  /** Points in a window. */
  readonly window: number;
  /** Where the windows of each batch start; a longer training goes round and round. */
  readonly batches: readonly (readonly number[])[];
  /** Training steps in a round, always the first ones from the initial weights. */
  readonly iterations: number;
  /** RMSprop's, with PyTorch's alpha 0.99 and eps 1e-8. */
  readonly learningRate: number;
}

/**
 * Steps of dopri5, all of one size, each with its error norm, in one loop: nothing is chosen, nothing is rejected. Answers with
 * the last state, `y`, and the norm of the last step, `norm`.
 */
export interface StepsTask {
  readonly kind: 'steps';
  readonly y0: readonly (readonly number[])[];
  /** Size of a step: a power of two, so that sums of it are exact. */
  readonly h: number;
  readonly count: number;
  /** `parts`: of core's parts, as a solve has them; `plain`: one operation on tensors after the other. */
  readonly form: 'parts' | 'plain';
}

/** Evaluates the right-hand side, each time at the last value. Answers with the first value, `dy`. */
export interface EvaluationsTask {
  readonly kind: 'evaluations';
  readonly y0: readonly (readonly number[])[];
  readonly count: number;
}

/**
 * The kernel calls that another task comes to on an engine of ours that is on tfjs, made again in a plain loop: no loops, scalars or
 * decisions are left. Answers as that task does.
 */
export interface KernelCallsTask {
  readonly kind: 'kernelCalls';
  readonly of: SolveTask | GradientTask | TrainingTask | StepsTask;
}

export type Task = SolveTask | GradientTask | TrainingTask | StepsTask | EvaluationsTask | KernelCallsTask;

/** A problem: dynamics, a task, and how accurately dopri5 is to solve it. */
export interface Problem {
  readonly dtype: FloatDType;
  readonly dynamics: ProblemDynamics;
  readonly task: Task;
  readonly rtol: number;
  readonly atol: number;
  /** Largest number of steps of a solve; as diffrax's default, 4096, unless the problem needs more. */
  readonly maxSteps: number;
}

/** Runs of a task's unit of work in one round at least. */
export function unitsOf(task: Task): number {
  if (task.kind === 'kernelCalls') return unitsOf(task.of);
  return task.kind === 'training' ? task.iterations : 1;
}
