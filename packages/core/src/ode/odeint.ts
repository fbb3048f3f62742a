/** `odeint`: trees in, trees out, around the leaf-level integrator and the gradient method. */
import { isHostArray, type HostArray } from '../array.ts';
import { callSubgraph, trace } from '../control/call.ts';
import { report, takeReport } from '../control/report.ts';
import { DTypeError, OptionError, ShapeError, TreeError } from '../errors.ts';
import { isFloat, type DType } from '../graph/dtype.ts';
import { formatType, sameType, tensorType, type Shape } from '../graph/graph.ts';
import { concat, stopGradient } from '../tensor/functions.ts';
import { asTensor, isTensor, type Tensor, type TensorLike } from '../tensor/tensor.ts';
import { asTensorResult } from '../tensor/trace.ts';
import { requireKnownOptions, type OptionNames } from '../options.ts';
import { flattenTree, requireSameStructure, type MapLeaves, type TreeStructure } from '../tree.ts';
import { requireCompatible, requireEvents, requirePerSample } from './compatibility.ts';
import { alwaysDense } from './dense.ts';
import { readEvent } from './event-time.ts';
import { closeEvents, type SolveEvent } from './events.ts';
import type {
  GradientMethod,
  Integrate,
  IntegrateAndRecord,
  IntegrateOptions,
  SolveProblem,
} from './gradient-method.ts';
import { integrate, type Integrated, type SolveStats } from './integrate.ts';
import type { Tolerance } from './pid.ts';
import type { Leaves, Solver } from './solver.ts';
import type { StepController, ToleranceChanges } from './step-controller.ts';
import { asTimes, stackTimes, type Times } from './times.ts';

/** dy/dt of a tree of tensors. Whatever else it needs it captures by closure. */
export type Dynamics<Y> = (t: Tensor, y: Y) => Y;

/** What a solve can override. */
export interface SolveOptions {
  readonly rtol?: Tolerance;
  readonly atol?: Tolerance;
  readonly solver?: Solver;
  readonly controller?: StepController;
  readonly gradient?: GradientMethod;
  /** Largest number of steps tried, 10,000 by default. */
  readonly maxSteps?: number;
  /** Times that a step must land on. */
  readonly landAt?: Times;
  /**
   * Times at which f is discontinuous. A step that ends there evaluates f before them only, by one or two units in the last
   * place of t, and the next behind them only, from a fresh start. The times have no gradient of their own: one that moves
   * with a parameter is an event.
   */
  readonly jumpTimes?: Times;
  /**
   * Steps for each sample: the first axis of every leaf of the state is that of the samples, each of which has a time, a step
   * size and a status of its own, and ends as if it were solved alone. f is given times of shape [samples]. False by default.
   */
  readonly perSample?: boolean;
  /**
   * What a solve that fails does: makes the run throw a `SolveError`, or leaves NaN at the times that it did not reach, which
   * `stats.status` tells; with steps for each sample, of the samples that failed. 'throw' by default.
   */
  readonly onFailure?: 'throw' | 'nan';
}

/** Events of a solve: the first of them ends it. */
export interface EventOptions<Y> {
  readonly event: SolveEvent<Y> | readonly SolveEvent<Y>[];
}

const solveOptions: OptionNames<SolveOptions & EventOptions<unknown>> = {
  rtol: true,
  atol: true,
  solver: true,
  controller: true,
  gradient: true,
  maxSteps: true,
  landAt: true,
  jumpTimes: true,
  perSample: true,
  onFailure: true,
  event: true,
};

/** @throws OptionError for an option that a solve does not have. */
export function requireSolveOptions(operation: string, options: object): void {
  requireKnownOptions<object>(operation, options, solveOptions);
}

/** The parts of a solve. */
export interface OdeParts {
  readonly solver: Solver;
  readonly controller: StepController;
  readonly gradient: GradientMethod;
  readonly maxSteps: number;
  readonly dtype: DType;
  readonly perSample: boolean;
  readonly onFailure: 'throw' | 'nan';
}

/** A solution: `ys` has the structure of the state, each leaf with the times as its first axis; `ts` is as it was given. */
export interface Solution<Y> {
  readonly ts: Tensor;
  readonly ys: Y;
  readonly stats: SolveStats;
}

