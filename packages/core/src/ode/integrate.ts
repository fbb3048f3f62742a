/**
 * The integrator: one loop whose iterations each try a step. An accepted step writes the output values within it; one that
 * is rejected changes nothing but the step size, and records nothing for the reverse pass.
 */
import { whileLoop } from '../control/loops.ts';
import { select, stopGradient, zerosLike } from '../tensor/functions.ts';
import type { Shape } from '../graph/graph.ts';
import { constant, isTensor, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, type TreeStructure } from '../tree.ts';
import { attempt, type Attempt, type Moment } from './advance.ts';
import { requireCompatible, requireSamples } from './compatibility.ts';
import type { ClosedDynamics, RecordedSteps, SolveProblem } from './gradient-method.ts';
import { dynamicsOf, sidesOf } from './jumps.ts';
import { areMonotone, firstCursors, landingsOf, nextCursors, nextTarget } from './landings.ts';
import { anySample, asRows, choose, chooseRarely, fromRows, isPerSample } from './lanes.ts';
import type { Leaves, Solver } from './solver.ts';
import { endingOf, firstSigns, noEvent, type Ending } from './events.ts';
import { start as begin } from './start.ts';
import { reportCounts, reportFailure } from './solve-reports.ts';
import { reports, statusCode } from './status.ts';
import type { StepController } from './step-controller.ts';
import { afterStep, areFinite, errorToJudge, resolution, statusAfter, type TriedStep } from './verdict.ts';

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

/** What a solve gives. */
export interface Integrated {
  readonly ys: Leaves;
  readonly stats: SolveStats;
  /** The accepted steps, if they were to be recorded, and the structure of an interpolant. */
  readonly recorded: { readonly steps: RecordedSteps; readonly structure: TreeStructure } | undefined;
}

/** What a solve counts: i32. All but `nfe` have an element for each sample where samples have steps of their own. */
export interface SolveStats {
  /** Function evaluations; one evaluates f for all samples. */
  readonly nfe: Tensor;
  readonly accepted: Tensor;
  readonly rejected: Tensor;
  /**
   * 0 if the solve reached its last time, else why it did not: `statusCode`. A run that fails throws all the same, unless it
   * was told not to.
   */
  readonly status: Tensor;
}

/** What a solve gives: y at each time, stacked along a new first axis. */
export interface Integrated {
  readonly ys: Leaves;
  readonly stats: SolveStats;
  /** With events: rows up to the end, and where that is. */
  readonly ending: Ending | undefined;
}

/** What an iteration hands to the next. Times, sizes, indices and counts are scalars, or vectors of one for each sample. */
interface Carry {
  readonly t: Tensor;
  /** What the sum of the steps lost to rounding (Kahan). */
  readonly lost: Tensor;
  /** Signed size of the next step. */
  readonly h: Tensor;
  readonly y: Leaves;
  readonly state: Leaves;
  readonly controller: Leaves;
  /** Index of the next output time. */
  readonly j: Tensor;
  /** Number of landing times passed, of each list of them. */
  readonly landed: Leaves;
  readonly ys: Leaves;
  readonly status: Tensor;
  /** Signs of the event functions, and the index of the event that happened. */
  readonly events: Leaves;
  readonly attempts: Tensor;
  readonly accepted: Tensor;
  readonly nfe: Tensor;
}

/** What is recorded of an accepted step. */
interface StepRecord {
  readonly t: Tensor;
  readonly tNext: Tensor;
  readonly h: Tensor;
  readonly interpolant: Leaves;
}

/** A step is stretched by up to this fraction to reach a time, so that rounding leaves no sliver of a step behind. */
const slack = 1e-3;

/**
 * Solves a problem; gives y at each time, stacked along a new first axis. Times [T, B] give each of B samples times, steps and
 * a status of its own: one loop goes on until all are done, and a sample that is stays as it is.
 */
