/** Measurements that the solvers' tests and the tables of docs/accuracy.md share. */
export {
  detestCases,
  detestTolerances,
  endOf,
  stiffCases,
  torchdiffeqCases,
  torchdiffeqTolerances,
  type Case,
  type StiffCase,
} from './cases.ts';
export { convergence, measure, measureAdaptive, type Convergence, type Measurement } from './measure.ts';
export {
  backwards,
  input,
  contractingProblem,
  linearProblem,
  linearValues,
  networkProblem,
  type GradientProblem,
  type Inputs,
  type LinearValues,
} from './gradient-problems.ts';
export { differencesOf, distances, gradientOf, hessianOf, relativeDistance, type Gradient } from './gradients.ts';
export { exactGradient, exactHessian } from './linear-exact.ts';
export { largeTolerances, largeTrainingStep, smallTrainingStep } from './training.ts';
