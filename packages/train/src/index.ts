/** Training: the fit loop, checkpoints and safetensors files. Files and progress bars: `@node-ode/train/node`. */
export {
  decodeCheckpoint,
  encodeCheckpoint,
  type Checkpoint,
  type CheckpointStore,
  type Position,
} from './checkpoint/checkpoint.ts';
export { fillTree, namedArrays } from './checkpoint/named-arrays.ts';
export type { Batches, EpochContext } from './fit/cursor.ts';
export { fit } from './fit/fit.ts';
export type { History } from './fit/history.ts';
export type {
  Checkpointing,
  FitData,
  FitOptions,
  FitResult,
  Metrics,
  OnDevice,
  OnHost,
  Progress,
  StepResult,
  StepStats,
  TrainStep,
} from './fit/options.ts';
export { StepError } from './fit/step-error.ts';
export type { Safetensors } from './safetensors/content.ts';
export { decodeSafetensors } from './safetensors/decode.ts';
export { encodeSafetensors } from './safetensors/encode.ts';
