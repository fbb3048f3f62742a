/** What the tests of every solver for stiff problems hold it to, in vitest: coefficients, order, accuracy and cost. */
import { constantStep, pid, type Solver } from '@node-ode/core';
import { sine } from '@node-ode/testkit/problems';
import { describe, expect, it } from 'vitest';
import {
  endOf,
  measure,
  measureAdaptive,
  stiffCases,
  torchdiffeqCases,
  torchdiffeqTolerances,
  type StiffCase,
} from './accuracy/index.ts';
import type { AttainedOrders } from './order-conditions.ts';
import { testOrders } from './order-tests.ts';

/** What a solver claims. */
export interface StiffClaims {
  /** Orders of the solution, of its dense output and of the embedded solution: attained, and no more. */
  readonly orders: AttainedOrders;
  /** Numbers of steps whose errors are well above rounding. */
  readonly steps: readonly number[];
  /** Largest relative error of any component of those at times within steps. */
  readonly within: number;
  /** Steps tried and evaluations at most at rtol 1e-6: on Robertson's reaction, and on Van der Pol's oscillator. */
  readonly cost: Readonly<Record<StiffCase['name'], { readonly steps: number; readonly nfe: number }>>;
}

/**
 * Declares the tests.
 *
 * @example
 * testStiffSolver(() => kvaerno3(), { orders: { solution: 3, dense: 3, embedded: 2 }, steps: [32, 64, 128], within: 1e-5, cost });
 */
export function testStiffSolver(make: () => Solver, { orders, steps, within, cost }: StiffClaims): void {
  describe(make().name, () => {
    testOrders(make, orders, steps);

    it('counts the evaluations of steps of one size as the engine does', async () => {
      const { nfe, executed, accepted } = await measure(sine('f64'), make(), constantStep({ h: 0.07 }));
      expect(accepted).toBe(100);
      expect(nfe).toBe(executed);
    });

    it.each(torchdiffeqCases(make()))("solves torchdiffeq's problem $title", async ({ problem, bound }) => {
      const { relativeError, nfe, executed } = await measureAdaptive(problem, make(), torchdiffeqTolerances);
      expect(relativeError).toBeLessThan(bound);
      expect(nfe).toBe(executed);
    });

    it.each(stiffCases())(
      'solves $name at rtol 1e-6 within 1e-5, at little cost',
      async ({ name, problem, tolerances }) => {
        const found = await measure(endOf(problem), make(), pid(tolerances));
        expect(found.relativeError).toBeLessThan(1e-5);
        expect(found.nfe).toBe(found.executed);
        expect(found.accepted + found.rejected).toBeLessThanOrEqual(cost[name].steps);
        expect(found.nfe).toBeLessThanOrEqual(cost[name].nfe);
      },
    );

    it.each(stiffCases())('solves $name at times within its steps', async ({ problem, tolerances }) => {
      const { relativeError } = await measure(problem, make(), pid(tolerances));
      // Components that follow the others, of size 10⁻³ … 10⁻⁸, are less accurate within a step than at its end.
      expect(relativeError).toBeLessThan(within);
    });
  });
}
