/** What the tests of every solver for stiff problems hold it to, in vitest: coefficients, order, accuracy and cost. */
import { array, constantStep, pid, type Solver } from '@node-ode/core';
import { robertson, sine, vanDerPol, type Problem } from '@node-ode/testkit/problems';
import { describe, expect, it } from 'vitest';
import { convergence, measure, measureAdaptive, torchdiffeqCases, torchdiffeqTolerances } from './accuracy/index.ts';
import { attainedOrders, type AttainedOrders } from './order-conditions.ts';

/** What a solver claims. */
export interface StiffClaims {
  /** Orders of the solution, of its dense output and of the embedded solution: attained, and no more. */
  readonly orders: AttainedOrders;
  /** Numbers of steps whose errors are well above rounding. */
  readonly steps: readonly number[];
  /** Largest relative error of any component of those at times within steps. */
  readonly within: number;
  /** Steps tried and evaluations at most at rtol 1e-6: on Robertson's reaction, and on Van der Pol's oscillator. */
  readonly cost: Readonly<Record<'robertson' | 'vanDerPol', { readonly steps: number; readonly nfe: number }>>;
}

/** Robertson's second component is of size 10⁻⁵ … 10⁻⁸: it has an absolute tolerance of its own. */
const stiffCases: readonly (readonly [keyof StiffClaims['cost'], Problem, Parameters<typeof pid>[0]])[] = [
  ['robertson', robertson('f64'), { rtol: 1e-6, atol: array([1e-9, 1e-13, 1e-9], { dtype: 'f64' }) }],
  ['vanDerPol', vanDerPol('f64'), { rtol: 1e-6, atol: 1e-9 }],
];

/**
 * Declares the tests.
 *
 * @example
 * testStiffSolver(() => kvaerno3(), { orders: { solution: 3, dense: 3, embedded: 2 }, steps: [32, 64, 128], within: 1e-5, cost });
 */
export function testStiffSolver(make: () => Solver, { orders, steps, within, cost }: StiffClaims): void {
  const { solution, dense, embedded } = orders;
  describe(make().name, () => {
    it(`satisfies the conditions of order ${solution}, its dense output of ${dense}, its embedded solution of ${embedded}, and no more`, async () => {
      expect(await attainedOrders(make())).toEqual(orders);
      expect(make().errorOrder).toBe(embedded);
    });

    it(`converges with order ${solution}`, async () => {
      const { slope } = await convergence(make(), steps);
      expect(slope).toBeGreaterThan(solution - 0.3);
      expect(slope).toBeLessThan(solution + 0.3);
    });

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

    it.each(stiffCases)(
      'solves %s at rtol 1e-6 within 1e-5, at little cost',
     
      async (name, problem, tolerances) => {
        const [first, last] = [problem.reference[0], problem.reference.at(-1) ?? problem.reference[0]];
        const ends: Problem = { ...problem, reference: [first, last] };
        const { relativeError, nfe, executed, accepted, rejected } = await measure(ends, make(), pid(tolerances));
        expect(relativeError).toBeLessThan(1e-5);
        expect(nfe).toBe(executed);
        expect(accepted + rejected).toBeLessThanOrEqual(cost[name].steps);
        expect(nfe).toBeLessThanOrEqual(cost[name].nfe);
      },
    );

    it.each(stiffCases)('solves %s at times within its steps', async (_, problem, tolerances) => {
      const { relativeError } = await measure(problem, make(), pid(tolerances));
      // Components that follow the others, of size 10⁻³ … 10⁻⁸, are less accurate within a step than at its end.
      expect(relativeError).toBeLessThan(within);
    });
  });
}
