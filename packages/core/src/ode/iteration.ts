/** One iteration of a solve: it tries a step, and what it hands to the next depends on how that went. */
import type { Iteration } from '../control/loops.ts';
import type { Shape } from '../graph/graph.ts';
import { select, stopGradient, zerosLike } from '../tensor/functions.ts';
import { constant, isTensor, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, type TreeStructure } from '../tree.ts';
import { attempt, type Attempt, type Judge, type Moment } from './advance.ts';
import { noEvent } from './events.ts';
import { nextCursors, nextTarget } from './landings.ts';
import { anySample, asRows, choose, chooseRarely, isPerSample } from './lanes.ts';
import type { Prepared } from './prepare.ts';
import { addCounts } from './solve-stats.ts';
import { errorOrderOf, type Leaves } from './solver.ts';
import { statusCode } from './status.ts';
import type { StepController } from './step-controller.ts';
import { afterStep, areFinite, errorToJudge, statusAfter } from './verdict.ts';

/** What an iteration hands to the next. Times, sizes, indices and counts are scalars, or vectors of one for each sample. */
export interface Carry {
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
export interface StepRecord {
  readonly t: Tensor;
  readonly tNext: Tensor;
  readonly h: Tensor;
  readonly interpolant: Leaves;
}

/** Whether a solve, or a sample of it, has output times left and has not failed. */
export const isRunning = ({ status, j }: Pick<Carry, 'status' | 'j'>, count: number): Tensor =>
  status.equal(0).and(j.less(count));

/** An iteration, and the structure of the interpolant that it records. */
export type Iterated = Iteration<Carry, StepRecord | readonly []> & {
  readonly interpolant: TreeStructure | undefined;
};

export function iterate(solve: Prepared, c: Carry): Iterated {
  const { problem, method, start, end, landings, smallStep } = solve;
  const { f, captures, ts, events, mayFail = false } = problem;
  const { solver, controller, maxSteps, records } = method;
  const [count = 0, ...lanes] = ts.shape;
  const t = stopGradient(c.t);
  const target = nextTarget(landings, c.landed);
  const { reaches, h: size, tNext, lost, isShortened } = strideTo(target, t, c, lanes);
  // A sample that is done, or has failed, takes steps of size 0.
  const h = isPerSample(size) ? select(isRunning(c, count), size, 0) : size;
  const moment: Moment = {
    t: c.t,
    tNext,
    h,
    y: c.y,
    state: c.state,
    j: c.j,
    ys: c.ys,
    ts: asRows(ts, lanes),
    captures,
    sides: solve.sides(t, tNext),
    signs: c.events.slice(0, 1),
  };
  const { judge, interpolant } = judgeOf(solve, lanes);
  const parts: Attempt = {
    solver,
    state: solve.solverState,
    f,
    events,
    mayFail,
    measureAt: measureOf(controller, captures, lanes),
  };
  const tried = attempt(parts, judge, moment, [isShortened, c.h, lost, c.lost, c.controller]);
  const [lostNext, h1, held, within, solved] = tried.rest;
  const attempts = c.attempts.add(isPerSample(h) ? isRunning(c, count).cast('i32') : 1);
  const isWell = tried.accept.and(h1.abs().greaterEqual(smallStep)).and(attempts.less(maxSteps));
  const isFine = isPerSample(h) ? isWell.or(isRunning(c, count).not()) : isWell;
  const seen = 'index' in tried.noted ? tried.noted : undefined;
  const j = seen === undefined ? tried.j : select(seen.index.greaterEqual(0), count, tried.j);
  const before =
    seen === undefined ? c.status : select(seen.index.equal(noEvent.invalid), statusCode.invalidEvent, c.status);
  const { accept, finite } = tried;
  const status = chooseRarely(
    isFine,
    { t, start, end, h, h1, accept, finite, solved, attempts, j, status: before },
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
      j,
      landed: nextCursors(landings, c.landed, target, accept.and(reaches)),
      ys: tried.ys,
      status,
      events: seen === undefined ? [] : [seen.signs, seen.index],
      attempts,
      accepted: c.accepted.add(accept.cast('i32')),
      nfe: addCounts(c.nfe, tried.evaluations),
    },
    advances: anySample(accept),
    ...(records ? { tape: { t, tNext: seen?.extent.end ?? tNext, h, interpolant: within } } : {}),
    interpolant: interpolant(),
  };
}

/** A step is stretched by up to this fraction to reach a time, so that rounding leaves no sliver of a step behind. */
const slack = 1e-3;

/** A step on the way to a time. */
interface Stride {
  readonly reaches: Tensor;
  readonly h: Tensor;
  readonly tNext: Tensor;
  readonly lost: Tensor;
  /** Whether it is shorter than planned, to land on the time. */
  readonly isShortened: Tensor;
}

/** A step that reaches the target assigns it; any other adds to the compensated sum of steps. */
function strideTo(target: Tensor, t: Tensor, { h, lost }: Pick<Carry, 'h' | 'lost'>, lanes: Shape): Stride {
  const remaining = target.sub(t);
  const reaches = h
    .abs()
    .mul(1 + slack)
    .greaterEqual(remaining.abs());
  const stride = choose(
    reaches,
    { t, target, remaining, h, lost },
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
  return { reaches, ...stride };
}

/** Whether a step was shortened, its planned size, what its sum lost with it and without it, the controller's state. */
type Held = readonly [shortened: Tensor, planned: Tensor, lostNow: Tensor, lostBefore: Tensor, controller: Leaves];
/** What the sum lost, the size of the next step, the controller's state, the interpolant if it is recorded, what is solved. */
type Decided = readonly [lost: Tensor, h: Tensor, controller: Leaves, interpolant: Leaves, solved: Leaves];

/** The judge of a step, and the structure of the interpolants that it was shown. */
function judgeOf(
  { method, controllerState }: Prepared,
  lanes: Shape,
): { readonly judge: Judge<Held, Decided>; readonly interpolant: () => TreeStructure | undefined } {
  const { solver, controller, records } = method;
  let interpolant: TreeStructure | undefined;
  const judge: Judge<Held, Decided> = (m, taken, [shortened, planned, lostNow, lostBefore, held]) => {
    const next = controller.next(
      { h: m.h, t: m.t, y0: m.y, y1: taken.y, error: errorToJudge(taken), errorOrder: errorOrderOf(solver) },
      controllerState.rebuild(held),
    );
    // An error that nobody looks at is not computed.
    const computed = [...taken.y, ...((controller.needsErrorEstimate ? taken.error : undefined) ?? [])];
    const solved = taken.isSolved === undefined ? [] : [taken.isSolved];
    const isFinite = next.accept.and(areFinite(computed, lanes.length));
    const isRight = solved.reduce((all, x) => all.and(x), isFinite);
    const accept = isPerSample(m.h) ? isRight.and(m.h.notEqual(0)) : isRight;
    const judged = { shortened, planned, next: next.h, lostNow, lostBefore, computed };
    const { finite, lost, h } = afterStep(accept, judged);
    const state = flattenTree('controller state', next.state, isTensor).leaves;
    const within = flattenTree('interpolant', records ? taken.interpolant : [], isTensor);
    interpolant = within.structure;
    return { accept, finite, rest: [lost, h, state, within.leaves.map(stopGradient), solved] };
  };
  return { judge, interpolant: () => interpolant };
}

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
