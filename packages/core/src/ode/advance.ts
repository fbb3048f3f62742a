/**
 * One accepted step: the solver's step and the output values within it. It is what derivatives see of an iteration; the
 * controller's decision is not.
 */
import { cond } from '../control/cond.ts';
import { customVjp, type ReverseRule } from '../control/custom-vjp.ts';
import { trace } from '../control/call.ts';
import { report } from '../control/report.ts';
import { addCotangents, materialize, type Cotangent } from '../differentiate/accumulate.ts';
import { linearize } from '../differentiate/linearize.ts';
import { isDifferentiable } from '../graph/infer.ts';
import { asTensorResult } from '../tensor/trace.ts';
import { select, stopGradient, zerosLike } from '../tensor/functions.ts';
import { asTensor, constant, isTensor, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, mapTree, type TreeStructure } from '../tree.ts';
import type { ClosedEvents } from './events.ts';
import { follow } from './follow.ts';
import type { ClosedDynamics } from './gradient-method.ts';
import { carriedOn, dynamicsOf, type Sides } from './jumps.ts';
import { anySample, isPerSample, lend, selectSamples } from './lanes.ts';
import type { ErrorMeasure, Leaves, Solver, Step } from './solver.ts';
import { reports } from './status.ts';
import { noEvaluations, noteNothing, readStep, type Extent, type Noted } from './within.ts';

/** What the differentiable part of an iteration reads. Times, sizes and indices are scalars, or one for each sample. */
export interface Moment {
  readonly t: Tensor;
  /** The time after the step: t + h, or a time that the step lands on. */
  readonly tNext: Tensor;
  readonly h: Tensor;
  readonly y: Leaves;
  /** Leaves of the solver's state. */
  readonly state: Leaves;
  /** Index of the next output time. */
  readonly j: Tensor;
  /** Output values so far, and their times: rows that `rowAt` reads. */
  readonly ys: Leaves;
  readonly ts: Tensor;
  readonly captures: Leaves;
  /** Where the step lies among the times at which f jumps, if there are any. */
  readonly sides: Sides | readonly [];
  /** Signs of the event functions, if there are any. */
  readonly signs: Leaves;
}

/** What the differentiable part of an iteration gives. */
export interface Advanced {
  readonly t: Tensor;
  readonly y: Leaves;
  readonly state: Leaves;
  readonly j: Tensor;
  readonly ys: Leaves;
}

/** An advance, and what else came of reading the step. */
interface Finished {
  readonly advanced: Advanced;
  /** Function evaluations made after the step: a list that is empty where there can be none. */
  readonly evaluations: Leaves;
  readonly noted: Noted | readonly [];
}

/** The state after an accepted step, with every output time up to it written. */
function finish(parts: Attempt, step: Step<Leaves, unknown>, m: Moment, known?: Extent): Finished {
  const { y, j, ys, evaluations, noted } = readStep(parts, step, m, known);
  const tNext = 'extent' in noted ? noted.extent.end : m.tNext;
  const state = step.state as Leaves;
  if (!('next' in m.sides)) {
    return { advanced: { t: follow(tNext, m.t), y, state, j, ys }, evaluations, noted };
  }
  const reached = { ...m, tNext, y, interpolant: step.interpolant, state };
  const { evaluations: behind, ...next } = carriedOn(parts.solver, parts.f, m.sides, reached);
  return { advanced: { ...next, j, ys }, evaluations: [...evaluations, behind], noted };
}

/** What an iteration decides besides advancing. */
export interface Verdict<Rest> {
  /** Whether the step is accepted: bool. */
  readonly accept: Tensor;
  /** Whether what it computed is finite; so it is if the step is accepted. */
  readonly finite: Tensor;
  /** Anything else that the loop carries on, a tree: not differentiable. */
  readonly rest: Rest;
}

/** Decides on a step, from what else the loop carries. */
export type Judge<Held, Rest> = (moment: Moment, step: Step<Leaves, unknown>, held: Held) => Verdict<Rest>;

/** What an attempt is made of. */
export interface Attempt {
  readonly solver: Solver;
  /** Structure of the solver's state. */
  readonly state: TreeStructure;
  readonly f: ClosedDynamics;
  readonly events: ClosedEvents | undefined;
  /** Whether samples may fail while the others go on. */
  readonly mayFail: boolean;
  /** How errors are measured at a moment, if the controller tolerates any. */
  measureAt(moment: Moment): ErrorMeasure | undefined;
}

/** The part of a moment that advances; unchanged where a step is rejected. */
const stay = ({ t, y, state, j, ys }: Moment): Advanced => ({ t, y, state, j, ys });

/** A moment at which the samples that do not advance take a step of size 0: from a state that is finite to itself. */
const halted = (accept: Tensor, m: Moment): Moment => ({
  ...m,
  h: select(accept, m.h, 0),
  tNext: select(accept, m.tNext, m.t),
});

