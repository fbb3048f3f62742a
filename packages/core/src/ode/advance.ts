/**
 * One accepted step: the solver's step and the output values within it. It is what derivatives see of an iteration; the
 * controller's decision is not.
 */
import { condFlat } from '../control/cond.ts';
import { customVjp, type ReverseRule } from '../control/custom-vjp.ts';
import { trace } from '../control/call.ts';
import { report } from '../control/report.ts';
import { materialize, type Cotangent } from '../differentiate/accumulate.ts';
import { linearize } from '../differentiate/linearize.ts';
import { isDifferentiable } from '../graph/infer.ts';
import { asTensorResult } from '../tensor/trace.ts';
import { asTensor, isTensor, zerosLike, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, type TreeStructure } from '../tree.ts';
import type { ClosedDynamics } from './gradient-method.ts';
import type { Leaves, Solver, Step } from './solver.ts';
import { reports } from './status.ts';
import { writeOutputs } from './outputs.ts';

/** What the differentiable part of an iteration reads. */
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
  /** Output values so far, stacked along the times. */
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

/** A solver's step with its state as leaves. */
export function leafStep(solver: Solver, structure: TreeStructure, f: ClosedDynamics, m: Moment): Step<Leaves, unknown> {
  const step = solver.step((t, y) => f(t, y, m.captures), m.t, m.h, m.y, structure.rebuild(m.state));
  return { ...step, state: flattenTree('solver state', step.state, isTensor).leaves };
}

/** The state after an accepted step, with every output time up to it written from the step's interpolant. */
export function finish(solver: Solver, step: Step<Leaves, unknown>, m: Moment): Advanced {
  const { j, ys } = writeOutputs(solver, step.interpolant, m);
  return { t: follow(m.tNext, m.t), y: step.y, state: step.state, j, ys };
}

/** `value`, differentiated as if it were `source`: a time that was assigned moves with the one before it. */
function follow(value: Tensor, source: Tensor): Tensor {
  const rule: ReverseRule = ({ cotangents: [ct] }) => [null, ct ?? null];
  return customVjp('follow', [value, source], ([v]) => [v as Tensor], rule)[0] as Tensor;
}

/** Positions of a moment's leaves in a flat list. */
const flat = ({ t, tNext, h, y, state, j, ys, ts, captures }: Moment): Leaves => [t, tNext, h, ...y, ...state, j, ...ys, ts, ...captures];

/** The moment of a flat list of the same layout as `like`. */
function unflat(leaves: Leaves, like: Moment): Moment {
  let next = 0;
  const take = (n: number): Leaves => leaves.slice(next, (next += n));
  const one = (): Tensor => take(1)[0] as Tensor;
  return {
    t: one(),
    tNext: one(),
    h: one(),
    y: take(like.y.length),
    state: take(like.state.length),
    j: one(),
    ys: take(like.ys.length),
    ts: one(),
    captures: take(like.captures.length),
  };
}

/** What an iteration decides besides advancing. */
export interface Verdict {
  /** A bool scalar: the step is accepted. */
  readonly accept: Tensor;
  /** Anything else the loop carries on: not differentiable. */
  readonly rest: Leaves;
  readonly evaluations: number | Tensor;
}

/**
 * Tries a step: it advances if `judge` accepts it, else nothing but `rest` changes. In reverse an accepted step is computed
 * again and pulled back, a rejected one is the identity: what it computed, be it not finite, touches no gradient.
 */
export function attempt(
  solver: Solver,
  structure: TreeStructure,
  f: ClosedDynamics,
  moment: Moment,
  others: Leaves,
  judge: (moment: Moment, step: Step<Leaves, unknown>, others: Leaves) => Verdict,
): Advanced & Verdict {
  const inputs = flat(moment);
  let evaluations: number | undefined;
  const counted = (moment.y.length + moment.state.length + moment.ys.length) + 2;
  const forward = (given: Leaves): Leaves => {
    const m = unflat(given, moment);
    const step = leafStep(solver, structure, f, m);
    const verdict = judge(m, step, given.slice(inputs.length));
    if (typeof step.evaluations === 'number') evaluations = step.evaluations;
    const stay: Advanced = { t: m.t, y: m.y, state: m.state, j: m.j, ys: m.ys };
    const interpolant = flattenTree('interpolant', step.interpolant, isTensor);
    const operands = [...given.slice(0, inputs.length), ...step.y, ...step.state, ...interpolant.leaves];
    const results = condFlat(
      verdict.accept,
      operands,
      (all) => {
        const tensors = all.map(asTensorResult);
        const behind = tensors.slice(inputs.length);
        const [y, state] = [behind.slice(0, step.y.length), behind.slice(step.y.length, step.y.length + step.state.length)];
        const taken = { ...step, y, state, interpolant: interpolant.structure.rebuild(behind.slice(step.y.length + step.state.length)) };
        return flatAdvanced(finish(solver, taken, unflat(tensors, moment)));
      },
      (all) => {
        const m2 = unflat(all.map(asTensorResult), moment);
        return flatAdvanced({ ...stay, t: m2.t, y: m2.y, state: m2.state, j: m2.j, ys: m2.ys });
      },
    ).map(asTensorResult);
    return [...results, verdict.accept, asTensor(step.evaluations, 'i32'), ...verdict.rest];
  };
  const outputs = customVjp('attempt', [...inputs, ...others], forward, reverseAttempt(solver, structure, f, moment));
  const advanced = unflatAdvanced(outputs, moment);
  return {
    ...advanced,
    accept: outputs[counted] as Tensor,
    evaluations: evaluations ?? (outputs[counted + 1] as Tensor),
    rest: outputs.slice(counted + 2),
  };
}

