/** The time and the state of an event as functions of everything that they depend on. */
import { report } from '../control/report.ts';
import { vjp } from '../differentiate/vjp.ts';
import { cond } from '../control/cond.ts';
import { customVjp, type ReverseRule, type TangentRule } from '../control/custom-vjp.ts';
import { DifferentiationError } from '../errors.ts';
import { linearCombination, onesLike, select, stopGradient, zerosLike } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { alongRows, isBehind, rateOf, type ClosedEvents } from './events.ts';
import type { SolveProblem } from './gradient-method.ts';
import type { Leaves } from './solver.ts';
import { reports } from './status.ts';

/** A time and the state there. */
interface Point {
  readonly t: Tensor;
  readonly y: Leaves;
}

/** An event as a solve found it: `t` is a constant to derivatives, `y` is the solution there. */
interface FoundEvent extends Point {
  readonly index: Tensor;
  readonly occurred: Tensor;
}

/** What a solve with events gives, of what `integrate` gives then: rows at the output times, and the end. */
export function readEvent(
  problem: SolveProblem,
  events: ClosedEvents,
  results: Leaves,
): FoundEvent & { readonly ys: Leaves } {
  const { ts, y0 } = problem;
  const count = ts.shape[0] ?? 0;
  const [times, index] = results.slice(y0.length) as [Tensor, Tensor];
  const rows = results.slice(0, y0.length).map((leaf) => ({ ys: firstRows(leaf, count), end: leaf.at(count) }));
  const occurred = index.greaterEqual(0);
  const found = { t: stopGradient(times.at(count)), y: rows.map(({ end }) => end), index, occurred };
  if (count === 1) return { ...found, ys: rows.map(({ ys }) => ys) };
  const { t, y } = endOf(problem, events, found, { t: ts.at(-1), y: rows.map(({ ys }) => ys.at(-1)) });
  const isLater = isBehind(ts, found.t, occurred);
  const ys = rows.map(({ ys: leaf }, i) => select(alongRows(isLater, leaf), y[i] as Tensor, leaf));
  return { ys, t, y, index, occurred };
}

const firstRows = (x: Tensor, count: number): Tensor =>
  x.slice(
    x.shape.map(() => 0),
    [count, ...x.shape.slice(1)],
  );

/**
 * Where a solve ended, differentiable: at its event, or at its last time.
 *
 * The root of g(t, y(t)) = 0 was found under stop-gradient. One step of Newton's method from it, t − g/(dg/dt), moves it by
 * nothing and has its derivative, dt = −dg/(dg/dt) with dg at the fixed time, whatever the gradient method of the solve; the
 * state follows by dy = f·dt. This takes one evaluation of f, and is right for first derivatives.
 */
function endOf(
  problem: Pick<SolveProblem, 'f' | 'captures'>,
  events: ClosedEvents,
  { occurred, index, ...at }: FoundEvent,
  last: Point,
): Point {
  const motion = motionAt(problem, events, { occurred, index, t: at.t, y: at.y.map(stopGradient) });
  report(reports.nfe, occurred.cast('i32'), 'sum');
  return cond(
    occurred,
    { at, last, index, motion, own: events.captures },
    (x) => {
      const value = events.values(x.at.t, x.at.y, x.own).at(x.index);
      const shift = newtonShift(value, x.motion.rate, [...x.at.y, ...x.own]);
      const { slope } = x.motion;
      return {
        t: x.at.t.add(shift),
        y: x.at.y.map((leaf, i) => linearCombination([1, shift], [leaf, slope[i] as Tensor])),
      };
    },
    (x) => x.last,
  );
}

/** dy/dt and dg/dt at an event: constants to derivatives. */
function motionAt(
  { f, captures }: Pick<SolveProblem, 'f' | 'captures'>,
  events: ClosedEvents,
  { occurred, ...at }: FoundEvent,
): { readonly slope: Leaves; readonly rate: Tensor } {
  const frozen = (leaves: Leaves): Leaves => leaves.map(stopGradient);
  return cond(
    occurred,
    { at, captures: frozen(captures), own: frozen(events.captures) },
    (x) => {
      const slope = f(x.at.t, x.at.y, x.captures);
      const { value, pullback } = vjp((z: Point) => events.values(z.t, z.y, x.own).at(x.at.index), {
        t: x.at.t,
        y: x.at.y,
      });
      return { slope, rate: rateOf(pullback(onesLike(value)), slope) };
    },
    (x) => ({ slope: x.at.y.map(zerosLike), rate: onesLike(x.at.t) }),
  );
}

/**
 * −(g − g₀)/rate, where g₀ is the value of g: zero, with the derivative of Newton's correction. The rate is a constant to
 * derivatives, and what it `dependsOn` must not be differentiated with the result once more.
 */
function newtonShift(g: Tensor, rate: Tensor, dependsOn: Leaves): Tensor {
  const reverse: ReverseRule = ({ inputs: [, r, ...others], cotangents: [ct] }) => [
    ct == null ? null : perRate(ct, r as Tensor, others),
    null,
    ...dependsOn.map(() => null),
  ];
  const tangent: TangentRule = ({ inputs: [, r, ...others], tangents: [moved] }) => [
    moved == null ? null : perRate(moved, r as Tensor, others),
  ];
  return customVjp('event', [g, rate, ...dependsOn], ([x]) => [zerosLike(x as Tensor)], reverse, tangent)[0] as Tensor;
}

/** −x/rate, which refuses to be differentiated: an event that grazes zero has a rate of 0 and no finite derivative. */
function perRate(x: Tensor, rate: Tensor, dependsOn: Leaves): Tensor {
  const refuse = (): never => {
    throw new DifferentiationError('odeint', 'a second derivative of an event', {
      expected: 'first derivatives of its time and state',
    });
  };
  const forward = ([y, r]: Leaves): Leaves => [(y as Tensor).div(r as Tensor).neg()];
  return customVjp('event.rate', [x, rate, ...dependsOn], forward, refuse, refuse)[0] as Tensor;
}