/** A moment at which samples that are not sound are where one is that moves: there f has a derivative. */
function relocated(isSound: Tensor, moves: Tensor, m: Moment): Moment {
  const lent = (x: Tensor): Tensor => lend(x, isSound, moves);
  return { ...m, t: lent(m.t), y: m.y.map(lent), state: m.state.map(lent) };
}

/** Where a step leads: to its end if it was accepted, each sample for itself if samples have steps of their own. */
function advanceWhere(accept: Tensor, parts: Attempt, step: Step<Leaves, unknown>, m: Moment): Finished {
  if (isPerSample(accept)) {
    const { advanced, ...others } = finish(parts, step, halted(accept, m));
    const { t, y, state, j, ys } = advanced;
    const keep = (after: Leaves, before: Leaves): Leaves =>
      after.map((leaf, i) => selectSamples(accept, leaf, before[i] as Tensor));
    return { advanced: { t, y: keep(y, m.y), state: keep(state, m.state), j, ys }, ...others };
  }
  const { y, state, interpolant } = step;
  return cond(
    accept,
    { m, step: { y, state, interpolant } },
    (taken) => finish(parts, { ...step, ...taken.step }, taken.m),
    (taken) => stayed(parts, taken.m),
  );
}

/** What comes of a rejected step. */
function stayed({ solver }: Attempt, m: Moment): Finished {
  const evaluations = [...noEvaluations(solver), ...('next' in m.sides ? [constant(0, [], 'i32')] : [])];
  return { advanced: stay(m), evaluations, noted: noteNothing(m) };
}

/** What an attempt gives: its advance, whether that is one, evaluations, what was noted, the rest of the verdict. */
type Results<Rest> = readonly [Advanced, Tensor, Tensor, Noted | readonly [], Tensor, Rest];

/**
 * Tries a step: it advances if `judge` accepts it, else nothing but `rest` changes. In reverse an accepted step is computed
 * again and pulled back, a rejected one is the identity: what it computed, be it not finite, touches no gradient.
 */
export function attempt<Held, Rest>(
  parts: Attempt,
  judge: Judge<Held, Rest>,
  moment: Moment,
  others: Held,
): Advanced & Verdict<Rest> & Pick<Finished, 'noted'> & { readonly evaluations: Tensor } {
  const inputs = flattenTree('attempt', { moment, others }, isTensor);
  let outputs: TreeStructure | undefined;
  const forward = (given: Leaves): Leaves => {
    const { moment: m, others: held } = inputs.structure.rebuild(given) as { moment: Moment; others: Held };
    const step = leafStep(parts, m);
    const { accept, finite, rest } = judge(m, step, held);
    const { advanced, evaluations: further, noted } = advanceWhere(accept, parts, step, m);
    const evaluations = further.reduce((sum, more) => sum.add(more), asTensor(step.evaluations, 'i32'));
    const result = flattenTree(
      'attempt',
      [advanced, accept, evaluations, noted, finite, mapTree('attempt', isTensor, stopGradient, rest)],
      isTensor,
    );
    outputs = result.structure;
    return result.leaves;
  };
  const rebuild = (results: Leaves): Results<Rest> => outputs?.rebuild(results) as Results<Rest>;
  const results = customVjp('attempt', inputs.leaves, forward, reverseAttempt(parts, moment, rebuild));
  const [advanced, accept, evaluations, noted, finite, rest] = rebuild(results);
  return { ...advanced, accept, finite, evaluations, noted, rest };
}

/** A solver's step with its state as leaves. */
function leafStep({ solver, state, f, measureAt }: Attempt, m: Moment): Step<Leaves, unknown> {
  const step = solver.step(dynamicsOf(f, m), m.t, m.h, m.y, state.rebuild(m.state), measureAt(m));
  return { ...step, state: flattenTree('solver state', step.state, isTensor).leaves };
}

/** Whether a sample has a cotangent that is not zero. */
const isNonZero = (ct: Tensor): Tensor =>
  ct.rank === 1 ? ct.notEqual(0) : ct.notEqual(0).any({ axes: ct.shape.map((_, axis) => axis).slice(1) });

/** What the reverse of an attempt reads: a moment's leaves but for its buffers, cotangents, and what an evaluation costs. */
interface Pulled {
  readonly read: Leaves;
  readonly cts: Leaves;
  readonly evaluations: Tensor;
  /** Which samples are pulled back along their step; and, where samples may fail, which are at a place that is sound. */
  readonly moves?: Tensor;
  readonly isSound?: Tensor;
}