/** A solution that an event may have ended: `ys` holds the event's state at later times. */
export interface EventSolution<Y> extends Solution<Y> {
  readonly event: EventResult<Y>;
}

/** Where a solve with events ended; differentiable once. */
export interface EventResult<Y> {
  /** Whether an event happened: a bool scalar. If none did, `t` and `y` are those of the last time. */
  readonly occurred: Tensor;
  /** Which of the events: an i32 scalar, −1 if none happened. */
  readonly index: Tensor;
  readonly t: Tensor;
  readonly y: Y;
}

/** A state as tensors. */
export type StateOf<Y> = MapLeaves<Y, TensorLike, Tensor>;

const isLike = (x: unknown): x is TensorLike => typeof x === 'number' || isTensor(x) || isHostArray(x);

/** Solves dy/dt = f(t, y), y(ts[0]) = y0, inside a traced function. */
export function odeint<Y>(
  parts: OdeParts,
  f: Dynamics<StateOf<Y>>,
  y0: Y,
  ts: Times,
  options: SolveOptions & Partial<EventOptions<StateOf<Y>>> = {},
): Solution<StateOf<Y>> & Partial<EventSolution<StateOf<Y>>> {
  requireSolveOptions('odeint', options);
  const { solver, controller, gradient, maxSteps, perSample, onFailure } = withOverrides(parts, options);
  const flat = flattenTree('odeint', y0, isLike, 'a tensor or a number');
  const dtype = stateDType(flat.leaves, parts.dtype);
  const leaves = flat.leaves.map((leaf) => asTensor(leaf, dtype, 'odeint'));
  requireState(leaves, flat.structure, dtype);
  const lanes = perSample ? samplesOf(leaves, flat.structure) : [];
  const times = asTimes('ts', ts, dtype, lanes);
  const landings = (['landAt', 'jumpTimes'] as const).map((name) => {
    const given = options[name];
    return given && stopGradient(stackTimes(asTimes(name, given, dtype, lanes), lanes));
  });
  const dynamics = closeDynamics(f, flat.structure, leaves, lanes);
  const events = options.event && closeEvents(options.event, flat.structure, leaves);
  let stats: SolveStats | undefined;
  // A reverse pass may be traced where these tensors no longer are: it has them among its captures.
  const controllerTensors = controller.tensors?.map(stopGradient) ?? [];
  const isTraced = (x: Tensor | undefined): x is Tensor => x?.source.kind === 'trace';
  const own = dynamics.captures.length;
  const solve = (problem: SolveProblem, given: IntegrateOptions, records: boolean): Integrated => {
    const held = problem.captures.slice(own, own + controllerTensors.length);
    const traced = [...problem.captures.slice(own + held.length)];
    const placed = landings.map((times) => (isTraced(times) ? traced.shift() : times));
    // Samples' own times are none where a gradient method solves for all samples in one time.
    const [landAt, jumpTimes] = isForSamples(problem) === perSample ? placed : [];
    const base = given.controller ?? (held.length === 0 ? controller : (controller.withTensors?.(held) ?? controller));
    const suited = given.tolerancesOf === undefined ? base : base.forLeaves(given.tolerancesOf, lanes);
    const normed = given.norm === undefined ? suited : (suited.withTolerances?.({ norm: given.norm }) ?? suited);
    const chosen = withChanges(normed, given.changes ?? {});
    const phase = given.phase ?? 'forward';
    const most = requireMaxSteps('odeint', given.maxSteps ?? maxSteps);
    const { checkpoints, firstStep } = given;
    const result = integrate(problem, {
      solver: records ? alwaysDense(given.solver ?? solver) : (given.solver ?? solver),
      controller: chosen,
      maxSteps: most,
      checkpoints: typeof checkpoints === 'function' ? checkpoints(most) : checkpoints,
      phase,
      landAt,
      jumpTimes,
      firstStep,
      records,
    });
    if (phase === 'forward' && stats === undefined) {
      stats = result.stats;
      // A gradient method may solve inside a body of its own: the statistics leave it as reports do.
      if (stats.nfe.source.kind === 'trace')
        report(solveStats, concat(inOrder(stats).map((x) => x.reshape([-1]))), 'first');
    }
    return result;
  };
  const run: Integrate = (problem, given = {}) => resultsOf(solve(problem, given, false));
  const record: IntegrateAndRecord = (problem, given = {}) => {
    const integrated = solve(problem, given, true);
    const { steps, structure } = integrated.recorded ?? noSteps(problem);
    const method = given.solver ?? solver;
    return {
      ys: resultsOf(integrated),
      steps,
      interpolate: (interpolant, theta) => method.interpolate(structure.rebuild(interpolant), theta),
    };
  };
  requireCompatible(solver, controller);
  if (perSample) requirePerSample({ solver, controller, gradient });
  if (events !== undefined) requireEvents(gradient, perSample);
  const captures = [...dynamics.captures, ...controllerTensors, ...landings.filter(isTraced)];
  const problem: SolveProblem = {
    f: dynamics.f,
    captures,
    y0: leaves,
    ts: stackTimes(times, lanes),
    ...(events && { events }),
    ...(onFailure === 'nan' ? { mayFail: true } : {}),
  };
  const results = gradient.solve(problem, run, record);
  const taken = takeReport(solveStats, results[0] as Tensor);
  const counts = taken === undefined ? stats : fromOrder(taken, lanes);
  const stated = (y: Leaves): StateOf<Y> => flat.structure.rebuild(y) as StateOf<Y>;
  if (events === undefined) return { ts: times, ys: stated(results), stats: counts as SolveStats };
  const { ys, t, y, index, occurred } = readEvent(problem, events, results);
  return {
    ts: times,
    ys: stated(ys),
    stats: withEvaluation(counts as SolveStats, occurred),
    event: { t, y: stated(y), index, occurred },
  };
}

