/** What a solver for stiff problems does with transients that are far too fast for its steps. */
import { constant, type LeafDynamics, type Tensor } from '@node-ode/core';
import { check, demand, type Check } from '../support/check.ts';
import { elementsOf } from '../support/numbers.ts';
import { scalar } from '../support/random-arrays.ts';
import { marcher } from './march.ts';
import type { SolverSubject } from './subject.ts';

const rate = -1e8;

/** y' = λ(y − cos t) − sin t (Prothero & Robinson 1974): from anywhere y falls onto cos t within 1/|λ|. */
const fallsOntoCosine: LeafDynamics = (t, [y]) => [(y as Tensor).sub(t.cos()).mul(rate).sub(t.sin())];

/** Checks of a solver that says it is for stiff problems. */
export function dampingChecks(subject: SolverSubject): readonly Check[] {
  if (subject.stiff !== true) return [];
  return [
    check('damps transients that are far too fast for its steps', () => dampsTransient(subject)),
    check('damps them however it starts, and stays where the slow solution is', () => staysOnSlowSolution(subject)),
  ];
}

/** L-stability: y' = λy over one step of h·λ = −10⁷ leaves next to nothing of y. */
async function dampsTransient({ make, ...on }: SolverSubject): Promise<void> {
  const solver = make();
  const decay: LeafDynamics = (_, [y]) => [(y as Tensor).mul(constant(rate, [], on.dtype))];
  const { y } = await marcher(on, solver, decay)(0, 0.1, 1, [scalar(1, on.dtype)]);
  const left = Math.abs(elementsOf(y)[0] ?? NaN);
  demand(left <= 1e-4, `${solver.name}.step`, `one step of y' = ${rate}·y, h = 0.1, leaves ${left} of y`, {
    expected: 'at most 1e-4: R(z) → 0 for z → −∞',
    advice: 'A method that is A-stable alone leaves |R(∞)| = 1 of it; without an implicit solve it grows.',
  });
}

async function staysOnSlowSolution({ make, ...on }: SolverSubject): Promise<void> {
  const solver = make();
  const { t, y } = await marcher(on, solver, fallsOntoCosine)(0, 0.1, 20, [scalar(2, on.dtype)]);
  const error = Math.abs((elementsOf(y)[0] ?? NaN) - Math.cos(t));
  demand(error <= 1e-6, `${solver.name}.step`, `20 steps of 0.1 from y = 2 are ${error} away from cos t`, {
    expected: 'at most 1e-6',
    advice: 'Check the Jacobian and how well the stages are solved: errors of slopes are multiplied by λ.',
  });
}
