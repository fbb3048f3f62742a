/** The first state of a solver, and its derivative where a solve may fail and the run goes on. */
import { cond } from '../control/cond.ts';
import { trace } from '../control/call.ts';
import { customVjp, type ReverseRule } from '../control/custom-vjp.ts';
import { report } from '../control/report.ts';
import { materialize } from '../differentiate/accumulate.ts';
import { linearize } from '../differentiate/linearize.ts';
import { isDifferentiable } from '../graph/infer.ts';
import { zerosLike } from '../tensor/functions.ts';
import { asTensor, isTensor, type Tensor } from '../tensor/tensor.ts';
import { asTensorResult } from '../tensor/trace.ts';
import { flattenTree, type TreeStructure } from '../tree.ts';
import type { SolveProblem } from './gradient-method.ts';
import { anySample, isPerSample, lend, selectSamples } from './lanes.ts';
import type { Leaves, Solver } from './solver.ts';
import { reports } from './status.ts';
import { areFinite } from './verdict.ts';

/** What a solver begins with. */
export interface Started {
  readonly state: Leaves;
  readonly structure: TreeStructure;
  /** f(t0, y0), if it was evaluated. */
  readonly dy0: Leaves | undefined;
  readonly evaluations: Tensor;
}

/** The first state of a solver at the first time; of a problem that may fail one that touches no gradient where it is not finite. */
export function start(solver: Solver, problem: SolveProblem, t0: Tensor): Started {
  const { y0, captures, f } = problem;
  const n = y0.length;
  let structure: TreeStructure | undefined;
  let states = 0;
  let evaluated = 0;
  const init = (inputs: Leaves): Leaves => {
    const given = inputs.slice(1 + n);
    const first = solver.init((t, y) => f(t, y, given), inputs[0] as Tensor, inputs.slice(1, 1 + n));
    const flat = flattenTree('solver state', first.state, isTensor);
    structure = flat.structure;
    states = flat.leaves.length;
    evaluated = first.dy0?.length ?? 0;
    return [...flat.leaves, ...(first.dy0 ?? []), asTensor(first.evaluations, 'i32')];
  };
  const inputs = [t0, ...y0, ...captures];
  const results = problem.mayFail === true ? customVjp('start', inputs, init, reverseStart(init, n)) : init(inputs);
  return {
    state: results.slice(0, states),
    structure: structure as TreeStructure,
    dy0: evaluated === 0 ? undefined : results.slice(states, states + evaluated),
    evaluations: results[states + evaluated] as Tensor,
  };
}

/**
 * The reverse rule of a start: it is computed again from states that are finite. A sample whose first state is not borrows
 * that of one whose is, and has cotangents of zero.
 */
function reverseStart(init: (inputs: Leaves) => Leaves, n: number): ReverseRule {
  return ({ inputs, outputs, cotangents, active }) => {
    const t0 = inputs[0] as Tensor;
    const floats = [...inputs.slice(1, 1 + n), ...outputs].filter((x) => isDifferentiable(x.type));
    const isSound = areFinite(floats, t0.rank);
    const wanted = inputs.map((x, i) => active[i] === true && isDifferentiable(x.type));
    const given = outputs.flatMap((_, i) => (cotangents[i] == null ? [] : [{ ct: cotangents[i], i }]));
    const operands = { isSound, inputs, cts: given.map(({ ct }) => ct), evaluations: outputs.at(-1) as Tensor };
    const pulled = cond(
      anySample(isSound),
      operands,
      (x) => {
        report(reports.nfeBackward, x.evaluations, 'sum');
        const own = x.inputs.slice(0, 1 + n);
        const lent = isPerSample(t0) ? own.map((leaf) => lend(leaf, x.isSound, x.isSound)) : own;
        const at = [...lent, ...x.inputs.slice(1 + n)];
        const body = trace(
          'start',
          at.map((leaf) => leaf.type),
          init,
        );
        const { pullback } = linearize(
          body.graph,
          [...body.captures, ...at],
          [...body.captures.map(() => false), ...wanted],
        );
        const all: (Tensor | null)[] = outputs.map(() => null);
        given.forEach(({ i }, k) => {
          const ct = x.cts[k] as Tensor;
          all[i] = isPerSample(t0) ? selectSamples(x.isSound, ct, zerosLike(ct)) : ct;
        });
        const found = pullback(all).slice(body.captures.length);
        return at.flatMap((leaf, i) =>
          wanted[i] === true ? [asTensorResult(materialize(found[i] ?? null, leaf))] : [],
        );
      },
      (x) => x.inputs.filter((_, i) => wanted[i]).map(zerosLike),
    );
    const next = pulled.values();
    return inputs.map((_, i) => (wanted[i] === true ? (next.next().value ?? null) : null));
  };
}
