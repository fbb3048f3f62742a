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
import { asTensor, isTensor, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, type TreeStructure } from '../tree.ts';
import { follow } from './follow.ts';
import type { ClosedDynamics } from './gradient-method.ts';
import { anySample, isPerSample, selectSamples } from './lanes.ts';
import type { Leaves, Solver, Step } from './solver.ts';
import { reports } from './status.ts';
import { writeOutputs } from './outputs.ts';

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
}

/** What the differentiable part of an iteration gives. */
export interface Advanced {
  readonly t: Tensor;
  readonly y: Leaves;
  readonly state: Leaves;
  readonly j: Tensor;
  readonly ys: Leaves;
}

/** The state after an accepted step, with every output time up to it written from the step's interpolant. */
function finish(solver: Solver, step: Step<Leaves, unknown>, m: Moment): Advanced {
  const { j, ys } = writeOutputs(solver, step.interpolant, { ...m, y1: step.y });
  // A time that was assigned moves with the one before it.
  return { t: follow(m.tNext, m.t), y: step.y, state: step.state, j, ys };
}

/** What an iteration decides besides advancing. */
export interface Verdict {
  /** Whether the step is accepted: bool. */
  readonly accept: Tensor;
  /** Anything else that the loop carries on: not differentiable. */
  readonly rest: Leaves;
}

/** What an attempt is made of. */
export interface Attempt {
  readonly solver: Solver;
  /** Structure of the solver's state. */
  readonly state: TreeStructure;
  readonly f: ClosedDynamics;
  /** Decides on a step, from what else the loop carries. */
  judge(moment: Moment, step: Step<Leaves, unknown>, others: Leaves): Verdict;
}

/** The part of a moment that advances; unchanged where a step is rejected. */
const stay = ({ t, y, state, j, ys }: Moment): Advanced => ({ t, y, state, j, ys });

/** A moment at which the samples that do not advance take a step of size 0: from a state that is finite to itself. */
const halted = (accept: Tensor, m: Moment): Moment => ({
  ...m,
  h: select(accept, m.h, 0),
  tNext: select(accept, m.tNext, m.t),
});

/** Where a step leads: to its end if it was accepted, each sample for itself if samples have steps of their own. */
function advanceWhere(accept: Tensor, solver: Solver, step: Step<Leaves, unknown>, m: Moment): Advanced {
  if (isPerSample(accept)) {
    const { t, y, state, j, ys } = finish(solver, step, halted(accept, m));
    const keep = (after: Leaves, before: Leaves): Leaves =>
      after.map((leaf, i) => selectSamples(accept, leaf, before[i] as Tensor));
    return { t, y: keep(y, m.y), state: keep(state, m.state), j, ys };
  }
  const { y, state, interpolant } = step;
  return cond(
    accept,
    { m, step: { y, state, interpolant } },
    (taken) => finish(solver, { ...step, ...taken.step }, taken.m),
    (taken) => stay(taken.m),
  );
}

/**
 * Tries a step: it advances if `judge` accepts it, else nothing but `rest` changes. In reverse an accepted step is computed
 * again and pulled back, a rejected one is the identity: what it computed, be it not finite, touches no gradient.
 */
export function attempt(
  parts: Attempt,
  moment: Moment,
  others: Leaves,
): Advanced & Verdict & { readonly evaluations: Tensor } {
  const { solver, judge } = parts;
  const inputs = flattenTree('attempt', { moment, others }, isTensor);
  let outputs: TreeStructure | undefined;
  const forward = (given: Leaves): Leaves => {
    const { moment: m, others: held } = inputs.structure.rebuild(given) as { moment: Moment; others: Leaves };
    const step = leafStep(parts, m);
    const { accept, rest } = judge(m, step, held);
    const advanced = advanceWhere(accept, solver, step, m);
    const result = flattenTree(
      'attempt',
      [advanced, accept, asTensor(step.evaluations, 'i32'), rest.map(stopGradient)],
      isTensor,
    );
    outputs = result.structure;
    return result.leaves;
  };
  const results = customVjp('attempt', inputs.leaves, forward, reverseAttempt(parts, moment));
  const rebuilt = outputs?.rebuild(results) as readonly [Advanced, Tensor, Tensor, Leaves];
  const [advanced, accept, evaluations, rest] = rebuilt;
  return { ...advanced, accept, evaluations, rest };
}

