/** The Neural ODE block of Chen et al. (2018), the networks around it, and what they are compared with. */
export { autonomous, type NodeDynamics } from './dynamics.ts';
export { cnn, type CnnOptions, type CnnParams } from './images/cnn.ts';
export { convDynamics, type ConvDynamicsParams } from './images/conv-dynamics.ts';
export { imageHead, type ImageHeadParams } from './images/head.ts';
export {
  imageOdeNet,
  imageResNet,
  type ImageNetworkOptions,
  type ImageOdeNet,
  type ImageOdeNetOptions,
  type ImageResNet,
  type ImageResNetOptions,
} from './images/networks.ts';
export { residualBlock, type ResidualBlockOptions, type ResidualBlockParams } from './images/residual-block.ts';
export type { StageOptions } from './images/stage.ts';
export {
  convolutionalStem,
  residualStem,
  type ConvolutionalStemParams,
  type ResidualStemParams,
  type StemKind,
  type StemParams,
} from './images/stems.ts';
export { network, withoutBlock, type Network, type NetworkParams, type NetworkParts, type OdeNet } from './network.ts';
export {
  neuralOde,
  type NeuralOde,
  type NeuralOdeParts,
  type TerminalOptions,
  type TrajectoryOptions,
} from './neural-ode.ts';
export {
  perceptron,
  tabularOdeNet,
  type PerceptronOptions,
  type TabularOdeNet,
  type TabularOdeNetOptions,
} from './tables/networks.ts';
export { classifier, regressor, type Classifier, type Labelled, type Regressor, type Targeted } from './task.ts';
export { forecaster, type ForecasterOptions } from './forecaster.ts';
export { nodeModel, type NodeModelOptions } from './plugin.ts';
