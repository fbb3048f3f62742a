/** Measurements that the solvers' tests and the tables of docs/accuracy.md share. */
export { detestCases, detestTolerances, torchdiffeqCases, torchdiffeqTolerances, type Case } from './cases.ts';
export { convergence, measure, measureAdaptive, type Convergence, type Measurement } from './measure.ts';