/** A solver's step with its state as leaves. */
function leafStep({ solver, state, f }: Attempt, m: Moment): Step<Leaves, unknown> {
  const step = solver.step((t, y) => f(t, y, m.captures), m.t, m.h, m.y, state.rebuild(m.state));
  return { ...step, state: flattenTree('solver state', step.state, isTensor).leaves };
}

/** What the reverse of an attempt reads: a moment's leaves but for its buffers, cotangents, and what an evaluation costs. */
interface Pulled {
  readonly read: Leaves;
  readonly cts: Leaves;
  readonly evaluations: Tensor;
}

/** The reverse rule of an attempt at a moment like this one. */
function reverseAttempt(parts: Attempt, like: Moment): ReverseRule {
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
  const advance = (given: Leaves): Leaves => {
    const m = structure.rebuild(given) as Moment;
    return flattenTree('attempt', finish(parts.solver, leafStep(parts, m), m), isTensor).leaves;
  };

  return ({ inputs, outputs, cotangents, active }) => {
    const moment = inputs.slice(0, leaves.length);
    const wanted = moment.map((x, i) => active[i] === true && !stopped.has(i) && isDifferentiable(x.type));
    const answer = (all: readonly Cotangent[]): Leaves =>
      moment.flatMap((x, i) => (wanted[i] === true ? [asTensorResult(materialize(all[i] ?? null, x))] : []));
    const accept = outputs[origin.length] as Tensor;
    const evaluations = outputs[origin.length + 1] as Tensor;
    const given = origin.flatMap((_, i) => (cotangents[i] == null ? [] : [{ ct: cotangents[i], i }]));
    /** The cotangents of a moment from those of its advance. Buffers are not among what is `read`. */
    const pullBack = ({ read, cts, evaluations: again }: Pulled): readonly Cotangent[] => {
      report(reports.nfeBackward, again, 'sum');
      const at = withBuffers(read);
      const step = trace(
        'advance',
        at.map((x) => x.type),
        advance,
      );
      const isActive = [...step.captures.map(() => false), ...wanted];
      const { pullback } = linearize(step.graph, [...step.captures, ...at], isActive);
      const all: Cotangent[] = origin.map(() => null);
      given.forEach(({ i }, k) => (all[i] = cts[k] ?? null));
      return pullback(all).slice(step.captures.length);
    };
    /** Samples that stay are pulled back along steps of size 0 with cotangents of zero, and pass theirs on. */
    const pullBackSamples = ({
      accept: moves,
      ...pass
    }: Pulled & { readonly accept: Tensor }): readonly Cotangent[] => {
      const isBuffer = given.map(({ i }) => buffers.has(origin[i] as number));
      const at = halted(moves, structure.rebuild(withBuffers(pass.read)) as Moment);
      const read = readable(flattenTree('attempt', at, isTensor).leaves);
      const cts = pass.cts.map((ct, k) => (isBuffer[k] === true ? ct : selectSamples(moves, ct, zerosLike(ct))));
      const all = [...pullBack({ ...pass, read, cts })];
      given.forEach(({ i }, k) => {
        const [to, ct] = [origin[i] as number, pass.cts[k] as Tensor];
        if (isBuffer[k] !== true) all[to] = addCotangents(all[to] ?? null, selectSamples(moves, zerosLike(ct), ct));
      });
      return all;
    };
    const operands = { read: readable(moment), cts: given.map(({ ct }) => ct), evaluations };
    const pulled = cond(
      anySample(accept),
      isPerSample(accept) ? { ...operands, accept } : operands,
      (x) => answer('accept' in x ? pullBackSamples(x) : pullBack(x)),
      ({ cts }) => {
        const all: Cotangent[] = moment.map(() => null);
        given.forEach(({ i }, k) => (all[origin[i] as number] = cts[k] ?? null));
        return answer(all);
      },
    );
    const next = pulled.values();
    return inputs.map((_, i) => (wanted[i] === true ? (next.next().value ?? null) : null));
  };
}
