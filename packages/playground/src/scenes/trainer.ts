/** The models of a scene, trained side by side on the same batches. */
import type { DeviceArray, Random } from '@node-ode/core';
import { fit, type Batches, type OnDevice, type StepStats, type TrainStep } from '@node-ode/train';
import type { Learner, LearnerState, Params } from './learner.ts';
import type { Picture } from './picture.ts';

/** The state of all models of a scene. */
export type SceneState = readonly LearnerState[];

/** One step of one model. */
export interface Cost extends StepStats {
  readonly loss: number;
}

/** How a stretch of training goes. */
export interface Stretch {
  readonly state: SceneState;
  readonly steps: number;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** After each step, one cost for each model; training waits for it. */
  onStep(costs: readonly Cost[]): void | Promise<void>;
  /** After each step: `view` may be asked for a picture of the models as they are. */
  look(view: () => Promise<Picture>): Promise<void>;
}

/** A scene's models on an engine. */
export interface Trainer {
  /** What training begins with. */
  readonly state: SceneState;
  /** Trains, and gives what was reached. */
  train(stretch: Stretch): Promise<SceneState>;
  /** What models with this state look like. */
  view(state: SceneState): Promise<Picture>;
  dispose(): void;
}

/** What a trainer is made of. */
export interface TrainerParts<Batch> {
  readonly learners: readonly Pick<Learner<unknown, Batch>, 'state' | 'step' | 'dispose'>[];
  /** A batch, drawn anew for each step. */
  readonly draw: (random: Random) => Batch;
  /** A picture from the parameters of each model. */
  readonly view: (params: readonly Params[]) => Promise<Picture>;
}

/** Epochs only number the batches here. */
const batchesInEpoch = 100;

/** Puts models, batches and picture together. */
export function trainer<Batch>({ learners, draw, view }: TrainerParts<Batch>): Trainer {
  const { step, costs } = sideBySide(learners);
  const batches: Batches<Batch> = function* ({ random }) {
    for (let i = 0; i < batchesInEpoch; i++) yield draw(random);
  };
  const viewOf = (state: SceneState | OnDevice<SceneState>): Promise<Picture> =>
    view(state.map(({ params }) => params));
  return {
    state: learners.map(({ state }) => state),
    train: async ({ onStep, look, ...run }) => {
      const metrics = {
        every: 1,
        compute: async (state: OnDevice<SceneState>) => {
          await look(() => viewOf(state));
          return {};
        },
      };
      const onProgress = ({ values }: { readonly values: Readonly<Record<string, number>> }) =>
        onStep(costs().map((cost, i) => ({ ...cost, loss: values[lossName(i)] ?? NaN })));
      const { state } = await fit<SceneState, Batch>({ ...run, step, batches, metrics, onProgress });
      return state;
    },
    view: viewOf,
    dispose: () => {
      learners.forEach((one) => one.dispose());
    },
  };
}

const lossName = (i: number): string => `loss${i}`;

/** One step of every model; the costs of each are kept until the next. */
function sideBySide<Batch>(learners: TrainerParts<Batch>['learners']): {
  readonly step: TrainStep<SceneState, Batch>;
  costs(): readonly StepStats[];
} {
  let last: readonly StepStats[] = [];
  const run: TrainStep<SceneState, Batch>['run'] = async (states, batch) => {
    const next: OnDevice<LearnerState>[] = [];
    const losses: Record<string, DeviceArray> = {};
    const costs: StepStats[] = [];
    for (const [i, { step, state: begin }] of learners.entries()) {
      const { result, stats } = await step.run(states[i] ?? begin, batch);
      next.push(result.state);
      losses[lossName(i)] = result['loss'] as DeviceArray;
      costs.push(stats);
    }
    last = costs;
    const sum = (count: keyof StepStats): number => costs.reduce((total, cost) => total + cost[count], 0);
    return {
      result: { ...losses, state: next },
      stats: {
        nfe: sum('nfe'),
        nfeBackward: sum('nfeBackward'),
        accepted: sum('accepted'),
        rejected: sum('rejected'),
      },
    };
  };
  return { step: { run }, costs: () => last };
}
