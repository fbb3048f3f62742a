/** The evaluations that a solver reports are those that it makes. */
import { constantStep, createOde, pid, type LeafDynamics, type Tensor } from '@node-ode/core';
import { check, demand, type Check } from '../support/check.ts';
import { program } from '../support/program.ts';
import { scalar } from '../support/random-arrays.ts';
import { densified } from './dense.ts';
import { marcher } from './march.ts';
import type { SolverSubject } from './subject.ts';
import { coupledProblem } from './test-problem.ts';

export function evaluationChecks(subject: SolverSubject): readonly Check[] {
  return [
    check('reports as many evaluations as it traces', () => reportsWhatItTraces(subject)),
    check('reports as many evaluations as the engine executes', () => reportsWhatIsExecuted(subject)),
    check('has its evaluations in the statistics of a solve', () => countsInStatistics(subject)),
  ];
}

const advice = 'Count each use of f, in init, in step and in densify, and only those.';

async function reportsWhatItTraces({ make, backend, dtype }: SolverSubject): Promise<void> {
  const solver = make();
  const { f, y0 } = coupledProblem(dtype);
  let uses = 0;
  const counted: LeafDynamics = (t, y) => {
    uses += 1;
    return f(t, y);
  };
  const expectUses = (what: string, reported: number | Tensor, used: number): void => {
    // A number of evaluations that is a tensor is known when it runs: the next check compares it.
    if (typeof reported !== 'number') return;
    demand(reported === used, `${solver.name}.${what}`, `it reports ${reported} evaluations and makes ${used}`, {
      expected: `${used}`,
      advice,
    });
  };
  const run = program(backend, (inputs) => {
    const [t, h, ...y] = inputs as readonly [Tensor, Tensor, ...Tensor[]];
    uses = 0;
    const start = solver.init(counted, t, y);
    expectUses('init', start.evaluations, uses);
    demand(start.dy0 === undefined || uses > 0, `${solver.name}.init`, 'it returns dy0 and has not evaluated f', {
      expected: 'f(t0, y0)',
    });
    uses = 0;
    const step = solver.step(counted, t, h, y, start.state);
    expectUses('step', step.evaluations, uses);
    uses = 0;
    const dense = densified(solver, counted, t, step.interpolant);
    expectUses('densify', dense.evaluations, uses);
    uses = 0;
    solver.interpolate(dense.interpolant, t.mul(0).add(0.5));
    demand(uses === 0, `${solver.name}.interpolate`, `it evaluates f ${uses} times`, { expected: 'no evaluation' });
    return step.y;
  });
  await run([scalar(0.3, dtype), scalar(0.125, dtype), ...y0]);
}

async function reportsWhatIsExecuted({ make, ...on }: SolverSubject): Promise<void> {
  const solver = make();
  const { f, y0 } = coupledProblem(on.dtype);
  const march = marcher(on, solver, f);
  for (const steps of [1, 2, 7]) {
    const { executions, evaluations } = await march(0, 0.125, steps, y0);
    demand(
      executions === undefined || executions === evaluations,
      solver.name,
      `${steps} steps report ${evaluations} evaluations; the engine executed f ${executions} times`,
      {
        expected: 'equal numbers',
        advice,
      },
    );
  }
}

async function countsInStatistics({ make, backend, dtype }: SolverSubject): Promise<void> {
  const solver = make();
  const { f, y0, t0, t1 } = coupledProblem(dtype);
  const controller =
    solver.needsUniformStep || !solver.hasErrorEstimate ? constantStep({ h: 0.125 }) : pid({ rtol: 1e-4, atol: 1e-6 });
  const ode = createOde({ backend, solver, controller, dtype });
  const { stats } = await ode.solve((t, y: readonly Tensor[]) => f(t, y), y0, [t0, t1]);
  const executed = stats.counters?.calls['dynamics'];
  demand(
    executed === undefined || executed === stats.nfe,
    solver.name,
    `a solve reports an NFE of ${stats.nfe}; the engine executed f ${executed} times`,
    {
      expected: 'equal numbers',
      advice,
    },
  );
}