/** The statistics with the evaluation that an event takes. */
const withEvaluation = (stats: SolveStats, occurred: Tensor): SolveStats => ({
  ...stats,
  nfe: stats.nfe.add(occurred.cast('i32')),
});

/** What a gradient method is given of a solve. */
const resultsOf = ({ ys, ending }: Integrated): Leaves =>
  ending === undefined ? ys : [...ending.rows, ending.times, ending.index];

const isForSamples = ({ ts }: SolveProblem): boolean => ts.rank > 1;

/** @throws OptionError: a solve to its first time makes no steps. */
function noSteps({ ts }: SolveProblem): never {
  throw new OptionError('odeint', `a record of steps for times ${formatType(ts.type)}`, {
    expected: 'at least two times',
    advice: 'A gradient method integrates without a record where there is one time.',
  });
}

/** The name under which statistics leave the bodies of a gradient method. */
const solveStats = 'solve.stats';

const inOrder = ({ nfe, accepted, rejected, status }: SolveStats): Leaves => [nfe, accepted, rejected, status];

function fromOrder(counts: Tensor, [samples]: Shape): SolveStats {
  const next = (i: number): Tensor =>
    samples === undefined ? counts.at(1 + i) : counts.slice([1 + i * samples], [samples]);
  return { nfe: counts.at(0), accepted: next(0), rejected: next(1), status: next(2) };
}

function withOverrides(parts: OdeParts, options: SolveOptions): OdeParts {
  const maxSteps = requireMaxSteps('odeint', options.maxSteps ?? parts.maxSteps);
  const controller = withChanges(options.controller ?? parts.controller, { rtol: options.rtol, atol: options.atol });
  return {
    ...parts,
    perSample: options.perSample ?? parts.perSample,
    onFailure: requireOnFailure('odeint', options.onFailure ?? parts.onFailure),
    solver: options.solver ?? parts.solver,
    controller,
    gradient: options.gradient ?? parts.gradient,
    maxSteps,
  };
}

function withChanges(controller: StepController, changes: ToleranceChanges): StepController {
  if (Object.values(changes).every((change) => change === undefined)) return controller;
  if (controller.withTolerances !== undefined) return controller.withTolerances(changes);
  throw new OptionError('odeint', `tolerances or a norm with controller '${controller.name}'`, {
    expected: 'a controller that has them',
    advice: 'Use pid() with an adaptive solver, or leave them out.',
  });
}

/** The dtype of the state's tensors; numbers adapt to it. */
function stateDType(leaves: readonly TensorLike[], fallback: DType): DType {
  const typed = leaves.find((leaf) => isTensor(leaf) || isHostArray(leaf)) as Tensor | HostArray | undefined;
  return typed?.dtype ?? fallback;
}

