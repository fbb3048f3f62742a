/**
 * Events: functions of time and state whose change of sign ends a solve. Here: what is declared, and when a sign has changed.
 *
 * An event function has the sign of its last value that was not zero. It has changed where a step ends with a value of the
 * other sign, or zero. At the start a value that rounding can't tell from zero has the sign that it is about to have, so that
 * a solve which starts on an event does not end there.
 */
import { array, isHostArray } from '../array.ts';
import { callSubgraph, trace } from '../control/call.ts';
import { vjp } from '../differentiate/vjp.ts';
import { DTypeError, OptionError, ShapeError } from '../errors.ts';
import { formatType, tensorType } from '../graph/graph.ts';
import { concat, select, stack, stopGradient } from '../tensor/functions.ts';
import { asTensor, constant, isTensor, type Tensor, type TensorLike } from '../tensor/tensor.ts';
import { asTensorResult } from '../tensor/trace.ts';
import type { TreeStructure } from '../tree.ts';
import type { LeafDynamics, Leaves } from './solver.ts';
import { resolution } from './verdict.ts';

/** Which changes of sign count, along the solve: from below zero, from above, or both. */
export type EventDirection = 'rising' | 'falling' | 'either';

/** A function of time and state whose change of sign ends a solve. */
export interface SolveEvent<Y> {
  /** A scalar of the state's dtype. What it captures has gradients. */
  readonly eventFn: (t: Tensor, y: Y) => TensorLike;
  /** 'either' by default. */
  readonly direction?: EventDirection;
}

/** The events of a solve, closed. */
export interface ClosedEvents {
  readonly directions: readonly EventDirection[];
  /** Tensors that the event functions use. */
  readonly captures: Leaves;
  /** The value of each event function: a vector. */
  readonly values: (t: Tensor, y: Leaves, captures: Leaves) => Tensor;
}

/** Indices of events that are none: no event happened; the value of an event function was NaN. */
export const noEvent = { none: -1, invalid: -2 } as const;

const directions: readonly EventDirection[] = ['rising', 'falling', 'either'];

/**
 * Traces event functions once, together, with what they capture as an argument.
 *
 * @throws OptionError for no events or a direction that is none; ShapeError or DTypeError for a value that is no scalar of the
 * state's dtype.
 */
export function closeEvents<Y>(
  given: SolveEvent<Y> | readonly SolveEvent<Y>[],
  structure: TreeStructure,
  y0: Leaves,
): ClosedEvents {
  const events = Array.isArray(given) ? (given as readonly SolveEvent<Y>[]) : [given as SolveEvent<Y>];
  if (events.length === 0) {
    throw new OptionError('odeint', 'event is an empty list', {
      expected: 'at least one event',
      advice: 'Leave it out.',
    });
  }
  for (const { eventFn, direction } of events) {
    if (typeof eventFn !== 'function') {
      throw new OptionError('odeint', `an event whose eventFn is ${String(eventFn)}`, {
        expected: '{ eventFn: (t, y) => …, direction? }, or a list of them',
        advice: 'A function alone is no event: name it eventFn.',
      });
    }
    if (direction === undefined || directions.includes(direction)) continue;
    throw new OptionError('odeint', `event direction = ${String(direction)}`, {
      expected: directions.map((name) => `'${name}'`).join(', '),
    });
  }
  const { dtype } = y0[0] as Tensor;
  const types = [tensorType([], dtype), ...y0.map((leaf) => leaf.type)];
  const subgraph = trace('event', types, ([t, ...y]) => {
    const state = structure.rebuild(y) as Y;
    return [stack(events.map(({ eventFn }, i) => asEventValue(eventFn(t as Tensor, state), i, t as Tensor)))];
  });
  return {
    directions: events.map(({ direction }) => direction ?? 'either'),
    captures: subgraph.captures.map(asTensorResult),
    values: (t, y, captures) => callSubgraph(subgraph, [t, ...y], captures)[0] as Tensor,
  };
}

function asEventValue(given: TensorLike, i: number, { dtype }: Tensor): Tensor {
  const isValue = typeof given === 'number' || isTensor(given) || isHostArray(given);
  const value = isValue ? asTensor(given, dtype, 'odeint') : undefined;
  if (value?.dtype === dtype && value.rank === 0) return value;
  const found = `eventFn of event ${i} gives ${value === undefined ? String(given) : formatType(value.type)}`;
  const details = {
    expected: formatType(tensorType([], dtype)),
    advice: 'Its sign tells on which side of the event y is.',
  };
  if (value !== undefined && value.dtype !== dtype) throw new DTypeError('odeint', found, details);
  throw new ShapeError('odeint', found, details);
}

/** What a step shows of the events: vectors of one element for each. */
export interface Sight {
  /** Values at the end of the step. */
  readonly values: Tensor;
  /** The sign of the last value that was not zero: −1 or 1; 0 before there is any. */
  readonly signs: Tensor;
  /** Whether it has changed in the event's direction. */
  readonly crossed: Tensor;
}

