/** Training of any flow: its parameters as a list of arrays, so that one compiled step serves all of them. */
import {
  compile,
  random,
  valueAndGrad,
  type Backend,
  type HostArray,
  type Random,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import type { FlowBatch, FlowNoise } from '@node-ode/model-cnf';
import { applyGradients, trainState, type Optimizer, type TrainState } from '@node-ode/nn';
import { parameterList, type Lab } from '../lab/index.ts';

/** A batch on the host: points, or base noise, in `x`. */
export type HostBatch = FlowNoise<HostArray> & { readonly x: HostArray };

/** What is trained, on what, and how. */
export interface FlowTraining<Params> {
  readonly params: Params;
  readonly loss: (params: TensorsOf<Params>, batch: FlowBatch) => Tensor;
  readonly batch: (random: Random) => HostBatch;
  readonly optimizer: Optimizer;
  readonly steps: number;
  readonly seed: number;
}

/** A trained flow. */
export interface TrainedFlow<Params> {
  /** The loss of each step. */
  readonly losses: readonly number[];
  /** The median step: the first one compiles. */
  readonly secondsPerStep: number;
  /** Evaluations of f in each step, forwards and backwards. */
  readonly nfe: readonly number[];
  readonly nfeBackward: readonly number[];
  /** Compiles a function of the parameters and a batch; calls give its results on the host. */
  compiled(fn: (params: TensorsOf<Params>, batch: FlowBatch) => readonly Tensor[]): Evaluation;
}

/** A compiled function of trained parameters. */
export type Evaluation = (batch: HostBatch) => Promise<readonly HostArray[]>;

type State = TrainState<Tensor, readonly Tensor[]>;

/** Epochs only number the batches: a run that goes on makes again those of the last one. */
const batchesInEpoch = 100;

/** Trains a flow, with progress and checkpoints. */
export async function trainFlow<Params>(
  lab: Lab,
  id: string,
  { params, loss, batch, optimizer, steps, seed }: FlowTraining<Params>,
): Promise<TrainedFlow<Params>> {
  const { arrays, rebuild } = parameterList('trainFlow', params);
  const step = compile(lab.backend, (state: State, given: FlowBatch) => {
    const { value, grad } = valueAndGrad((p: readonly Tensor[]) => loss(rebuild(p), given))(state.params);
    return { state: applyGradients(optimizer, state, grad), loss: value };
  });
  const { state, history } = await lab.train(id, {
    step,
    state: trainState(optimizer, arrays),
    batches: function* ({ random: source }) {
      for (let i = 0; i < batchesInEpoch; i++) yield batch(source);
    },
    steps,
    random: random(seed),
  });
  step.dispose();
  return {
    losses: history['loss'] ?? [],
    secondsPerStep: medianStep(history['seconds'] ?? []),
    nfe: history['nfe'] ?? [],
    nfeBackward: history['nfeBackward'] ?? [],
    compiled: (fn) => evaluation(lab.backend, state.params, (p, given) => fn(rebuild(p), given)),
  };
}

/** The median difference between times. */
function medianStep(times: readonly number[]): number {
  const steps = times.slice(1).map((time, i) => time - (times[i] ?? NaN));
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? NaN;
}

function evaluation(
  backend: Backend,
  params: readonly HostArray[],
  fn: (params: readonly Tensor[], batch: FlowBatch) => readonly Tensor[],
): Evaluation {
  const run = compile(backend, fn);
  return async (batch) => {
    const results = await run(params, batch);
    const arrays = await Promise.all(results.map((result) => result.read()));
    results.forEach((result) => result.dispose());
    return arrays;
  };
}

/** The elements of one array. */
export const numbersOf = (array: HostArray | undefined): readonly number[] => Array.from(array?.data ?? [], Number);