export function integrate(problem: SolveProblem, method: Method): Integrated {
  const { solver, controller, maxSteps } = method;
  requireCompatible(solver, controller);
  const { f, captures, y0, ts, events, mayFail = false } = problem;
  const [count = 0, ...lanes] = ts.shape;
  const ys0 = y0.map((leaf) => constant(mayFail ? NaN : 0, [count, ...leaf.shape], leaf.dtype).setRow(0, leaf));
  const zero = constant(0, lanes, 'i32');
  const none = constant(0, [], 'i32');
  if (count === 1) {
    const ending = events && endingOf(problem, ys0, { t: ts.at(0), y: y0, index: constant(noEvent.none, [], 'i32') });
    const stats = { nfe: none, accepted: zero, rejected: zero, status: zero };
    return { ys: ys0, ending, stats, recorded: undefined };
  }

  const t0 = ts.at(0);
  const [start, end] = [stopGradient(t0), stopGradient(ts.at(-1))];
  const direction = end.sub(start).sign();
  const course = { start, end, direction };
  const landings = landingsOf([method.landAt, method.jumpTimes], course);
  const cursors = firstCursors(landings);
  const jumps = method.jumpTimes && { times: method.jumpTimes, ...course };
  const sides = (t: Tensor, tNext: Tensor): Moment['sides'] => (jumps === undefined ? [] : sidesOf(jumps, t, tNext));
  const firstSides = sides(start, nextTarget(landings, cursors));
  const near: ClosedDynamics = (t, y, used) => dynamicsOf(f, { captures: used, sides: firstSides })(t, y);
  const initial = begin(solver, { ...problem, f: near }, t0);
  requireSamples(`solver '${solver.name}'`, initial.state, lanes);
  const frozen = (leaves: Leaves): Leaves => leaves.map(stopGradient);
  const orders = { order: solver.order, errorOrder: solver.errorOrder ?? solver.order - 1 };
  const watched =
    events && firstSigns(events, (t, y) => near(t, y, captures), { t0: start, t1: end, y0, dy0: initial.dy0 });
  const first = controller.init({
    f: (t, y) => near(t, y, frozen(captures)),
    t0: start,
    t1: end,
    y0: frozen(y0),
    dy0: initial.dy0 === undefined ? undefined : frozen(initial.dy0),
    ...orders,
  });
  const controller0 = flattenTree('controller state', first.state, isTensor);
  requireSamples(`controller '${controller.name}'`, [method.firstStep ?? first.h, ...controller0.leaves], lanes);
  const i32 = (x: number): Tensor => constant(x, lanes, 'i32');
  const isInOrder = [stopGradient(ts), ...landings.lists]
    .map((times) => areMonotone(times, direction))
    .reduce((a, b) => a.and(b));

  const hasTolerances =
    first.isValid === undefined ? i32(0) : select(first.isValid, i32(0), i32(statusCode.invalidTolerances));
  const hasNumbers = (x: Tensor): Tensor => x.equal(x).all();
  const hasEvents =
    watched === undefined
      ? hasTolerances
      : select(hasNumbers(watched.values), hasTolerances, i32(statusCode.invalidEvent));
  // Steps from here on change t well enough to need no closer look.
  const span = start.abs().maximum(end.abs());
  const smallStep = span.mul(resolution(t0)).maximum(controller.minStep ?? 0);

  const measureAt = measureOf(controller, captures, lanes);
  let interpolant: TreeStructure | undefined;
  const { carry, tape } = whileLoop<Carry, StepRecord | readonly []>(
    {
      t: t0,
      lost: zerosLike(t0),
      h: stopGradient(method.firstStep ?? first.h),
      y: y0,
      state: initial.state,
      controller: frozen(controller0.leaves),
      j: i32(1),
      landed: cursors,
      ys: ys0.map((rows) => asRows(rows, lanes)),
      status: select(isInOrder, hasEvents, i32(statusCode.invalidTimes)),
      events: watched === undefined ? [] : [watched.signs, i32(noEvent.none)],
      attempts: i32(0),
      accepted: i32(0),
      nfe: addCounts(
        addCounts(initial.evaluations, watched?.evaluations ?? 0),
        method.firstStep === undefined ? first.evaluations : 0,
      ),
    },
    (c) => anySample(isRunning(c, count)),
    (c) => {
      const t = stopGradient(c.t);
      const target = nextTarget(landings, c.landed);
      const remaining = target.sub(t);
      const reaches = c.h
        .abs()
        .mul(1 + slack)
        .greaterEqual(remaining.abs());
      // A step that reaches the target assigns it; any other adds to the compensated sum of steps.
      const {
        h: size,
        tNext,
        lost,
        isShortened,
      } = choose(
        reaches,
        { t, target, remaining, h: c.h, lost: c.lost },
        (x) => ({
          h: x.remaining,
          tNext: x.target,
          lost: zerosLike(x.t),
          isShortened: x.remaining.abs().less(x.h.abs()),
        }),
        (x) => {
          const step = x.h.sub(x.lost);
          const sum = x.t.add(step);
          return { h: x.h, tNext: sum, lost: sum.sub(x.t).sub(step), isShortened: constant(false, lanes) };
        },
      );
      const { y, state, j, ys } = c;
      // A sample that is done, or has failed, takes steps of size 0.
      const h = isPerSample(size) ? select(isRunning(c, count), size, 0) : size;
      const moment: Moment = {
        t: c.t,
        tNext,
        h,
        y,
        state,
        j,
        ys,
        ts: asRows(ts, lanes),
        captures,
        sides: sides(t, tNext),
        signs: c.events.slice(0, 1),
      };
      const others = [isShortened, c.h, lost, c.lost, ...c.controller];
      const judge: Attempt['judge'] = (m, taken, [shortened, planned, lostNow, lostBefore, ...held]) => {
        const next = controller.next(
          { h: m.h, t: m.t, y0: m.y, y1: taken.y, error: errorToJudge(taken), errorOrder: orders.errorOrder },
          controller0.structure.rebuild(held),
        );
        const computed = [...taken.y, ...(taken.error ?? [])];
        const solved = taken.isSolved === undefined ? [] : [taken.isSolved];
        const isFinite = next.accept.and(areFinite(computed, lanes.length));
        const isRight = solved.reduce((all, x) => all.and(x), isFinite);
        const accept = isPerSample(m.h) ? isRight.and(m.h.notEqual(0)) : isRight;
        const judged = { shortened, planned, next: next.h, lostNow, lostBefore, computed } as TriedStep;
        const { finite, lost: lostNext, h: h1 } = afterStep(accept, judged);
        const state = flattenTree('controller state', next.state, isTensor).leaves;
        const within = flattenTree('interpolant', method.records ? taken.interpolant : [], isTensor);
        interpolant = within.structure;
        return { accept, finite, rest: [lostNext, h1, ...state, ...frozen(within.leaves), ...solved] };
      };
      const tried = attempt({ solver, state: initial.structure, f, events, mayFail, measureAt, judge }, moment, others);
      const [lostNext, h1, ...others1] = tried.rest as [Tensor, Tensor, ...Tensor[]];
      const [held, rest] = [others1.slice(0, c.controller.length), others1.slice(c.controller.length)];
      const recorded = interpolant?.paths.length ?? 0;
      const [within, solved] = [rest.slice(0, recorded), rest.slice(recorded)];
      const attempts = c.attempts.add(isPerSample(h) ? isRunning(c, count).cast('i32') : 1);
      const isWell = tried.accept.and(h1.abs().greaterEqual(smallStep)).and(attempts.less(maxSteps));
      const isFine = isPerSample(h) ? isWell.or(isRunning(c, count).not()) : isWell;
      const seen = 'index' in tried.noted ? tried.noted : undefined;
      const next = seen === undefined ? tried.j : select(seen.index.greaterEqual(0), count, tried.j);
      const before =
        seen === undefined ? c.status : select(seen.index.equal(noEvent.invalid), statusCode.invalidEvent, c.status);
      const status = chooseRarely(
        isFine,
        {
          t,
          start,
          end,
          h,
          h1,
          accept: tried.accept,
          finite: tried.finite,
          solved,
          attempts,
          j: next,
          status: before,
        },
        (x) => x.status,
        (x) => statusAfter(x, { count, maxSteps, minStep: controller.minStep }),
      );
      return {
        carry: {
          t: tried.t,
          lost: lostNext,
          h: isPerSample(h) ? select(isRunning(c, count), h1, c.h) : h1,
          y: tried.y,
          state: tried.state,
          controller: held,
          j: next,
          landed: nextCursors(landings, c.landed, target, tried.accept.and(reaches)),
          ys: tried.ys,
          status,
          events: seen === undefined ? [] : [seen.signs, seen.index],
          attempts,
          accepted: c.accepted.add(tried.accept.cast('i32')),
          nfe: addCounts(c.nfe, tried.evaluations),
        },
        advances: anySample(tried.accept),
        ...(method.records ? { tape: { t, tNext: seen?.extent.end ?? tNext, h, interpolant: within } } : {}),
      };
    },
    method.checkpoints === undefined
      ? {}
      : { checkpoints: method.checkpoints, tallies: (c) => ({ [reports.nfeBackward]: c.nfe }) },
  );

  const { nfe, attempts, accepted, status } = carry;
  const rejected = attempts.sub(accepted);
  reportCounts(method.phase, { nfe, accepted, rejected });
  if (!mayFail) reportFailure({ ...carry, t: stopGradient(carry.t) });
  const ys = carry.ys.map((rows) => fromRows(rows, lanes));
  const ending = events && endingOf(problem, ys, { t: carry.t, y: carry.y, index: carry.events[1] as Tensor });
  const recorded = 'h' in tape && interpolant !== undefined ? { steps: tape, structure: interpolant } : undefined;
  return { ys, ending, stats: { nfe, accepted, rejected, status }, recorded };
}

/** Whether a solve, or a sample of it, has output times left and has not failed. */
const isRunning = ({ status, j }: Pick<Carry, 'status' | 'j'>, count: number): Tensor =>
  status.equal(0).and(j.less(count));

/** How a controller measures errors where its tensors are among the captures: a reverse pass has its own of these. */
function measureOf(controller: StepController, captures: Leaves, lanes: Shape): Attempt['measureAt'] {
  const { tensors = [], withTensors } = controller;
  const positions = tensors.map((tensor) => captures.indexOf(tensor));
  const isHeld = withTensors !== undefined && positions.length > 0 && !positions.includes(-1);
  return (m) => {
    const { measure } = isHeld ? withTensors(positions.map((at) => m.captures[at] as Tensor)) : controller;
    return measure && ((error, y) => measure(error, y, lanes));
  };
}

const addCounts = (a: Tensor, b: number | Tensor): Tensor => (b === 0 ? a : a.add(b));
