/** What the tests of every adaptive solver package hold it to, in vitest: coefficients, order, evaluations, accuracy. */
import { constantStep, type Solver } from '@node-ode/core';
import { referenceTimes, reversed, sine, type Problem } from '@node-ode/testkit/problems';
import { describe, expect, it } from 'vitest';
import {
  detestCases,
  detestTolerances,
  measure,
  measureAdaptive,
  torchdiffeqCases,
  torchdiffeqTolerances,
} from './accuracy/index.ts';
import type { AttainedOrders } from './order-conditions.ts';
import { testOrders } from './order-tests.ts';

/** What a solver claims. */
export interface AdaptiveClaims {
  /** Orders of the solution, of its dense output and of the embedded solution: attained, and no more. */
  readonly orders: AttainedOrders;
  /** Function evaluations of a step after the first. */
  readonly evaluations: number;
  /** Further evaluations of a step within which an output time lies; none by default. */
  readonly evaluationsWithin?: number;
  /** Numbers of steps whose errors are well above rounding. */
  readonly steps: readonly number[];
  /** Whether the solver is held to DETEST at 1e-8. */
  readonly detest: boolean;
}

/** Output times of a problem that lie within steps: all but the first and the last, where no step holds two or ends at one. */
const timesWithin = (problem: Problem): number => referenceTimes(problem).length - 2;

/**
 * Declares the tests.
 *
 * @example
 * testAdaptiveSolver(() => dopri5(), { orders: { solution: 5, dense: 4, embedded: 4 }, evaluations: 6, steps: [32, 64], detest: true });
 */
export function testAdaptiveSolver(
  make: () => Solver,
  { orders, evaluations, evaluationsWithin = 0, steps, detest }: AdaptiveClaims,
): void {
  describe(make().name, () => {
    testOrders(make, orders, steps);

    it(`makes ${evaluations} evaluations a step, and one more at the first`, async () => {
      const problem = sine('f64');
      const { nfe, executed, accepted } = await measure(problem, make(), constantStep({ h: 0.07 }));
      expect(accepted).toBe(100);
      const expected = 1 + 100 * evaluations + evaluationsWithin * timesWithin(problem);
      expect([nfe, executed]).toEqual([expected, expected]);
    });

    it('makes no evaluation twice where steps are rejected', async () => {
      const problem = reversed(sine('f64'));
      // tolerances at which every method, of order 8 too, rejects that many
      const tolerances = { rtol: 3e-8, atol: 3e-10 };
      const { nfe, executed, accepted, rejected } = await measureAdaptive(problem, make(), tolerances);
      expect(rejected).toBeGreaterThan(5);
      // two before the first step: the slope there, and the one that its size is chosen by
      const expected = 2 + evaluations * (accepted + rejected) + evaluationsWithin * timesWithin(problem);
      expect([nfe, executed]).toEqual([expected, expected]);
    });

    it.each(torchdiffeqCases(make()))("solves torchdiffeq's problem $title", async ({ problem, bound }) => {
      const { relativeError, nfe, executed } = await measureAdaptive(problem, make(), torchdiffeqTolerances);
      expect(relativeError).toBeLessThan(bound);
      expect(nfe).toBe(executed);
    });

    it.each(detest ? detestCases() : [])('solves DETEST $title at 1e-8 within 4e-5', async ({ problem, bound }) => {
      const { error, nfe, executed } = await measureAdaptive(problem, make(), detestTolerances);
      expect(error).toBeLessThan(bound);
      expect(nfe).toBe(executed);
    });
  });
}
