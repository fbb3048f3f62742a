/** What is decided after each step: whether all is finite, the size of the next step, whether the solve has failed. */
import { allFinite, select } from '../tensor/functions.ts';
import { asTensor, constant, type Tensor } from '../tensor/tensor.ts';
import { choose, selectSamples } from './lanes.ts';
import type { Leaves, Step } from './solver.ts';
import { statusCode } from './status.ts';

/** Whether every element of every leaf is finite; behind `lanes` leading axes, for each index of these. */
export const areFinite = (y: Leaves, lanes: number): Tensor =>
  lanes === 0
    ? allFinite(y)
    : y
        .map((leaf) => {
          const axes = leaf.shape.map((_, axis) => axis).slice(lanes);
          return axes.length === 0 ? leaf.isFinite() : leaf.isFinite().all({ axes });
        })
        .reduce((a, b) => a.and(b));

/** The error that the controller sees: infinite where the step's equations were not solved, so that it takes a much smaller one. */
export const errorToJudge = ({ error, isSolved }: Step<unknown, unknown>): Leaves | undefined =>
  isSolved === undefined
    ? error
    : error?.map((leaf) => selectSamples(isSolved, leaf, constant(Infinity, [], leaf.dtype)));

/** A step that was tried, as far as what follows it is concerned. */
export interface TriedStep {
  /** Whether the step was made shorter than planned to land on a time. */
  readonly shortened: Tensor;
  readonly planned: Tensor;
  /** The size of the next step that the controller chose. */
  readonly next: Tensor;
  /** What the sum of the steps has lost to rounding, with this step and without it. */
  readonly lostNow: Tensor;
  readonly lostBefore: Tensor;
  /** Everything that the step computed. */
  readonly computed: Leaves;
}

/** What follows a step; what an accepted one does not need is not computed for it. */
export const afterStep = (accept: Tensor, tried: TriedStep): Record<'finite' | 'lost' | 'h', Tensor> =>
  choose(
    accept,
    tried,
    (x) => ({ finite: constant(true, accept.shape), lost: x.lostNow, h: afterShortened(x) }),
    (x) => ({ finite: areFinite(x.computed, accept.rank), lost: x.lostBefore, h: x.next }),
  );

/** The size of the next step: a step shortened to land on a time says little about it. */
const afterShortened = ({ shortened, planned, next }: TriedStep): Tensor =>
  choose(
    shortened,
    { planned, next },
    (x) => select(x.planned.abs().greater(x.next.abs()), x.planned, x.next),
    (x) => x.next,
  );

/** Relative distance of the numbers of a dtype. */
export const resolution = ({ dtype }: Tensor): number => (dtype === 'f64' ? 2 ** -52 : 2 ** -23);

/** A step after which the solve may have to end. */
interface LastStep {
  readonly t: Tensor;
  readonly start: Tensor;
  readonly end: Tensor;
  readonly h: Tensor;
  /** Size of the next step. */
  readonly h1: Tensor;
  readonly accept: Tensor;
  readonly finite: Tensor;
  /** Whether the step's equations were solved, of solvers that say so. */
  readonly solved: Leaves;
  readonly attempts: Tensor;
  readonly j: Tensor;
  readonly status: Tensor;
}

/** The status after a step that was rejected or very small, or the last one allowed. */
export function statusAfter(
  { t, start, end, h, h1, accept, finite, solved, attempts, j, status }: LastStep,
  {
    count,
    maxSteps,
    minStep,
  }: { readonly count: number; readonly maxSteps: number; readonly minStep: number | undefined },
): Tensor {
  const isUnfinished = j.less(count);
  // At t = 0 any step changes t: there a step is nothing beside the resolution of the whole span.
  const clock = t.abs().maximum(end.sub(start).abs().mul(resolution(t)));
  const isStill = clock.add(h1.abs()).equal(clock).or(h1.abs().greaterEqual(h.abs()));
  // The sum of the steps is compensated, so that steps below the resolution of t count; but far below it is a pole.
  const isLost = t.add(h1.mul(1e6)).equal(t).and(h1.notEqual(0));
  const isStuck = isBelow(minStep, h1, accept.not().and(isStill).or(isLost)).and(isUnfinished);
  const isOut = attempts.greaterEqual(maxSteps).and(isUnfinished);
  const code = (x: number): Tensor => asTensor(x, 'i32');
  const tooSmall = solved.reduce(
    (failure, isSolved) => select(isSolved, failure, code(statusCode.notConverged)),
    code(statusCode.stepUnderflow),
  );
  const failed = select(finite.or(isLost), tooSmall, code(statusCode.nonFinite));
  return select(isStuck, failed, select(isOut, code(statusCode.maxSteps), status));
}

/** Whether the next step is below the smallest, or too small by another measure. */
const isBelow = (minStep: number | undefined, next: Tensor, other: Tensor): Tensor =>
  minStep === undefined ? other : other.or(next.abs().less(minStep));
