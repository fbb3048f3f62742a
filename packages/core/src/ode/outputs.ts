/**
 * Output values: those whose times lie within a step are written from its interpolant. In reverse the same rows are read
 * again from the last to the first, so that nothing is taped for them.
 */
import { cond } from '../control/cond.ts';
import { customVjp, type ReverseRule } from '../control/custom-vjp.ts';
import { whileLoop } from '../control/loops.ts';
import { vjp } from '../differentiate/vjp.ts';
import { isDifferentiable } from '../graph/infer.ts';
import { stopGradient, zerosLike } from '../tensor/functions.ts';
import { isTensor, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, type TreeStructure } from '../tree.ts';
import { follow } from './follow.ts';
import type { Leaves, Solver } from './solver.ts';

/** A step, as far as its outputs are concerned. */
export interface OutputStep {
  readonly t: Tensor;
  readonly tNext: Tensor;
  readonly h: Tensor;
  /** Index of the next output time. */
  readonly j: Tensor;
  /** Output values so far, stacked along the times. */
  readonly ys: Leaves;
  readonly ts: Tensor;
  /** The state at `tNext`. */
  readonly y1: Leaves;
}

/** Writes the rows of all output times from `j` on that the step has reached. */
export function writeOutputs(
  solver: Solver,
  interpolant: unknown,
  step: OutputStep,
): { readonly j: Tensor; readonly ys: Leaves } {
  const { leaves, structure } = flattenTree('interpolant', interpolant, isTensor);
  // The interpolant gives y1 as well, and its derivative: y1 is no operand of the derivative.
  const y1 = step.y1.map(stopGradient);
  const inputs = [step.t, step.ts, step.tNext, step.h, step.j, ...y1, ...leaves, ...step.ys];
  const forward = ([t, ts, tNext, h, j, ...rest]: Leaves): Leaves => {
    const at = { t, ts, tNext, h, j, y1: rest.slice(0, y1.length) };
    const [within, ys] = [rest.slice(y1.length, y1.length + leaves.length), rest.slice(y1.length + leaves.length)];
    return write(solver, structure, within, { ...at, ys } as OutputStep);
  };
  const [j, ...ys] = customVjp('outputs', inputs, forward, readAgain(solver, structure, y1.length, leaves.length));
  return { j: j as Tensor, ys };
}

/** The position of an output time within a step. */
const positionOf = (at: Tensor, t: Tensor, h: Tensor): Tensor => at.sub(t).div(h);

function write(
  solver: Solver,
  structure: TreeStructure,
  interpolant: Leaves,
  { t, ts, tNext, h, j, ys, y1 }: OutputStep,
): Leaves {
  const last = (ts.shape[0] ?? 1) - 1;
  const direction = h.sign();
  const { carry } = whileLoop(
    { j, ys },
    (c) => c.j.lessEqual(last).and(ts.at(c.j.minimum(last)).sub(tNext).mul(direction).lessEqual(0)),
    (c) => {
      const at = ts.at(c.j);
      const y = cond(
        at.equal(tNext),
        { at, t, h, y1, interpolant },
        (x) => {
          const y = solver.interpolate(structure.rebuild(x.interpolant), positionOf(x.at, x.t, x.h));
          return x.y1.map((end, i) => follow(end, y[i] as Tensor));
        },
        (x) => solver.interpolate(structure.rebuild(x.interpolant), positionOf(x.at, x.t, x.h)),
      );
      return { carry: { j: c.j.add(1), ys: c.ys.map((rows, i) => rows.setRow(c.j, y[i] as Tensor)) } };
    },
  );
  return [carry.j, ...carry.ys];
}

/** The reverse rule: each row's cotangent is pulled back through the interpolant and leaves a row of zeros. */
function readAgain(solver: Solver, structure: TreeStructure, states: number, n: number): ReverseRule {
  return ({ inputs, outputs, cotangents, active }) => {
    const [t, ts, , h, first, ...others] = inputs as readonly [Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
    const rest = others.slice(states);
    const leaves = rest.slice(0, n);
    const floats = leaves.flatMap((leaf, i) => (isDifferentiable(leaf.type) ? [i] : []));
    const rebuild = (given: Leaves): unknown =>
      structure.rebuild(leaves.map((leaf, i) => given[floats.indexOf(i)] ?? leaf));
    const rows = rest.slice(n).map((buffer, i) => cotangents[i + 1] ?? zerosLike(buffer));
    const { carry } = whileLoop(
      {
        j: outputs[0] as Tensor,
        rows,
        t: zerosLike(t),
        ts: zerosLike(ts),
        floats: floats.map((i) => zerosLike(leaves[i] as Tensor)),
      },
      ({ j }) => j.greater(first),
      (c) => {
        const j = c.j.sub(1);
        const { pullback } = vjp(
          (x: { readonly t: Tensor; readonly at: Tensor; readonly floats: Leaves }) =>
            solver.interpolate(rebuild(x.floats), positionOf(x.at, x.t, h)),
          { t, at: ts.at(j), floats: floats.map((i) => leaves[i] as Tensor) },
        );
        const pulled = pullback(c.rows.map((buffer) => buffer.at(j)));
        return {
          carry: {
            j,
            rows: c.rows.map((buffer) => buffer.setRow(j, 0)),
            t: c.t.add(pulled.t),
            ts: c.ts.setRow(j, pulled.at),
            floats: c.floats.map((sum, i) => sum.add(pulled.floats[i] as Tensor)),
          },
        };
      },
    );
    const sums = leaves.map((_, i) => carry.floats[floats.indexOf(i)] ?? null);
    const none = new Array<null>(states).fill(null);
    const all = [carry.t, carry.ts, null, null, null, ...none, ...sums, ...carry.rows];
    return all.map((ct, i) => (active[i] === true ? ct : null));
  };
}