/** The reverse rule of an attempt at a moment like this one. */
function reverseAttempt(parts: Attempt, like: Moment, rebuild: (results: Leaves) => Results<unknown>): ReverseRule {
  const { structure, leaves } = flattenTree('attempt', like, isTensor);
  const positions = structure.rebuild(leaves.map((_, i) => i)) as Moment;
  const isPosition = (x: unknown): x is number => typeof x === 'number';
  const indicesOf = (tree: unknown): readonly number[] => flattenTree('attempt', tree, isPosition).leaves;
  /** For each leaf of an advance the moment's leaf that stays if the step is rejected. */
  const origin = indicesOf(stay(positions));
  // Step sizes and assigned times are stop-gradient.
  const stopped = new Set(indicesOf([positions.h, positions.tNext]));
  // Output values are written, never read: their cotangents need no buffers.
  const buffers = new Set(indicesOf(positions.ys));
  const readable = (all: Leaves): Leaves => all.filter((_, i) => !buffers.has(i));
  const withBuffers = (read: Leaves): Leaves => {
    const rest = [...read];
    return leaves.map((x, i) => (buffers.has(i) ? zerosLike(x) : (rest.shift() as Tensor)));
  };
  const advance = (given: Leaves, known: Extent | undefined): Leaves => {
    const m = structure.rebuild(given) as Moment;
    return flattenTree('attempt', finish(parts, leafStep(parts, m), m, known).advanced, isTensor).leaves;
  };

  return ({ inputs, outputs, cotangents, active }) => {
    const moment = inputs.slice(0, leaves.length);
    const wanted = moment.map((x, i) => active[i] === true && !stopped.has(i) && isDifferentiable(x.type));
    const answer = (all: readonly Cotangent[]): Leaves =>
      moment.flatMap((x, i) => (wanted[i] === true ? [asTensorResult(materialize(all[i] ?? null, x))] : []));
    const [, accept, evaluations, noted, finite] = rebuild(outputs);
    const known = 'extent' in noted ? noted.extent : undefined;
    const given = origin.flatMap((_, i) => (cotangents[i] == null ? [] : [{ ct: cotangents[i], i }]));
    /** The cotangents of a moment from those of its advance. Buffers are not among what is `read`. */
    const pullBack = ({ read, cts, evaluations: again }: Pulled): readonly Cotangent[] => {
      report(reports.nfeBackward, again, 'sum');
      const at = withBuffers(read);
      const step = trace(
        'advance',
        at.map((x) => x.type),
        (given) => advance(given, known),
      );
      const isActive = [...step.captures.map(() => false), ...wanted];
      const { pullback } = linearize(step.graph, [...step.captures, ...at], isActive);
      const all: Cotangent[] = origin.map(() => null);
      given.forEach(({ i }, k) => (all[i] = cts[k] ?? null));
      return pullback(all).slice(step.captures.length);
    };
    /** Samples that stay are pulled back along steps of size 0 with cotangents of zero, and pass theirs on. */
    const pullBackSamples = (moves: Tensor, { isSound, ...pass }: Pulled): readonly Cotangent[] => {
      const own = structure.rebuild(withBuffers(pass.read)) as Moment;
      const at = halted(moves, isSound === undefined ? own : relocated(isSound, moves, own));
      const read = readable(flattenTree('attempt', at, isTensor).leaves);
      const cts = pass.cts.map((ct, k) => (isBuffer[k] === true ? ct : selectSamples(moves, ct, zerosLike(ct))));
      const all = [...pullBack({ ...pass, read, cts })];
      given.forEach(({ i }, k) => {
        const [to, ct] = [origin[i] as number, pass.cts[k] as Tensor];
        if (isBuffer[k] !== true) all[to] = addCotangents(all[to] ?? null, selectSamples(moves, zerosLike(ct), ct));
      });
      return all;
    };
    const isBuffer = given.map(({ i }) => buffers.has(origin[i] as number));
    const operands: Pulled = { read: readable(moment), cts: given.map(({ ct }) => ct), evaluations };
    const { moves, ...soundness } = movement();
    const pulled = cond(
      anySample(moves),
      isPerSample(moves) ? { ...operands, moves, ...soundness } : operands,
      (x) => answer(x.moves === undefined ? pullBack(x) : pullBackSamples(x.moves, x)),
      ({ cts }) => {
        const all: Cotangent[] = moment.map(() => null);
        given.forEach(({ i }, k) => (all[origin[i] as number] = cts[k] ?? null));
        return answer(all);
      },
    );
    const next = pulled.values();
    return inputs.map((_, i) => (wanted[i] === true ? (next.next().value ?? null) : null));

    /**
     * Which samples are pulled back. One that fails later has cotangents of zero behind its last output: there it is not,
     * as f may have no derivative where it came to its end.
     */
    function movement(): { readonly moves: Tensor; readonly isSound?: Tensor } {
      if (!(isPerSample(accept) && parts.mayFail)) return { moves: accept };
      const [j] = indicesOf(positions.j) as [number];
      const hasOutputs = (outputs[origin.indexOf(j)] as Tensor).greater(moment[j] as Tensor);
      const isNeeded = given
        .flatMap(({ ct }, k) => (isBuffer[k] === true ? [] : [isNonZero(ct)]))
        .reduce((a, b) => a.or(b), hasOutputs);
      return { moves: accept.and(isNeeded), isSound: isNeeded.and(accept.or(finite)) };
    }
  };
}
