/** Continuous normalizing flows (Chen et al. 2018, FFJORD, RNODE), and the discrete planar flow beside them. */
export {
  cnf,
  type Cnf,
  type CnfOptions,
  type FlowBatch,
  type FlowNoise,
  type FlowTrajectory,
} from './continuous/cnf.ts';
export { exact, hutchinson, type DivergenceMethod, type MeasuredMotion } from './continuous/divergence.ts';
export { planarFlow, type PlanarFlow, type PlanarFlowOptions, type PlanarFlowParams } from './discrete/planar-flow.ts';
export type { PlanarLayerParams } from './discrete/planar-layer.ts';
export { concatSquashMlp } from './fields/concat-squash-mlp.ts';
export { hyperPlanarField, type HyperPlanarOptions } from './fields/hyper-planar.ts';
export { planarField, type PlanarOptions, type PlanarParams } from './fields/planar.ts';
export type { ClosedFormField, Motion, VectorField } from './fields/vector-field.ts';
export type { Energy, FlowSample, Sampler } from './flow.ts';
export { drawNoise, type NoiseKind } from './noise.ts';
export { standardNormalLogProb } from './standard-normal.ts';
export { cnfModel, type CnfModelOptions } from './plugin.ts';
