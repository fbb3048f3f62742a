/** @node-ode/testkit: the conformance suites that plugin authors run in vitest, each with one call. */
export * from './checks.ts';
export * from './problems/index.ts';
export { testBackend, testDataset, testGradientMethod, testModel, testSolver, testStepController } from './suites.ts';
