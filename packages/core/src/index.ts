/** @node-ode/core: tensors, graphs, derivatives, the integrator, and the contracts that every plugin meets. */
export { array, hostArray, isHostArray, toNested, type HostArray, type NestedArray } from './array.ts';
export type { BatchOptions, Dataset } from './dataset.ts';
export * from './errors.ts';
export { fileError, makeFolder, type FolderHost } from './files.ts';
export { requireKnownOptions, type OptionNames } from './options.ts';
export { asTensors, type Model, type TensorsOf } from './model.ts';
export type {
  ClassBatch,
  DensityModel,
  DensitySetup,
  LossContext,
  ModelPlugin,
  NumberBatch,
  ObservedSeries,
  PointBatch,
  SeriesModel,
  SeriesSetup,
  TableModel,
  TableSetup,
  Task,
  TaskModels,
  TaskSetup,
  TrainableModel,
} from './model-plugin.ts';
export { random, type Random, type RandomState } from './random.ts';
export {
  flattenTree,
  mapTree,
  requireSameStructure,
  type IsLeaf,
  type MapLeaves,
  type Tree,
  type TreeStructure,
} from './tree.ts';

export { broadcastShapes } from './graph/broadcast.ts';
export { checkGraph } from './graph/check.ts';
export * from './graph/dtype.ts';
export { erf } from './graph/erf.ts';
export * from './graph/evaluate.ts';
export * from './graph/graph.ts';
export { inferTypes, isDifferentiable, type Application } from './graph/infer.ts';
export type * from './graph/primitives.ts';
export { printGraph, subgraphsOf } from './graph/print.ts';

export {
  allFinite,
  arange,
  concat,
  linearCombination,
  linearSolve,
  matmul,
  onesLike,
  select,
  stack,
  stopGradient,
  zerosLike,
  type LinearSolveOptions,
} from './tensor/functions.ts';
export {
  avgPool2d,
  conv2d,
  convTranspose2d,
  maxPool2d,
  type AveragePoolOptions,
  type ConvOptions,
  type ConvTransposeOptions,
  type Padding,
  type PairLike,
  type WindowOptions,
} from './tensor/images.ts';
export { isTape, Tape } from './tensor/tape.ts';
export {
  asTensor,
  constant,
  isTensor,
  Tensor,
  type MatmulOptions,
  type ReduceOptions,
  type TensorLike,
} from './tensor/tensor.ts';
export type { Combine, Traced } from './tensor/trace.ts';

export { call } from './control/call.ts';
export { cond } from './control/cond.ts';
export {
  customVjp,
  customVjpWithTapes,
  type ReverseRule,
  type TangentRule,
  type TracedReverseRule,
  type TracedTangentRule,
} from './control/custom-vjp.ts';
export { scan, whileLoop, type Element, type Iteration, type WhileOptions } from './control/loops.ts';
export { report } from './control/report.ts';

export { hvp, jvp, type Jvp, type Tangents } from './differentiate/jvp.ts';
export { grad, valueAndGrad, valueAndGradWithAux, vjp, type Vjp } from './differentiate/vjp.ts';

export { lower } from './passes/lower.ts';
export { optimize } from './passes/optimize.ts';

export { constantStep, type ConstantStepOptions } from './ode/constant-step.ts';
export { esdirk, type EsdirkOptions, type EsdirkTableau } from './ode/esdirk.ts';
export type {
  ClosedDynamics,
  GradientMethod,
  Integrate,
  IntegrateAndRecord,
  IntegrateOptions,
  RecordedSteps,
  SolveProblem,
} from './ode/gradient-method.ts';
export { selectSamples } from './ode/lanes.ts';
export type { EventDirection, SolveEvent } from './ode/events.ts';
export type { Dynamics } from './ode/dynamics.ts';
export type { EventResult, EventSolution, Solution } from './ode/odeint.ts';
export type { EventOptions, SolveOptions } from './ode/solve-options.ts';
export type { SolveStats } from './ode/solve-stats.ts';
export type { StateOf } from './ode/state.ts';
export type { HostTimes, Times } from './ode/times.ts';
export { leafNorm, rootMeanSquare, type LeafTolerance, type Norm } from './ode/norm.ts';
export { pid, type PidOptions, type Tolerance } from './ode/pid.ts';
export {
  rungeKutta,
  type RungeKuttaInterpolant,
  type RungeKuttaState,
  type Tableau,
  type TableauExtension,
} from './ode/runge-kutta.ts';
export { failureOf, isFailureReport } from './ode/status.ts';
export type { Densified, ErrorMeasure, LeafDynamics, Leaves, Solver, SolverStart, Step } from './ode/solver.ts';
export type {
  AttemptedStep,
  ControllerProblem,
  Decision,
  StepController,
  ToleranceChanges,
} from './ode/step-controller.ts';

export type {
  Backend,
  BackendCapabilities,
  DeviceArray,
  Executable,
  RunCounters,
  RunOptions,
} from './runtime/backend.ts';
export { deviceArrays, type ArrayOwner, type DeviceArrays } from './runtime/device-arrays.ts';
export {
  checkHostArray,
  checkInputs,
  demandIndices,
  disposedArray,
  foreignArray,
  integerDividedByZero,
  interfaceOf,
  type GraphInterface,
} from './runtime/engine-checks.ts';
export { isDeviceArray, type ArgumentLeaf, type ArgumentOf } from './runtime/arguments.ts';
export { compile, type Compiled, type CompileOptions, type ResultOf, type RunStats } from './runtime/compile.ts';
export {
  createOde,
  type HostEvent,
  type HostEventSolution,
  type HostSolution,
  type HostState,
  type Ode,
  type OdeOptions,
  type SolveOutcome,
} from './runtime/create-ode.ts';
export {
  traceFunction,
  type SpecLeaf,
  type SpecsOf,
  type TensorSpec,
  type TracedFunction,
  type TraceOptions,
} from './runtime/trace-function.ts';
