/** Each conformance suite as one call in a vitest file. */
import type { Backend, Dataset, GradientMethod, Model, Solver, StepController } from '@node-ode/core';
import { afterAll, describe } from 'vitest';
import { backendSuite, type BackendSuiteOptions } from './backend/checks.ts';
import { stepControllerChecks, type ControllerOptions, type StepControllerSuiteOptions } from './controller/checks.ts';
import { datasetChecks, type DatasetSuiteOptions } from './dataset/checks.ts';
import { gradientMethodChecks, type GradientMethodSuiteOptions } from './gradient/checks.ts';
import { modelChecks, type ModelSuiteOptions } from './model/checks.ts';
import { solverChecks, type SolverSuiteOptions } from './solver/checks.ts';
import { declareSuite } from './support/suite.ts';

/**
 * Declares a solver's suite: orders, dense output, error estimates, evaluations, times for each sample, tolerances and
 * derivatives, in f64 where the engine has it, and else in f32 beside the reference engine's f64.
 *
 * @param make The factory of the solver: each check has a fresh one.
 * @example
 * testSolver(() => ralston());
 */
export function testSolver(make: () => Solver, options: SolverSuiteOptions = {}): void {
  declareSuite(`solver ${make().name}`, solverChecks(make, options), options);
}

/**
 * Declares a step-size controller's suite: what it accepts, how it chooses steps, whole solves.
 *
 * @param make Makes a controller with the tolerances and bounds of each check.
 * @example
 * testStepController((options) => pid(options), { factors: [0.2, 10] });
 */
export function testStepController(
  make: (options: ControllerOptions) => StepController,
  options: StepControllerSuiteOptions = {},
): void {
  const { name } = make({ rtol: 1e-3, atol: 1e-6 });
  declareSuite(`step controller ${name}`, stepControllerChecks(make, options), options);
}

/**
 * Declares a gradient method's suite: gradients for y0, parameters and every time, against closed forms and central
 * differences in f64, and second derivatives; in f32 on an engine without f64.
 *
 * @example
 * testGradientMethod(() => adjoint());
 */
export function testGradientMethod(make: () => GradientMethod, options: GradientMethodSuiteOptions = {}): void {
  declareSuite(`gradient method ${make().name}`, gradientMethodChecks(make, options), options);
}

/**
 * Declares a backend's suite: every primitive, structured control flow and its derivatives against the reference engine,
 * and the life of arrays and executables. The backend is made at the first check and disposed of after the last.
 *
 * @example
 * testBackend(async () => await wasm(), { title: 'wasm' });
 */
export function testBackend(
  make: () => Backend | Promise<Backend>,
  options: BackendSuiteOptions & { readonly title?: string } = {},
): void {
  const { checks, dispose } = backendSuite(make, options);
  describe(`backend ${options.title ?? ''}`.trim(), () => {
    afterAll(dispose);
    declareSuite('conformance', checks, options);
  });
}

/**
 * Declares a model's suite: parameters by seed, shapes, gradients, and a loss that training lowers.
 *
 * @example
 * testModel(() => linearModel(2), { input: (rng) => array([rng.normal(), rng.normal()]) });
 */
export function testModel<Params, Input, Output>(
  make: () => Model<Params, Input, Output>,
  options: ModelSuiteOptions<Params, Input, Output>,
): void {
  declareSuite(`model ${make().name}`, modelChecks(make, options), options);
}

/**
 * Declares a data set's suite: splits, sizes, and batches by seed that cover every sample once.
 *
 * @example
 * testDataset(() => spirals({ samples: 100, seed: 1 }), { splits: ['train', 'test'], title: 'spirals' });
 */
export function testDataset<Sample>(
  make: () => Dataset<Sample> | Promise<Dataset<Sample>>,
  options: DatasetSuiteOptions & { readonly title?: string } = {},
): void {
  declareSuite(`data set ${options.title ?? ''}`.trim(), datasetChecks(make, options), options);
}
