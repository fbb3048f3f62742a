/** What is read of an accepted step: the output values within it, from an interpolant that is made accurate where it is needed. */
import { cond } from '../control/cond.ts';
import { constant, asTensor, type Tensor } from '../tensor/tensor.ts';
import type { Moment } from './advance.ts';
import type { ClosedDynamics } from './gradient-method.ts';
import { dynamicsOf } from './jumps.ts';
import { isOutputWithin, writeOutputs } from './outputs.ts';
import type { Leaves, Solver, Step } from './solver.ts';

/** What an accepted step gives to read. */
export interface Readings {
  /** Index of the next output time. */
  readonly j: Tensor;
  /** Output values so far. */
  readonly ys: Leaves;
  /** Function evaluations made for them: none in the list for solvers that need none. */
  readonly evaluations: Leaves;
}

/** Writes the output values that the step has reached; further evaluations are made only where one lies within it. */
export function readStep(
  { solver, f }: { readonly solver: Solver; readonly f: ClosedDynamics },
  { y, interpolant }: Pick<Step<Leaves, unknown>, 'y' | 'interpolant'>,
  m: Moment,
): Readings {
  if (solver.densify === undefined) {
    return { ...writeOutputs(solver, interpolant, { ...m, y1: y }), evaluations: [] };
  }
  return cond(
    isOutputWithin(m),
    { m, y, interpolant },
    (x) => {
      const dense = densified(solver, f, x.m, x.interpolant);
      return { ...writeOutputs(solver, dense.interpolant, { ...x.m, y1: x.y }), evaluations: [dense.evaluations] };
    },
    (x) => ({ ...writeOutputs(solver, x.interpolant, { ...x.m, y1: x.y }), evaluations: [constant(0, [], 'i32')] }),
  );
}

/** The interpolant of a step as accurate as the solver can make it. */
function densified(
  solver: Solver,
  f: ClosedDynamics,
  m: Moment,
  interpolant: unknown,
): { readonly interpolant: unknown; readonly evaluations: Tensor } {
  const dense = solver.densify?.(dynamicsOf(f, m), m.t, interpolant) ?? { interpolant, evaluations: 0 };
  return { interpolant: dense.interpolant, evaluations: asTensor(dense.evaluations, 'i32') };
}