const flatAdvanced = ({ t, y, state, j, ys }: Advanced): Leaves => [t, ...y, ...state, j, ...ys];

function unflatAdvanced(leaves: Leaves, like: Moment): Advanced {
  const [a, b] = [1 + like.y.length, 1 + like.y.length + like.state.length];
  return {
    t: leaves[0] as Tensor,
    y: leaves.slice(1, a),
    state: leaves.slice(a, b),
    j: leaves[b] as Tensor,
    ys: leaves.slice(b + 1, b + 1 + like.ys.length),
  };
}

/** For each leaf of an advance the position of the moment's leaf that stays if the step is rejected. */
function stays(like: Moment): readonly number[] {
  const range = (start: number, n: number): readonly number[] => Array.from({ length: n }, (_, i) => start + i);
  const [y, state] = [3, 3 + like.y.length];
  const j = state + like.state.length;
  return [0, ...range(y, like.y.length), ...range(state, like.state.length), j, ...range(j + 1, like.ys.length)];
}

function reverseAttempt(solver: Solver, structure: TreeStructure, f: ClosedDynamics, like: Moment): ReverseRule {
  return ({ inputs, outputs, cotangents, active }) => {
    const origin = stays(like);
    const count = origin.length;
    const [accept, evaluations] = [outputs[count] as Tensor, outputs[count + 1] as Tensor];
    const moment = inputs.slice(0, flat(like).length);
    const first = 3 + like.y.length + like.state.length + 1;
    const isBuffer = (i: number): boolean => i >= first && i < first + like.ys.length;
    // Step sizes and assigned times are stop-gradient.
    const wanted = moment.map((x, i) => active[i] === true && i !== 1 && i !== 2 && isDifferentiable(x.type));
    const given = cotangents.slice(0, count).flatMap((ct, i) => (ct === null ? [] : [{ ct, i }]));
    // Output values are written, never read: their cotangents need no buffers.
    const read = moment.flatMap((x, i) => (isBuffer(i) ? [] : [{ x, i }]));
    const operands = [...read.map(({ x }) => x), ...given.map(({ ct }) => ct), evaluations];
    const results = condFlat(
      accept,
      operands,
      (all) => {
        report(reports.nfeBackward, asTensorResult(all.at(-1)), 'sum');
        const again = moment.map((x) => zerosLike(x));
        read.forEach(({ i }, k) => (again[i] = asTensorResult(all[k])));
        const { graph, captures } = trace('advance', again.map((x) => x.type), (leaves) => {
          const m = unflat(leaves, like);
          return flatAdvanced(finish(solver, leafStep(solver, structure, f, m), m));
        });
        const { pullback } = linearize(graph, [...captures, ...again], [...captures.map(() => false), ...wanted]);
        const cts: Cotangent[] = new Array<Cotangent>(count).fill(null);
        given.forEach(({ i }, k) => (cts[i] = all[read.length + k] ?? null));
        const pulled = pullback(cts).slice(captures.length);
        return moment.flatMap((x, i) => (wanted[i] === true ? [materialize(pulled[i] ?? null, x)] : []));
      },
      (all) => {
        const kept: Cotangent[] = moment.map(() => null);
        given.forEach(({ i }, k) => (kept[origin[i] as number] = all[read.length + k] ?? null));
        return moment.flatMap((x, i) => (wanted[i] === true ? [materialize(kept[i] ?? null, x)] : []));
      },
    );
    let next = 0;
    return inputs.map((_, i) => (wanted[i] === true ? asTensorResult(results[next++]) : null));
  };
}

