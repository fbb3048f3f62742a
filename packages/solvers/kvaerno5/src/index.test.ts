import { reference } from '@node-ode/backend-reference';
import { array, createOde, pid, SolveError } from '@node-ode/core';
import { dopri5 } from '@node-ode/solver-dopri5';
import { testSolver } from '@node-ode/testkit';
import { robertson } from '@node-ode/testkit/problems';
import { testStiffSolver } from '@node-ode/tools/stiff-solver';
import { expect, it } from 'vitest';
import { kvaerno5 } from './index.ts';

testSolver(() => kvaerno5(), { denseOrder: 4, stiff: true });

testStiffSolver(() => kvaerno5(), {
  orders: { solution: 5, dense: 4, embedded: 4 },
  steps: [32, 64, 128],
  within: 1e-4,
  cost: { robertson: { steps: 75, nfe: 1250 }, vanDerPol: { steps: 530, nfe: 8500 } },
});

it('does in 75 steps what is out of reach of an explicit method', async () => {
  const { dynamics, y0, t1 } = robertson('f64');
  const ode = createOde({
    backend: reference(),
    solver: dopri5(),
    controller: pid({ rtol: 1e-6, atol: array([1e-9, 1e-13, 1e-9], { dtype: 'f64' }) }),
    dtype: 'f64',
    maxSteps: 2000,
  });
  // Stability holds it to steps of about 10⁻³: 10⁸ to t = 10⁵.
  const solve = ode.solve(dynamics, array([...y0], { dtype: 'f64' }), [0, t1]);
  await expect(solve).rejects.toMatchObject({ reason: 'maxSteps', steps: 2000 });
  const reached = await solve.catch((error: unknown) => (error instanceof SolveError ? error.t : NaN));
  expect(reached).toBeLessThan(10);
});
