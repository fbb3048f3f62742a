/**
 * Output values: those whose times lie within a step are written from its interpolant. In reverse the same rows are read
 * again from the last to the first, so that nothing is taped for them.
 */
import { customVjp, type ReverseRule } from '../control/custom-vjp.ts';
import { whileLoop } from '../control/loops.ts';
import { vjp } from '../differentiate/vjp.ts';
import { isDifferentiable } from '../graph/infer.ts';
import { select, stopGradient, zerosLike } from '../tensor/functions.ts';
import { constant, isTensor, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, type TreeStructure } from '../tree.ts';
import { follow } from './follow.ts';
import { anySample, chooseRarely, isPerSample, readRow, rowAt, selectSamples } from './lanes.ts';
import type { Leaves, Solver } from './solver.ts';

/** A step, as far as its outputs are concerned. Samples with steps of their own may stay: h is 0, `tNext` is t. */
export interface OutputStep {
  readonly t: Tensor;
  readonly tNext: Tensor;
  readonly h: Tensor;
  /** Index of the next output time. */
  readonly j: Tensor;
  /** Output values so far, and the times: rows that `rowAt` reads. */
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

/** Whether an output time lies within a step, before its end: of any sample. */
export function isOutputWithin({ ts, tNext, h, j }: Pick<OutputStep, 'ts' | 'tNext' | 'h' | 'j'>): Tensor {
  if (areAtEnds(ts, j)) return constant(false);
  const last = countOf(ts, j) - 1;
  return anySample(j.lessEqual(last).and(readRow(ts, j.minimum(last)).sub(tNext).mul(h.sign()).less(0)));
}

/** The position of an output time within a step. */
export const positionOf = (at: Tensor, t: Tensor, h: Tensor): Tensor => at.sub(t).div(isPerSample(h) ? nonZero(h) : h);

/** A sample that stays has outputs nowhere, but a position that is finite: so is everything that derivatives see. */
const nonZero = (h: Tensor): Tensor => select(h.equal(0), 1, h);

/** Whether outputs are at the ends of steps alone: of two times the first is where the solve begins, the other where it lands. */
const areAtEnds = (ts: Tensor, j: Tensor): boolean => countOf(ts, j) === 2;

/** A step, and an output time in it. */
interface RowStep extends Pick<OutputStep, 't' | 'h' | 'y1'> {
  readonly at: Tensor;
  readonly interpolant: Leaves;
}

/** The number of output times. */
const countOf = (ts: Tensor, j: Tensor): number => (ts.shape[0] ?? 1) / (j.shape[0] ?? 1);

function write(
  solver: Solver,
  structure: TreeStructure,
  interpolant: Leaves,
  { t, ts, tNext, h, j, ys, y1 }: OutputStep,
): Leaves {
  const last = countOf(ts, j) - 1;
  const direction = h.sign();
  const isReached = (next: Tensor): Tensor =>
    next.lessEqual(last).and(readRow(ts, next.minimum(last)).sub(tNext).mul(direction).lessEqual(0));
  const isDue = (next: Tensor): Tensor => (isPerSample(h) ? isReached(next).and(h.notEqual(0)) : isReached(next));
  const { carry } = whileLoop(
    { j, ys },
    (c) => anySample(isDue(c.j)),
    (c) => {
      const due = isDue(c.j);
      const row = rowAt(c.j, due);
      // A sample that is not due is given what costs least.
      const at = isPerSample(h) ? select(due, row.read(ts), tNext) : row.read(ts);
      const within = (x: RowStep): Leaves =>
        solver.interpolate(structure.rebuild(x.interpolant), positionOf(x.at, x.t, x.h));
      const atEnd = (x: RowStep): Leaves => {
        const y = within(x);
        return x.y1.map((end, i) => follow(end, y[i] as Tensor));
      };
      const y = areAtEnds(ts, c.j)
        ? atEnd({ at, t, h, y1, interpolant })
        : chooseRarely(at.equal(tNext), { at, t, h, y1, interpolant }, atEnd, within);
      const next = isPerSample(h) ? c.j.add(due.cast('i32')) : c.j.add(1);
      return { carry: { j: next, ys: c.ys.map((rows, i) => row.write(rows, y[i] as Tensor)) } };
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
      ({ j }) => anySample(j.greater(first)),
      (c) => {
        const due = c.j.greater(first);
        const j = c.j.sub(1);
        const row = rowAt(j, due);
        // The position of a sample that is not due is 0, so that nothing here overflows.
        const at = isPerSample(h) ? select(due, row.read(ts), t) : row.read(ts);
        const { pullback } = vjp(
          (x: { readonly t: Tensor; readonly at: Tensor; readonly floats: Leaves }) =>
            solver.interpolate(rebuild(x.floats), positionOf(x.at, x.t, h)),
          { t, at, floats: floats.map((i) => leaves[i] as Tensor) },
        );
        const pulled = pullback(
          c.rows.map((buffer) => {
            const ct = row.read(buffer);
            return isPerSample(h) ? selectSamples(due, ct, zerosLike(ct)) : ct;
          }),
        );
        return {
          carry: {
            j: isPerSample(h) ? select(due, j, c.j) : j,
            rows: c.rows.map((buffer) => row.write(buffer, 0)),
            t: c.t.add(pulled.t),
            ts: row.write(c.ts, pulled.at),
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
