/** The interpolant that a solve reads values within a step from, and that it agrees with the step's own where they meet. */
import {
  onesLike,
  vjp,
  type Densified,
  type LeafDynamics,
  type Leaves,
  type Solver,
  type Tensor,
} from '@node-ode/core';
import { check, type Check } from '../support/check.ts';
import { demandClose, elementsOf } from '../support/numbers.ts';
import { program } from '../support/program.ts';
import { scalar } from '../support/random-arrays.ts';
import { closenessFor, type SolverSubject } from './subject.ts';
import { coupledProblem } from './test-problem.ts';

/** A step's interpolant as accurate as the solver can make it, with the evaluations that this takes. */
export const densified = (solver: Solver, f: LeafDynamics, t: Tensor, interpolant: unknown): Densified<unknown> =>
  solver.densify?.(f, t, interpolant) ?? { interpolant, evaluations: 0 };

export function denseChecks(subject: SolverSubject): readonly Check[] {
  return [
    check('has one value and one slope at each end of a step, with further evaluations or without', () =>
      agreesAtEnds(subject),
    ),
  ];
}

/** The value and the slope of each leaf's sum at θ = 0 and θ = 1, from either interpolant. */
async function agreesAtEnds(subject: SolverSubject): Promise<void> {
  const { make, backend, dtype } = subject;
  const solver = make();
  if (solver.densify === undefined) return;
  const { f, y0 } = coupledProblem(dtype);
  const endsOf =
    (isDense: boolean) =>
    ([t, h, ...y]: Leaves): Leaves => {
      const [start, size] = [t as Tensor, h as Tensor];
      const { interpolant } = solver.step(f, start, size, y, solver.init(f, start, y).state);
      const used = isDense ? densified(solver, f, start, interpolant).interpolant : interpolant;
      return [0, 1].flatMap((end) => {
        const position = start.mul(0).add(end);
        const values = solver.interpolate(used, position);
        const slopes = values.map((_, i) => {
          const of = (theta: Tensor): Tensor => (solver.interpolate(used, theta)[i] as Tensor).sum();
          const { value, pullback } = vjp(of, position);
          return pullback(onesLike(value));
        });
        return [...values, ...slopes];
      });
    };
  const inputs = [scalar(0.3, dtype), scalar(0.125, dtype), ...y0];
  const [plain, dense] = await Promise.all([false, true].map((isDense) => program(backend, endsOf(isDense))(inputs)));
  demandClose(
    `${solver.name}.densify: values and slopes at both ends`,
    elementsOf(dense?.outputs ?? []),
    elementsOf(plain?.outputs ?? []),
    // In f32 slopes are sums of terms that are up to a hundred times as large.
    closenessFor(subject, { f64: { rtol: 1e-12, atol: 1e-13 }, roundings: 512 }),
    'Only what lies between the ends may change: which of the two is read depends on where output times lie.',
  );
}