/** The events at the end of a step, from the signs before it. */
export function lookAt({ directions: of }: ClosedEvents, values: Tensor, signs: Tensor): Sight {
  const only = (...counted: readonly EventDirection[]): Tensor =>
    asTensor(array(of.map((direction) => counted.includes(direction))));
  const rises = signs.less(0).and(values.greaterEqual(0)).and(only('rising', 'either'));
  const falls = signs.greater(0).and(values.lessEqual(0)).and(only('falling', 'either'));
  const now = values.sign();
  return { values, signs: select(now.equal(0), signs, now), crossed: rises.or(falls) };
}

/** Units in the last place within which a value at the start of a solve is taken for zero. */
const roundingUnits = 8;

/**
 * The signs at the start. A value is taken for zero if it is within the rounding of what it is made of: of y, by ∂g/∂y, and
 * of t, by ∂g/∂t and by its rate dg/dt = ∂g/∂t + ∂g/∂y·f over the span of the solve.
 */
export function firstSigns(
  events: ClosedEvents,
  f: LeafDynamics,
  {
    t0,
    t1,
    y0,
    dy0,
  }: { readonly t0: Tensor; readonly t1: Tensor; readonly y0: Leaves; readonly dy0: Leaves | undefined },
): { readonly values: Tensor; readonly signs: Tensor; readonly evaluations: number } {
  const slope = (dy0 ?? f(t0, y0)).map(stopGradient);
  const captures = events.captures.map(stopGradient);
  const { value: values, pullback } = vjp(
    (x: { readonly t: Tensor; readonly y: Leaves }) => events.values(x.t, x.y, captures),
    { t: t0, y: y0 },
  );
  const direction = t1.sub(t0).sign();
  const span = t0.abs().maximum(t1.abs());
  const perEvent = events.directions.map((_, i) => {
    const unit = constant(0, values.shape, values.dtype).setRow(i, 1);
    const { t, y } = pullback(unit);
    // What depends on captures alone was computed outside: nothing of it is to be differentiated.
    const pulled = { t: stopGradient(t), y: y.map(stopGradient) };
    const rate = rateOf(pulled, slope);
    const size = sumOf(
      pulled.y.map((g, k) =>
        g
          .mul(y0[k] as Tensor)
          .abs()
          .sum(),
      ),
    ).add(pulled.t.mul(t0).abs());
    return { rate, rounding: size.add(rate.abs().mul(span)).mul(roundingUnits * resolution(t0)) };
  });
  const [rates, roundings] = [stack(perEvent.map((x) => x.rate)), stack(perEvent.map((x) => x.rounding))];
  // Where a derivative is not finite nothing is known of the rounding, and an infinite value is no zero.
  const isZero = values.abs().lessEqual(roundings).and(roundings.isFinite());
  return {
    values,
    signs: select(isZero, rates.mul(direction).sign(), values.sign()),
    evaluations: dy0 === undefined ? 1 : 0,
  };
}

/** dg/dt = ∂g/∂t + ∂g/∂y·dy/dt. */
export const rateOf = (gradient: { readonly t: Tensor; readonly y: Leaves }, slope: Leaves): Tensor =>
  sumOf([gradient.t, ...gradient.y.map((g, i) => g.mul(slope[i] as Tensor).sum())]);

const sumOf = (terms: Leaves): Tensor => terms.reduce((sum, term) => sum.add(term));

/** Where a solve with events ended. */
export interface Ending {
  /** For each leaf of the state its rows and one more, the end; rows of times behind the end are as the last. */
  readonly rows: Leaves;
  /** The times of the rows. */
  readonly times: Tensor;
  /** Which event ended the solve: an i32 scalar, `noEvent.none` if none did. */
  readonly index: Tensor;
}

/** The rows of a solve that ended at `t` in the state `y`. */
export function endingOf(
  { ts }: { readonly ts: Tensor },
  ys: Leaves,
  { t, y, index }: { readonly t: Tensor; readonly y: Leaves; readonly index: Tensor },
): Ending {
  const end = stopGradient(t);
  const isLater = isBehind(ts, end, index.greaterEqual(0));
  const rows = ys.map((leaf, i) => {
    const last = y[i] as Tensor;
    const held = select(alongRows(isLater, leaf), last, leaf);
    return concat([held, last.expandDims(0)]);
  });
  const times = concat([select(isLater, end, ts), end.reshape([1])]);
  return { rows, times, index };
}

/** Which output times lie behind the end of a solve that an event ended. */
export const isBehind = (ts: Tensor, end: Tensor, occurred: Tensor): Tensor =>
  ts
    .sub(end)
    .mul(ts.at(-1).sub(ts.at(0)).sign())
    .greater(0)
    .and(occurred);

/** A condition of rows that broadcasts over what they hold. */
export const alongRows = (condition: Tensor, { shape }: Tensor): Tensor =>
  condition.reshape([-1, ...shape.slice(1).map(() => 1)]);
