/**
 * The integrator: one loop whose iterations each try a step. An accepted step writes the output values within it; one that
 * is rejected changes nothing but the step size, and records nothing for the reverse pass.
 */
import { CompositionError } from '../errors.ts';
import { cond } from '../control/cond.ts';
import { whileLoop } from '../control/loops.ts';
import { report } from '../control/report.ts';
import { arange, concat, select, stopGradient, zerosLike } from '../tensor/functions.ts';
import { asTensor, constant, isTensor, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, type TreeStructure } from '../tree.ts';
import { attempt, type Attempt, type Moment } from './advance.ts';
import type { RecordedSteps, SolveProblem } from './gradient-method.ts';
import type { Leaves, Solver } from './solver.ts';
import { failureReport, reports, statusCode } from './status.ts';
import type { StepController } from './step-controller.ts';
import { afterStep, areFinite, resolution, statusAfter, type TriedStep } from './verdict.ts';

/** How a problem is integrated. */
export interface Method {
  readonly solver: Solver;
  readonly controller: StepController;
  readonly maxSteps: number;
  /** The largest number of states that the reverse pass holds; undefined tapes each accepted step. */
  readonly checkpoints: number | undefined;
  readonly phase: 'forward' | 'backward';
  /** Times that steps must land on, increasing or decreasing. */
  readonly landAt: Tensor | undefined;
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

/** What a solve counts: i32 scalars. */
export interface SolveStats {
  readonly nfe: Tensor;
  readonly accepted: Tensor;
  readonly rejected: Tensor;
  /** 0 if the solve reached its last time, else why it did not: `statusCode`. A run that fails throws all the same. */
  readonly status: Tensor;
}

/** What an iteration hands to the next. */
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
  /** Number of landing times passed. */
  readonly landed: Leaves;
  readonly ys: Leaves;
  readonly status: Tensor;
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

/** Solves a problem; gives y at each time, stacked along a new first axis. */
export function integrate(problem: SolveProblem, method: Method): Integrated {
  const { solver, controller, maxSteps } = method;
  requireCompatible(solver, controller);
  const { f, captures, y0, ts } = problem;
  const count = ts.shape[0] ?? 0;
  const ys0 = y0.map((leaf) => constant(0, [count, ...leaf.shape], leaf.dtype).setRow(0, leaf));
  if (count === 1) {
    const none = constant(0, [], 'i32');
    return { ys: ys0, stats: { nfe: none, accepted: none, rejected: none, status: none }, recorded: undefined };
  }

  const t0 = ts.at(0);
  const [start, end] = [stopGradient(t0), stopGradient(ts.at(-1))];
  const direction = end.sub(start).sign();
  const landAt = method.landAt && along(method.landAt, direction);
  const dynamics = (t: Tensor, y: Leaves): Leaves => f(t, y, captures);
  const initial = solver.init(dynamics, t0, y0);
  const state0 = flattenTree('solver state', initial.state, isTensor);
  const frozen = (leaves: Leaves): Leaves => leaves.map(stopGradient);
  const orders = { order: solver.order, errorOrder: solver.errorOrder ?? solver.order - 1 };
  const first = controller.init({
    f: (t, y) => f(t, y, frozen(captures)),
    t0: start,
    t1: end,
    y0: frozen(y0),
    dy0: initial.dy0 === undefined ? undefined : frozen(initial.dy0),
    ...orders,
  });
  const controller0 = flattenTree('controller state', first.state, isTensor);
  const i32 = (x: number | Tensor): Tensor => asTensor(x, 'i32');
  const inOrder = areMonotone(stopGradient(ts), direction);
  const isInOrder = landAt === undefined ? inOrder : inOrder.and(areMonotone(landAt, direction));

  const hasTolerances =
    first.isValid === undefined ? i32(0) : select(first.isValid, i32(0), i32(statusCode.invalidTolerances));
  // Steps from here on change t well enough to need no closer look.
  const span = start.abs().maximum(end.abs());
  const smallStep = span.mul(resolution(t0)).maximum(controller.minStep ?? 0);

  let interpolant: TreeStructure | undefined;
  const { carry, tape } = whileLoop<Carry, StepRecord | readonly []>(
    {
      t: t0,
      lost: zerosLike(t0),
      h: stopGradient(method.firstStep ?? first.h),
      y: y0,
      state: state0.leaves,
      controller: frozen(controller0.leaves),
      j: constant(1, [], 'i32'),
      landed: landAt === undefined ? [] : [firstLanding(landAt, start, direction)],
      ys: ys0,
      status: select(isInOrder, hasTolerances, i32(statusCode.invalidTimes)),
      attempts: i32(0),
      accepted: i32(0),
      nfe: addCounts(i32(initial.evaluations), method.firstStep === undefined ? first.evaluations : 0),
    },
    ({ status, j }) => status.equal(0).and(j.less(count)),
    (c) => {
      const t = stopGradient(c.t);
      const target = landAt === undefined ? end : nextLanding(landAt, c.landed[0] as Tensor, end, direction);
      const remaining = target.sub(t);
      const reaches = c.h
        .abs()
        .mul(1 + slack)
        .greaterEqual(remaining.abs());
      // A step that reaches the target assigns it; any other adds to the compensated sum of steps.
      const { h, tNext, lost, isShortened } = cond(
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
          return { h: x.h, tNext: sum, lost: sum.sub(x.t).sub(step), isShortened: constant(false) };
        },
      );
      const { y, state, j, ys } = c;
      const moment: Moment = { t: c.t, tNext, h, y, state, j, ys, ts, captures };
      const others = [isShortened, c.h, lost, c.lost, ...c.controller];
      const judge: Attempt['judge'] = (m, taken, [shortened, planned, lostNow, lostBefore, ...held]) => {
        const next = controller.next(
          { h: m.h, t: m.t, y0: m.y, y1: taken.y, error: taken.error, errorOrder: orders.errorOrder },
          controller0.structure.rebuild(held),
        );
        const computed = [...taken.y, ...(taken.error ?? [])];
        const accept = next.accept.and(areFinite(computed));
        const judged = { shortened, planned, next: next.h, lostNow, lostBefore, computed } as TriedStep;
        const { finite, lost: lostNext, h: h1 } = afterStep(accept, judged);
        const state = flattenTree('controller state', next.state, isTensor).leaves;
        const within = flattenTree('interpolant', method.records ? taken.interpolant : [], isTensor);
        interpolant = within.structure;
        return { accept, rest: [finite, lostNext, h1, ...state, ...frozen(within.leaves)] };
      };
      const tried = attempt({ solver, state: state0.structure, f, judge }, moment, others);
      const [finite, lostNext, h1, ...others1] = tried.rest as [Tensor, Tensor, Tensor, ...Tensor[]];
      const [held, within] = [others1.slice(0, c.controller.length), others1.slice(c.controller.length)];
      const attempts = c.attempts.add(1);
      const isWell = tried.accept.and(h1.abs().greaterEqual(smallStep)).and(attempts.less(maxSteps));
      const status = cond(
        isWell,
        { t, start, end, h, h1, accept: tried.accept, finite, attempts, j: tried.j, status: c.status },
        (x) => x.status,
        (x) => statusAfter(x, { count, maxSteps, minStep: controller.minStep }),
      );
      return {
        carry: {
          t: tried.t,
          lost: lostNext,
          h: h1,
          y: tried.y,
          state: tried.state,
          controller: held,
          j: tried.j,
          landed: c.landed.map((landed) => landed.add(tried.accept.and(reaches).cast('i32'))),
          ys: tried.ys,
          status,
          attempts,
          accepted: c.accepted.add(tried.accept.cast('i32')),
          nfe: addCounts(c.nfe, tried.evaluations),
        },
        advances: tried.accept,
        ...(method.records ? { tape: { t, tNext, h, interpolant: within } } : {}),
      };
    },
    method.checkpoints === undefined
      ? {}
      : { checkpoints: method.checkpoints, tallies: (c) => ({ [reports.nfeBackward]: c.nfe }) },
  );