function requireState(leaves: Leaves, structure: TreeStructure, dtype: DType): void {
  if (leaves.length === 0)
    throw new TreeError('odeint', 'the state has no leaves', { expected: 'at least one tensor' });
  leaves.forEach((leaf, i) => {
    const name = structure.paths[i] === '' ? 'the state' : `leaf '${structure.paths[i] ?? ''}' of the state`;
    if (!isFloat(leaf.dtype) || leaf.dtype !== dtype) {
      throw new DTypeError('odeint', `${name} is ${formatType(leaf.type)}`, {
        expected: isFloat(dtype) ? `${dtype}, as the first leaf` : 'f32 or f64',
        advice: "Convert it with .cast('f32') or array(…, { dtype: 'f32' }).",
      });
    }
    if (leaf.shape.includes(0)) {
      throw new ShapeError('odeint', `${name} is ${formatType(leaf.type)}: it has no elements`, {
        expected: 'a state with at least one element',
        advice: 'Check that the batch is not empty.',
      });
    }
  });
}

/** @throws OptionError if it is no number of steps. */
export function requireMaxSteps(operation: string, maxSteps: number): number {
  if (Number.isInteger(maxSteps) && maxSteps > 0) return maxSteps;
  throw new OptionError(operation, `maxSteps = ${maxSteps}`, { expected: 'a positive integer' });
}

/** @throws OptionError if the choice is none. */
export function requireOnFailure(operation: string, onFailure: 'throw' | 'nan'): 'throw' | 'nan' {
  if (['throw', 'nan'].includes(onFailure)) return onFailure;
  throw new OptionError(operation, `onFailure = ${String(onFailure)}`, { expected: "'throw' or 'nan'" });
}

/** The extent of the samples' axis, which all leaves share. */
function samplesOf(leaves: Leaves, { paths }: TreeStructure): Shape {
  const samples = leaves[0]?.shape[0];
  leaves.forEach(({ shape, type }, i) => {
    if (samples !== undefined && shape[0] === samples) return;
    const name = paths[i] === '' ? 'the state' : `leaf '${paths[i] ?? ''}' of the state`;
    throw new ShapeError('odeint', `${name} is ${formatType(type)}, with perSample`, {
      expected: `a first axis of ${samples === undefined ? 'the' : samples} samples`,
      advice: 'With steps for each sample all leaves of the state lead with the samples.',
    });
  });
  return [samples as number];
}

/** Traces the dynamics once, as a subgraph with its captures as an argument, and checks what they return. */
function closeDynamics<Y>(
  f: Dynamics<Y>,
  structure: TreeStructure,
  y0: Leaves,
  lanes: Shape,
): Pick<SolveProblem, 'f' | 'captures'> {
  const first = y0[0] as Tensor;
  const types = [tensorType(lanes, first.dtype), ...y0.map((leaf) => leaf.type)];
  const subgraph = trace('dynamics', types, ([t, ...y]) => {
    const dy = f(t as Tensor, structure.rebuild(y) as Y);
    const flat = flattenTree('dynamics', dy, isLike, 'a tensor');
    requireSameStructure('dynamics', structure, flat.structure);
    return flat.leaves.map((leaf, i) => {
      const like = y0[i] as Tensor;
      const slope = typeof leaf === 'number' ? asTensor(leaf, like.dtype).broadcastTo(like.shape) : asTensor(leaf);
      if (sameType(slope.type, like.type)) return slope;
      const name = structure.paths[i] === '' ? 'dy' : `leaf '${structure.paths[i] ?? ''}' of dy`;
      const details = {
        expected: `${formatType(like.type)}, as the state`,
        advice: 'f(t, y) returns a tree of the shapes and dtypes of y.',
      };
      if (slope.dtype !== like.dtype) throw new DTypeError('dynamics', `${name} is ${formatType(slope.type)}`, details);
      throw new ShapeError('dynamics', `${name} is ${formatType(slope.type)}`, details);
    });
  });
  return {
    captures: subgraph.captures.map(asTensorResult),
    f: (t, y, captures) => callSubgraph(subgraph, [t, ...y], captures.slice(0, subgraph.captures.length)),
  };
}
