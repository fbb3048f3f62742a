/** A model with its parameters as a list, so that models of any kind are trained, kept and asked by the same code. */
import {
  flattenTree,
  isHostArray,
  valueAndGrad,
  type ArgumentOf,
  type DeviceArray,
  type HostArray,
  type Ode,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adam, applyGradients, clipByGlobalNorm, trainState, type TrainState } from '@node-ode/nn';
import type { TrainStep } from '@node-ode/train';

/** Parameters as a list, with Adam's state. */
export type LearnerState = TrainState<HostArray, readonly HostArray[]>;
type Traced = TrainState<Tensor, readonly Tensor[]>;

/** Parameters on a device, or on the host. */
export type Params = readonly (HostArray | DeviceArray)[];

/** A compiled function of the parameters and further arrays. */
export interface Question<Inputs extends readonly Tensor[]> {
  /** Its answers, on the host. */
  ask(params: Params, ...inputs: { [I in keyof Inputs]: HostArray }): Promise<readonly HostArray[]>;
}

/** What a question has beside the parameters. */
type InputsOf<F> = F extends (params: never, ...inputs: infer I extends readonly Tensor[]) => unknown ? I : never;

/** A model that learns. */
export interface Learner<P, Batch> {
  /** What training begins with. */
  readonly state: LearnerState;
  /** One step of Adam, with gradients clipped. */
  readonly step: TrainStep<LearnerState, Batch>;
  /** Compiles a function of the model's parameters. */
  question<Inputs extends readonly Tensor[]>(
    fn: (params: TensorsOf<P>, ...inputs: Inputs) => readonly Tensor[],
  ): Question<Inputs>;
  dispose(): void;
}

/** What a model learns by. */
export interface LearnerOptions<P, Batch> {
  readonly ode: Ode;
  readonly learningRate: number;
  readonly params: P;
  readonly loss: (params: TensorsOf<P>, batch: Batch, step: Tensor) => Tensor;
}

/** Gradients are no longer than this: a visitor's learning rate may be any. */
const longest = 10;

/** Compiles a model's training step. `Batch` is as the loss sees it, a tree of tensors. */
export function learner<P, Batch>(options: LearnerOptions<P, Batch>): Learner<P, ArgumentOf<Batch>> {
  const { ode, learningRate, params, loss } = options;
  const { leaves, structure } = flattenTree('learner', params, isHostArray, 'a host array');
  const rebuilt = (list: readonly Tensor[]): TensorsOf<P> => structure.rebuild(list) as TensorsOf<P>;
  const optimizer = adam({ learningRate });
  const step = ode.compile((state: Traced, batch: Batch) => {
    const of = (list: readonly Tensor[]): Tensor => loss(rebuilt(list), batch, state.optimizer.step);
    const { value, grad } = valueAndGrad(of)(state.params);
    return { state: applyGradients(optimizer, state, clipByGlobalNorm(grad, longest)), loss: value };
  });
  const compiled: { dispose(): void }[] = [step];
  return {
    state: trainState(optimizer, leaves),
    step,
    question: (fn) => {
      const run = ode.compile((list: readonly Tensor[], inputs: InputsOf<typeof fn>) => fn(rebuilt(list), ...inputs));
      compiled.push(run);
      return {
        ask: async (given, ...inputs) => {
          const answers = await run(given, inputs as ArgumentOf<InputsOf<typeof fn>>);
          try {
            return await Promise.all(answers.map((answer) => answer.read()));
          } finally {
            answers.forEach((answer) => answer.dispose());
          }
        },
      };
    },
    dispose: () => {
      compiled.forEach((one) => one.dispose());
    },
  };
}