  const { nfe, attempts, accepted, status } = carry;
  const rejected = attempts.sub(accepted);
  const isForward = method.phase === 'forward';
  report(isForward ? reports.nfe : reports.nfeBackward, nfe, 'sum');
  report(isForward ? reports.accepted : reports.acceptedBackward, accepted, 'sum');
  report(isForward ? reports.rejected : reports.rejectedBackward, rejected, 'sum');
  const failure = [status.cast(t0.dtype), stopGradient(carry.t), carry.h, attempts.cast(t0.dtype)];
  report(failureReport(t0.dtype), concat(failure.map((x) => x.reshape([1]))), 'first');
  const recorded = 'h' in tape && interpolant !== undefined ? { steps: tape, structure: interpolant } : undefined;
  return { ys: carry.ys, stats: { nfe, accepted, rejected, status }, recorded };
}

/** @throws CompositionError if the parts do not work together. */
export function requireCompatible(solver: Solver, controller: StepController): void {
  if (controller.needsErrorEstimate && !solver.hasErrorEstimate) {
    throw new CompositionError(
      'createOde',
      `controller '${controller.name}' needs an error estimate and solver '${solver.name}' gives none`,
      {
        advice: 'Use constantStep({ h }), or a solver with an embedded error estimate such as dopri5, tsit5 or bosh3.',
      },
    );
  }
  if (solver.needsUniformStep && !controller.isUniform) {
    throw new CompositionError(
      'createOde',
      `solver '${solver.name}' needs steps of one size and controller '${controller.name}' changes them`,
      {
        advice: 'Use constantStep({ h }).',
      },
    );
  }
}

const addCounts = (a: Tensor, b: number | Tensor): Tensor => (b === 0 ? a : a.add(b));

/** Whether times are finite and strictly monotone in a direction. */
function areMonotone(ts: Tensor, direction: Tensor): Tensor {
  const finite = ts.isFinite().all();
  const count = ts.shape[0] ?? 0;
  if (count < 2) return finite;
  const gaps = ts.slice([1], [count - 1]).sub(ts.slice([0], [count - 1]));
  return gaps.mul(direction).greater(0).all().and(finite);
}

/** Monotone times in the order in which a solve meets them. */
function along(times: Tensor, direction: Tensor): Tensor {
  const count = times.shape[0] ?? 0;
  if (count < 2) return times;
  const reversed = times.gather(
    arange(count)
      .neg()
      .add(count - 1),
  );
  return select(times.at(-1).sub(times.at(0)).mul(direction).less(0), reversed, times);
}

/** The number of landing times that are not after the start. */
function firstLanding(landAt: Tensor, start: Tensor, direction: Tensor): Tensor {
  return landAt.sub(start).mul(direction).lessEqual(0).cast('i32').sum();
}

/** The next time to land on: the last one where no other lies before it. */
function nextLanding(landAt: Tensor, landed: Tensor, end: Tensor, direction: Tensor): Tensor {
  const count = landAt.shape[0] ?? 0;
  const next = landAt.at(landed.minimum(count - 1));
  return select(landed.less(count).and(end.sub(next).mul(direction).greater(0)), next, end);
}
