/** A solve before its first step: where it goes, what its plugins begin with, and whether it can begin at all. */
import type { Shape } from '../graph/graph.ts';
import { select, stopGradient, zerosLike } from '../tensor/functions.ts';
import { constant, isTensor, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, type TreeStructure } from '../tree.ts';
import type { Moment } from './advance.ts';
import { requireSamples } from './compatibility.ts';
import { firstSigns, noEvent } from './events.ts';
import type { ClosedDynamics, SolveProblem } from './gradient-method.ts';
import type { Carry } from './iteration.ts';
import { dynamicsOf, sidesOf } from './jumps.ts';
import { areMonotone, firstCursors, landingsOf, nextTarget, type Landings } from './landings.ts';
import { asRows } from './lanes.ts';
import { addCounts } from './solve-stats.ts';
import { errorOrderOf, type Leaves, type Solver } from './solver.ts';
import { start as begin } from './start.ts';
import { statusCode } from './status.ts';
import type { StepController } from './step-controller.ts';
import { resolution } from './verdict.ts';

/** How a problem is integrated. */
export interface Method {
  readonly solver: Solver;
  readonly controller: StepController;
  readonly maxSteps: number;
  /** The largest number of states that the reverse pass holds; undefined tapes each accepted step. */
  readonly checkpoints: number | undefined;
  readonly phase: 'forward' | 'backward';
  /** Times that steps must land on, increasing or decreasing; stacked like the output times. */
  readonly landAt: Tensor | undefined;
  /** Times at which f is discontinuous, likewise: steps land on them, too. */
  readonly jumpTimes: Tensor | undefined;
  /** Signed size of the first step, in place of the controller's. */
  readonly firstStep: Tensor | undefined;
  /** Whether the accepted steps are recorded. */
  readonly records: boolean;
}

/** What all iterations of a solve have in common. */
export interface Prepared {
  readonly problem: SolveProblem;
  readonly method: Method;
  readonly start: Tensor;
  readonly end: Tensor;
  readonly landings: Landings;
  /** How a step between two times lies among the jumps. */
  readonly sides: (t: Tensor, tNext: Tensor) => Moment['sides'];
  /** Structures of the solver's and of the controller's state. */
  readonly solverState: TreeStructure;
  readonly controllerState: TreeStructure;
  /** Steps from here on change t well enough to need no closer look. */
  readonly smallStep: Tensor;
  /** What the first iteration begins with. */
  readonly carry: Carry;
}

/** @param ys0 buffers of the output values, with the first one written */
export function prepare(problem: SolveProblem, method: Method, ys0: Leaves): Prepared {
  const { solver, controller } = method;
  const { f, captures, y0, ts, events } = problem;
  const lanes = ts.shape.slice(1);
  const t0 = ts.at(0);
  const [start, end] = [stopGradient(t0), stopGradient(ts.at(-1))];
  const direction = end.sub(start).sign();
  const course = { start, end, direction };
  const landings = landingsOf([method.landAt, method.jumpTimes], course);
  const cursors = firstCursors(landings);
  const jumps = method.jumpTimes && { times: method.jumpTimes, ...course };
  const sides: Prepared['sides'] = (t, tNext) => (jumps === undefined ? [] : sidesOf(jumps, t, tNext));
  const firstSides = sides(start, nextTarget(landings, cursors));
  const near: ClosedDynamics = (t, y, used) => dynamicsOf(f, { captures: used, sides: firstSides })(t, y);
  const initial = begin(solver, { ...problem, f: near }, t0);
  requireSamples(`solver '${solver.name}'`, initial.state, lanes);
  const frozen = (leaves: Leaves): Leaves => leaves.map(stopGradient);
  const watched =
    events && firstSigns(events, (t, y) => near(t, y, captures), { t0: start, t1: end, y0, dy0: initial.dy0 });
  const first = controller.init({
    f: (t, y) => near(t, y, frozen(captures)),
    t0: start,
    t1: end,
    y0: frozen(y0),
    dy0: initial.dy0 === undefined ? undefined : frozen(initial.dy0),
    order: solver.order,
    errorOrder: errorOrderOf(solver),
  });
  const controlled = flattenTree('controller state', first.state, isTensor);
  requireSamples(`controller '${controller.name}'`, [method.firstStep ?? first.h, ...controlled.leaves], lanes);
  const isInOrder = [stopGradient(ts), ...landings.lists]
    .map((times) => areMonotone(times, direction))
    .reduce((a, b) => a.and(b));
  const validity = statusOfPlugins(first.isValid, watched?.values, lanes);
  const span = start.abs().maximum(end.abs());
  const smallStep = span.mul(resolution(t0)).maximum(controller.minStep ?? 0);
  const i32 = (x: number): Tensor => constant(x, lanes, 'i32');
  return {
    problem,
    method,
    start,
    end,
    landings,
    sides,
    solverState: initial.structure,
    controllerState: controlled.structure,
    smallStep,
    carry: {
      t: t0,
      lost: zerosLike(t0),
      h: stopGradient(method.firstStep ?? first.h),
      y: y0,
      state: initial.state,
      controller: frozen(controlled.leaves),
      j: i32(1),
      landed: cursors,
      ys: ys0.map((rows) => asRows(rows, lanes)),
      status: select(isInOrder, validity, i32(statusCode.invalidTimes)),
      events: watched === undefined ? [] : [watched.signs, i32(noEvent.none)],
      attempts: i32(0),
      accepted: i32(0),
      nfe: addCounts(
        addCounts(initial.evaluations, watched?.evaluations ?? 0),
        method.firstStep === undefined ? first.evaluations : 0,
      ),
    },
  };
}

/** The status that tolerances and the first values of event functions leave: 0 if these are numbers and those are valid. */
function statusOfPlugins(hasTolerances: Tensor | undefined, eventValues: Tensor | undefined, lanes: Shape): Tensor {
  const i32 = (x: number): Tensor => constant(x, lanes, 'i32');
  const tolerances =
    hasTolerances === undefined ? i32(0) : select(hasTolerances, i32(0), i32(statusCode.invalidTolerances));
  if (eventValues === undefined) return tolerances;
  return select(eventValues.equal(eventValues).all(), tolerances, i32(statusCode.invalidEvent));
}
