/** Layers, initialisers, losses and optimisers: pure functions over trees of parameters. */
export { avgPool2d, maxPool2d } from '@node-ode/core';
export {
  activation,
  activationNames,
  elu,
  gelu,
  identity,
  leakyRelu,
  relu,
  sigmoid,
  silu,
  softplus,
  swish,
  tanh,
  type Activation,
  type ActivationName,
} from './activations/activations.ts';
export { clipByGlobalNorm, clipByValue, globalNorm } from './gradients/clip.ts';
export { full, normal, ones, uniform, zeros, type Initializer } from './initializers/initializer.ts';
export { orthogonal } from './initializers/orthogonal.ts';
export {
  fans,
  kaimingNormal,
  kaimingUniform,
  lecunNormal,
  torchUniform,
  varianceScaling,
  xavierNormal,
  xavierUniform,
  type FanMode,
  type KaimingOptions,
  type VarianceScalingOptions,
} from './initializers/variance-scaling.ts';
export type { LinearOptions } from './layers/affine.ts';
export {
  batchNorm,
  type BatchNorm,
  type BatchNormOptions,
  type BatchNormState,
  type BatchNormStep,
} from './layers/batch-norm.ts';
export { concatSquash, type ConcatSquashParams } from './layers/concat-squash.ts';
export { convTranspose2d, type ConvTranspose2dOptions } from './layers/conv-transpose2d.ts';
export { conv2d } from './layers/conv2d.ts';
export type { Conv2dOptions, Conv2dParams } from './layers/convolution.ts';
export { dropout } from './layers/dropout.ts';
export { embedding, type EmbeddingOptions, type EmbeddingParams } from './layers/embedding.ts';
export { groupNorm } from './layers/group-norm.ts';
export { hiddenSizes, type HiddenSizes } from './layers/hidden-sizes.ts';
export type { Layer, LinearParams, TimeLayer } from './layers/layer.ts';
export { layerNorm } from './layers/layer-norm.ts';
export { linear } from './layers/linear.ts';
export { mlp, timeMlp, type MlpOptions, type MlpParams } from './layers/mlp.ts';
export type { NormOptions, NormParams } from './layers/normalization.ts';
export { timeConv2d, type TimeConv2dOptions } from './layers/time-conv2d.ts';
export { timeLinear } from './layers/time-linear.ts';
export { flatten, globalAveragePool2d } from './layers/to-features.ts';
export { alongTrajectory, atLastTime, type AnyLoss, type TrajectoryOptions } from './losses/along-time.ts';
export { accuracy, crossEntropy, type ClassAxisOption, type ClassLoss } from './losses/cross-entropy.ts';
export {
  binaryCrossEntropyWithLogits,
  elementwiseLoss,
  mae,
  mse,
  smoothL1,
  type ElementwiseLoss,
  type SmoothL1Options,
} from './losses/elementwise.ts';
export type { TargetOf } from './losses/leaves.ts';
export type { Reduction, ReductionOption } from './losses/reduction.ts';
export { adam, adamw, type AdamOptions } from './optimizers/adam.ts';
export {
  optimizer,
  type LeafUpdate,
  type LearningRate,
  type Optimizer,
  type OptimizerDefinition,
  type OptimizerState,
} from './optimizers/optimizer.ts';
export { rmsprop, type RmspropOptions } from './optimizers/rmsprop.ts';
export { sgd, type SgdOptions } from './optimizers/sgd.ts';
export { applyGradients, trainState, type TrainState } from './optimizers/train-state.ts';
export type { Cell, CellOptions, CellParams } from './recurrent/cell.ts';
export { gruCell } from './recurrent/gru-cell.ts';
export { lstmCell, type LstmState } from './recurrent/lstm-cell.ts';
export { rnnCell, type RnnCellOptions } from './recurrent/rnn-cell.ts';
export { unroll, type Unrolled, type UnrollOptions } from './recurrent/unroll.ts';
export {
  constantSchedule,
  cosineDecay,
  exponentialDecay,
  joinSchedules,
  linearWarmup,
  stepDecay,
  type CosineDecayOptions,
  type ExponentialDecayOptions,
  type LinearWarmupOptions,
  type Schedule,
  type StepDecayOptions,
} from './schedules/schedules.ts';
