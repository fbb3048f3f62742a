/**
 * Times at which f is discontinuous. Steps end there, and f is evaluated on the near side alone: times at a jump, or beyond
 * it by rounding, are moved to the number next to it, by one or two units in the last place.
 */
import { cond } from '../control/cond.ts';
import { constant, asTensor, isTensor, type Tensor } from '../tensor/tensor.ts';
import { select, stopGradient } from '../tensor/functions.ts';
import { flattenTree } from '../tree.ts';
import { follow } from './follow.ts';
import type { ClosedDynamics } from './gradient-method.ts';
import { anySample, choose } from './lanes.ts';
import { positionOf } from './outputs.ts';
import type { LeafDynamics, Leaves, Solver } from './solver.ts';
import { resolution } from './verdict.ts';

/** How a step lies among the jumps: times, scalars or one for each sample. */
export interface Sides {
  /** The first and the last time at which the step evaluates f. */
  readonly first: Tensor;
  readonly last: Tensor;
  /** Whether it ends at a jump. */
  readonly endsAtJump: Tensor;
  /** The first time at which the next step evaluates f. */
  readonly next: Tensor;
}

/** The jumps of a solve. */
export interface Jumps {
  readonly times: Tensor;
  readonly start: Tensor;
  readonly end: Tensor;
  readonly direction: Tensor;
}

/** The sides of a step between two times; jumps are recognised because steps that land on them are assigned their times. */
export function sidesOf(jumps: Jumps, t: Tensor, tNext: Tensor): Sides {
  const [startsAtJump, endsAtJump] = [isJump(jumps, t), isJump(jumps, tNext)];
  const [behind, ahead] = [nextTo(jumps, t, 1), nextTo(jumps, tNext, -1)];
  return {
    first: stopGradient(select(startsAtJump, behind, t)),
    last: stopGradient(select(endsAtJump, ahead, tNext)),
    endsAtJump,
    next: stopGradient(select(endsAtJump, nextTo(jumps, tNext, 1), tNext)),
  };
}

/** f as a step evaluates it: on the near sides of the jumps that it lies between. */
export function dynamicsOf(
  f: ClosedDynamics,
  { captures, sides }: { readonly captures: Leaves; readonly sides: Sides | readonly [] },
): LeafDynamics {
  return 'next' in sides ? between(f, captures, sides.first, sides.last) : (t, y) => f(t, y, captures);
}

/** f between two times: earlier and later ones are moved to them. */
const between =
  (f: ClosedDynamics, captures: Leaves, first: Tensor, last: Tensor): LeafDynamics =>
  (t, y) =>
    f(follow(t.maximum(first.minimum(last)).minimum(first.maximum(last)), t), y, captures);

/** An accepted step, as far as what follows it is concerned. */
interface JumpedStep {
  readonly t: Tensor;
  readonly tNext: Tensor;
  readonly h: Tensor;
  readonly y: Leaves;
  readonly interpolant: unknown;
  readonly state: Leaves;
  readonly captures: Leaves;
}

/**
 * Where the next step begins. Behind a jump the solver starts anew, as f has changed, and the time is the jump's: it does not
 * move with the times before it, as other times do, so that the state moves against them. Counts evaluations.
 */
export function carriedOn(
  solver: Solver,
  f: ClosedDynamics,
  sides: Sides,
  step: JumpedStep,
): { readonly t: Tensor; readonly y: Leaves; readonly state: Leaves; readonly evaluations: Tensor } {
  const { leaves, structure } = flattenTree('interpolant', step.interpolant, isTensor);
  return cond(
    anySample(sides.endsAtJump),
    { sides, step: { ...step, interpolant: leaves } },
    (x) => {
      const { endsAtJump, next } = x.sides;
      const { t, y } = choose(
        endsAtJump,
        x.step,
        ({ tNext, interpolant, ...m }) => {
          const atJump = solver.interpolate(structure.rebuild(interpolant), positionOf(tNext, m.t, m.h));
          return { t: tNext, y: m.y.map((leaf, i) => follow(leaf, atJump[i] as Tensor)) };
        },
        (m) => ({ t: follow(m.tNext, m.t), y: m.y }),
      );
      const behind = solver.init(between(f, x.step.captures, next, next), t, y);
      const fresh = flattenTree('solver state', behind.state, isTensor).leaves;
      const state = choose(
        endsAtJump,
        { fresh, kept: x.step.state },
        (s) => s.fresh,
        (s) => s.kept,
      );
      return { t, y, state, evaluations: asTensor(behind.evaluations, 'i32') };
    },
    ({ step: { t, tNext, y, state } }) => ({ t: follow(tNext, t), y, state, evaluations: constant(0, [], 'i32') }),
  );
}

const isJump = ({ times }: Jumps, t: Tensor): Tensor => times.equal(t).any({ axes: 0 });

/** A number next to t, further along the solve or back: at t = 0 as near as the whole span resolves twice over. */
function nextTo({ start, end, direction }: Jumps, t: Tensor, side: 1 | -1): Tensor {
  const unit = resolution(t);
  const span = start.abs().maximum(end.abs());
  const distance = t
    .abs()
    .mul(unit)
    .maximum(span.mul(unit * unit));
  return t.add(distance.mul(direction.mul(side)));
}
