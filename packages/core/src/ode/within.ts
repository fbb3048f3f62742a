/**
 * What is read of an accepted step: output values within it, and whether an event ends the solve there. Both are read from an
 * interpolant that is made accurate only in steps where they are.
 */
import { cond } from '../control/cond.ts';
import { select, stopGradient, zerosLike } from '../tensor/functions.ts';
import { asTensor, constant, type Tensor } from '../tensor/tensor.ts';
import type { Moment } from './advance.ts';
import { firstRoot } from './event-root.ts';
import { lookAt, noEvent, type ClosedEvents } from './events.ts';
import type { ClosedDynamics } from './gradient-method.ts';
import { dynamicsOf } from './jumps.ts';
import { isOutputWithin, positionOf, writeOutputs } from './outputs.ts';
import type { Leaves, Solver, Step } from './solver.ts';

/** How far an accepted step is followed: scalars, constants to derivatives. */
export interface Extent {
  /** The time to which it is followed: its end, or that of an event before. */
  readonly end: Tensor;
  /** Whether that is before its end. */
  readonly isCut: Tensor;
  /** Whether the solution within it was looked at. */
  readonly isWithin: Tensor;
}

/** What an accepted step tells of events. */
export interface Noted {
  readonly extent: Extent;
  /** Signs at its end. */
  readonly signs: Tensor;
  /** The event that ends the solve: an index, or one of `noEvent`. */
  readonly index: Tensor;
}

/** What an accepted step gives to read. */
export interface Readings {
  /** The state at the time to which the step is followed. */
  readonly y: Leaves;
  /** Index of the next output time. */
  readonly j: Tensor;
  /** Output values so far. */
  readonly ys: Leaves;
  /** Function evaluations made for them: none in the list for solvers that need none. */
  readonly evaluations: Leaves;
  /** Empty without events. */
  readonly noted: Noted | readonly [];
}

interface Parts {
  readonly solver: Solver;
  readonly f: ClosedDynamics;
  readonly events: ClosedEvents | undefined;
}

type ReadableStep = Pick<Step<Leaves, unknown>, 'y' | 'interpolant'>;

/** Writes the output values that a step has reached; `known` is how far it is followed, where that was decided before. */
export function readStep(parts: Parts, step: ReadableStep, m: Moment, known?: Extent): Readings {
  const { solver, events } = parts;
  const { y, interpolant } = step;
  if (events === undefined && solver.densify === undefined) {
    return { y, ...writeOutputs(solver, interpolant, { ...m, y1: y }), evaluations: [], noted: [] };
  }
  if (events === undefined) {
    const { extent: _, index: __, ...read } = readTo(parts, step, m, isOutputWithin(m), () => notCut(m, true));
    return { ...read, noted: [] };
  }
  if (known !== undefined) {
    const { extent, index, ...read } = readTo(parts, step, m, known.isWithin, () => ({ extent: known, index: none() }));
    return { ...read, noted: { extent, index, signs: zerosLike(m.signs[0] as Tensor) } };
  }
  return readToEvent(parts, events, step, m);
}

/** Looks for an event, and writes output values up to it. */
function readToEvent(parts: Parts, events: ClosedEvents, step: ReadableStep, m: Moment): Readings {
  const captures = events.captures.map(stopGradient);
  const valuesAt = (t: Tensor, y: Leaves): Tensor => events.values(stopGradient(t), y.map(stopGradient), captures);
  const signs = m.signs[0] as Tensor;
  const sight = lookAt(events, valuesAt(m.tNext, step.y), signs);
  const isInvalid = sight.values.notEqual(sight.values).any();
  const hasCrossed = sight.crossed.any().and(isInvalid.not());
  const isWithin = parts.solver.densify === undefined ? hasCrossed : hasCrossed.or(isOutputWithin(m));
  const { extent, index, ...read } = readTo(parts, step, m, isWithin, (stateAt, { t, tNext, h }) =>
    cond(
      hasCrossed,
      { t: stopGradient(t), tNext, h, ...sight, signs },
      (x) => {
        const timeAt = (theta: Tensor): Tensor => select(theta.less(1), x.t.add(x.h.mul(theta)), x.tNext);
        const root = firstRoot(x, (theta) => valuesAt(timeAt(theta), stateAt(timeAt(theta))));
        const isCut = root.theta.less(1);
        return { extent: { end: timeAt(root.theta), isCut, isWithin: constant(true) }, index: root.index };
      },
      (x) => notCut(x, true),
    ),
  );
  return { ...read, noted: { extent, signs: sight.signs, index: select(isInvalid, noEvent.invalid, index) } };
}

/** How far a step is followed, and the event that ends it there. */
type Ending = Pick<Noted, 'extent' | 'index'>;

/**
 * Reads a step: where the solution within is wanted, `end` tells how far to follow it, given the state at any time of the step.
 */
function readTo(
  parts: Parts,
  step: ReadableStep,
  m: Moment,
  isWithin: Tensor,
  end: (stateAt: (t: Tensor) => Leaves, m: Moment) => Ending,
): Omit<Readings, 'noted'> & Ending {
  const { solver, f } = parts;
  const { y: y1, interpolant: given } = step;
  return cond(
    isWithin,
    { m, step: { y: y1, interpolant: given } },
    (x) => {
      const dense = solver.densify?.(dynamicsOf(f, x.m), x.m.t, x.step.interpolant);
      const interpolant = dense === undefined ? x.step.interpolant : dense.interpolant;
      const stateAt = (t: Tensor): Leaves => solver.interpolate(interpolant, positionOf(t, x.m.t, x.m.h));
      const { extent, index } = end(stateAt, x.m);
      const y = parts.events === undefined ? x.step.y : stateAtEnd(extent, stateAt, x.step.y);
      const outputs = writeOutputs(solver, interpolant, { ...x.m, tNext: extent.end, y1: y });
      const evaluations = dense === undefined ? [] : [asTensor(dense.evaluations, 'i32')];
      return { y, ...outputs, evaluations, extent, index };
    },
    (x) => {
      const outputs = writeOutputs(solver, x.step.interpolant, { ...x.m, y1: x.step.y });
      return { y: x.step.y, ...outputs, evaluations: noEvaluations(solver), ...notCut(x.m, false) };
    },
  );
}

/** The state at the time to which a step is followed. */
const stateAtEnd = ({ end, isCut }: Extent, stateAt: (t: Tensor) => Leaves, y: Leaves): Leaves =>
  cond(
    isCut,
    { end, y },
    (x) => stateAt(x.end),
    (x) => x.y,
  );

const none = (): Tensor => constant(noEvent.none, [], 'i32');

/** A step that is followed to its end. */
const notCut = ({ tNext }: Pick<Moment, 'tNext'>, isWithin: boolean): Ending => ({
  extent: { end: tNext, isCut: constant(false), isWithin: constant(isWithin) },
  index: none(),
});

/** A step that is not followed at all notes what it was given. */
export const noteNothing = ({ tNext, signs: [signs] }: Moment): Noted | readonly [] =>
  signs === undefined ? [] : { ...notCut({ tNext }, false), signs };

/** As many zeros as a step that is read counts evaluations. */
export const noEvaluations = ({ densify }: Solver): Leaves => (densify === undefined ? [] : [constant(0, [], 'i32')]);
