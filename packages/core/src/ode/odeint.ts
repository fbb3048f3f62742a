/** `odeint`: trees in, trees out, around the leaf-level integrator and the gradient method. */
import { isHostArray, type HostArray } from '../array.ts';
import { callSubgraph, trace } from '../control/call.ts';
import { report, takeReport } from '../control/report.ts';
import { DTypeError, OptionError, ShapeError, TreeError } from '../errors.ts';
import { isFloat, type DType } from '../graph/dtype.ts';
import { formatType, sameType, tensorType } from '../graph/graph.ts';
import { concat, stopGradient } from '../tensor/functions.ts';
import { asTensor, isTensor, type Tensor, type TensorLike } from '../tensor/tensor.ts';
import { asTensorResult } from '../tensor/trace.ts';
import { flattenTree, requireSameStructure, type MapLeaves, type TreeStructure } from '../tree.ts';
import type {
  GradientMethod,
  Integrate,
  IntegrateAndRecord,
  IntegrateOptions,
  SolveProblem,
} from './gradient-method.ts';
import { integrate, requireCompatible, type Integrated, type SolveStats } from './integrate.ts';
import type { Tolerance } from './pid.ts';
import type { Leaves, Solver } from './solver.ts';
import type { StepController, ToleranceChanges } from './step-controller.ts';

/** dy/dt of a tree of tensors. Whatever else it needs it captures by closure. */
export type Dynamics<Y> = (t: Tensor, y: Y) => Y;

/** Times: increasing or decreasing, without repetition. */
export type Times = readonly TensorLike[] | HostArray | Tensor;

/** What a solve can override. */
export interface SolveOptions {
  readonly rtol?: Tolerance;
  readonly atol?: Tolerance;
  readonly solver?: Solver;
  readonly controller?: StepController;
  readonly gradient?: GradientMethod;
  /** Largest number of steps tried, 10,000 by default. */
  readonly maxSteps?: number;
  /** Times that a step must land on, such as those where f jumps. */
  readonly landAt?: Times;
}

/** The parts of a solve. */
export interface OdeParts {
  readonly solver: Solver;
  readonly controller: StepController;
  readonly gradient: GradientMethod;
  readonly maxSteps: number;
  readonly dtype: DType;
}

/** A solution: `ys` has the structure of the state, each leaf with the times as its first axis. */
export interface Solution<Y> {
  readonly ts: Tensor;
  readonly ys: Y;
  readonly stats: SolveStats;
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
  options: SolveOptions = {},
): Solution<StateOf<Y>> {
  const { solver, controller, gradient, maxSteps } = withOverrides(parts, options);
  const flat = flattenTree('odeint', y0, isLike, 'a tensor or a number');
  const dtype = stateDType(flat.leaves, parts.dtype);
  const leaves = flat.leaves.map((leaf) => asTensor(leaf, dtype, 'odeint'));
  requireState(leaves, flat.structure, dtype);
  const times = asTimes('ts', ts, dtype);
  const landAt = options.landAt === undefined ? undefined : asTimes('landAt', options.landAt, dtype);
  const dynamics = closeDynamics(f, flat.structure, leaves);
  let stats: SolveStats | undefined;
  // A reverse pass may be traced where the controller's tensors no longer are: it has them among its captures.
  const controllerTensors = controller.tensors?.map(stopGradient) ?? [];
  const own = dynamics.captures.length;
  const solve = (problem: SolveProblem, given: IntegrateOptions, records: boolean): Integrated => {
    const held = problem.captures.slice(own, own + controllerTensors.length);
    const base = given.controller ?? (held.length === 0 ? controller : (controller.withTensors?.(held) ?? controller));
    const suited = given.tolerancesOf === undefined ? base : base.forLeaves(given.tolerancesOf);
    const chosen = withChanges(suited, given.changes ?? {});
    const phase = given.phase ?? 'forward';
    const most = given.maxSteps ?? maxSteps;
    const { checkpoints, firstStep } = given;
    const result = integrate(problem, {
      solver: given.solver ?? solver,
      controller: chosen,
      maxSteps: most,
      checkpoints: typeof checkpoints === 'function' ? checkpoints(most) : checkpoints,
      phase,
      landAt: landAt && stopGradient(landAt),
      firstStep,
      records,
    });
    if (phase === 'forward' && stats === undefined) {
      stats = result.stats;
      // A gradient method may solve inside a body of its own: the statistics leave it as reports do.
      if (stats.nfe.source.kind === 'trace')
        report(solveStats, concat(inOrder(stats).map((x) => x.reshape([1]))), 'first');
    }
    return result;
  };
  const run: Integrate = (problem, given = {}) => solve(problem, given, false).ys;
  const record: IntegrateAndRecord = (problem, given = {}) => {
    const { ys, recorded } = solve(problem, given, true);
    const { steps, structure } = recorded ?? noSteps(problem);
    const method = given.solver ?? solver;
    return {
      ys,
      steps,
      interpolate: (interpolant, theta) => method.interpolate(structure.rebuild(interpolant), theta),
    };
  };
  requireCompatible(solver, controller);
  const captures = [...dynamics.captures, ...controllerTensors];
  const problem: SolveProblem = { f: dynamics.f, captures, y0: leaves, ts: times };
  const ys = gradient.solve(problem, run, record);
  const taken = takeReport(solveStats, ys[0] as Tensor);
  const counts = taken === undefined ? stats : fromOrder(taken);
  return { ts: times, ys: flat.structure.rebuild(ys) as StateOf<Y>, stats: counts as SolveStats };
}

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

