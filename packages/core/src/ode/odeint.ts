/** `odeint`: trees in, trees out, around the leaf-level integrator and the gradient method. */
import { CompositionError, OptionError } from '../errors.ts';
import { formatType, type Shape } from '../graph/graph.ts';
import { stopGradient } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireCompatible, requireEvents, requirePerSample } from './compatibility.ts';
import { alwaysDense } from './dense.ts';
import { closeDynamics, type Dynamics } from './dynamics.ts';
import { readEvent } from './event-time.ts';
import { closeEvents } from './events.ts';
import type {
  GradientMethod,
  Integrate,
  IntegrateAndRecord,
  IntegrateOptions,
  SolveProblem,
} from './gradient-method.ts';
import { integrate, type Integrated } from './integrate.ts';
import {
  requireMaxSteps,
  requireSolveOptions,
  withChanges,
  withOverrides,
  type EventOptions,
  type OdeParts,
  type SolveOptions,
} from './solve-options.ts';
import { receiveStats, sendStats, withEvaluation, type SolveStats } from './solve-stats.ts';
import type { Leaves } from './solver.ts';
import { asState, type StateOf } from './state.ts';
import type { StepController } from './step-controller.ts';
import { asTimes, stackTimes, type Times } from './times.ts';

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
  const state = asState(y0, parts.dtype, perSample);
  const { leaves, structure, dtype, lanes } = state;
  const times = asTimes('ts', ts, dtype, lanes);
  const landings = (['landAt', 'jumpTimes'] as const).map((name) => {
    const given = options[name];
    return given && stopGradient(stackTimes(asTimes(name, given, dtype, lanes), lanes));
  });
  const dynamics = closeDynamics(f, state);
  const events = options.event && closeEvents(options.event, structure, leaves);
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
    const chosen = suited(base, given, lanes);
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
      // A gradient method may solve inside a body of its own.
      sendStats(stats);
    }
    return result;
  };
  const run: Integrate = (problem, given = {}) => resultsOf(solve(problem, given, false));
  const record: IntegrateAndRecord = (problem, given = {}) => {
    const integrated = solve(problem, given, true);
    const recorded = integrated.recorded ?? noSteps(problem);
    const method = given.solver ?? solver;
    return {
      ys: resultsOf(integrated),
      steps: recorded.steps,
      interpolate: (interpolant, theta) => method.interpolate(recorded.structure.rebuild(interpolant), theta),
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
  const counts = receiveStats(results[0] as Tensor, lanes) ?? stats ?? noStats(gradient);
  const stated = (y: Leaves): StateOf<Y> => structure.rebuild(y) as StateOf<Y>;
  if (events === undefined) return { ts: times, ys: stated(results), stats: counts };
  const { ys, t, y, index, occurred } = readEvent(problem, events, results);
  return {
    ts: times,
    ys: stated(ys),
    stats: withEvaluation(counts, occurred),
    event: { t, y: stated(y), index, occurred },
  };
}

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

/** @throws CompositionError: what a solve took is unknown. */
function noStats({ name }: GradientMethod): never {
  throw new CompositionError('odeint', `gradient method '${name}' did not solve the problem`, {
    expected: 'a method that calls integrate or record in its forward pass',
  });
}

/** A controller as a gradient method wants it for a solve of its own. */
function suited(controller: StepController, given: IntegrateOptions, lanes: Shape): StepController {
  const { tolerancesOf, norm, changes = {} } = given;
  const own = tolerancesOf === undefined ? controller : controller.forLeaves(tolerancesOf, lanes);
  const normed = norm === undefined ? own : (own.withTolerances?.({ norm }) ?? own);
  return withChanges(normed, changes);
}
