/** The conformance suites as lists of named checks, without a test framework. */
export { backendChecks, type BackendSuiteOptions } from './backend/checks.ts';
export { stepControllerChecks, type ControllerOptions, type StepControllerSuiteOptions } from './controller/checks.ts';
export { datasetChecks, type DatasetSuiteOptions } from './dataset/checks.ts';
export { gradientMethodChecks, type GradientMethodSuiteOptions } from './gradient/checks.ts';
export { modelChecks, type ModelSuiteOptions } from './model/checks.ts';
export { solverChecks, type SolverSuiteOptions } from './solver/checks.ts';
export { ConformanceError, failuresOf, type Check, type Failure } from './support/check.ts';