const fromOrder = (counts: Tensor): SolveStats => ({
  nfe: counts.at(0),
  accepted: counts.at(1),
  rejected: counts.at(2),
  status: counts.at(3),
});

function withOverrides(parts: OdeParts, options: SolveOptions): OdeParts {
  const maxSteps = options.maxSteps ?? parts.maxSteps;
  if (!(Number.isInteger(maxSteps) && maxSteps > 0)) {
    throw new OptionError('odeint', `maxSteps = ${maxSteps}`, { expected: 'a positive integer' });
  }
  const controller = withChanges(options.controller ?? parts.controller, { rtol: options.rtol, atol: options.atol });
  return {
    ...parts,
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

function asTimes(name: string, ts: Times, dtype: DType): Tensor {
  const times = isTensor(ts) ? ts : isHostArray(ts) ? asTensor(ts) : vectorOf(name, ts, dtype);
  if (times.rank !== 1 || times.shape[0] === 0) {
    throw new ShapeError('odeint', `${name} is ${formatType(times.type)}`, {
      expected: 'a vector of at least one time',
    });
  }
  if (isHostArray(ts)) requireMonotone(Array.from(ts.data), name);
  if (times.dtype !== dtype) {
    throw new DTypeError('odeint', `${name} is ${formatType(times.type)}`, {
      expected: `${dtype}, as the state`,
      advice: `Convert it with .cast('${dtype}') or array(…, { dtype: '${dtype}' }).`,
    });
  }
  return times;
}

function vectorOf(name: string, ts: readonly TensorLike[], dtype: DType): Tensor {
  const numbers = ts.filter((t) => typeof t === 'number');
  if (numbers.length === ts.length) requireMonotone(numbers, name);
  if (ts.length === 0) throw new ShapeError('odeint', `${name} is empty`, { expected: 'at least one time' });
  return concat(ts.map((t) => asTensor(t, dtype, 'odeint').reshape([1])));
}

/** @throws OptionError where times given as numbers are not finite or not strictly monotone. */
export function requireMonotone(ts: readonly number[], name = 'ts'): void {
  const direction = Math.sign((ts.at(-1) ?? 0) - (ts[0] ?? 0));
  ts.forEach((t, i) => {
    const before = ts[i - 1];
    const fits = Number.isFinite(t) && (before === undefined || (t - before) * direction > 0);
    if (fits) return;
    throw new OptionError('odeint', `${name}[${i}] = ${t}${before === undefined ? '' : ` after ${before}`}`, {
      expected: 'finite times, strictly increasing or strictly decreasing',
      advice: 'Sort them and remove repeated ones.',
    });
  });
}

/** Traces the dynamics once, as a subgraph with its captures as an argument, and checks what they return. */
function closeDynamics<Y>(f: Dynamics<Y>, structure: TreeStructure, y0: Leaves): Pick<SolveProblem, 'f' | 'captures'> {
  const first = y0[0] as Tensor;
  const types = [tensorType([], first.dtype), ...y0.map((leaf) => leaf.type)];
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
