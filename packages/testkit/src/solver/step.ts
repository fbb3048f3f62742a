/** What one step returns: data of fixed types, consistent with the capability fields, the same each time. */
import {
  flattenTree,
  isTensor,
  type HostArray,
  type LeafDynamics,
  type Leaves,
  type Solver,
  type Tensor,
} from '@node-ode/core';
import { check, demand, type Check } from '../support/check.ts';
import { agrees, demandClose, elementsOf } from '../support/numbers.ts';
import { program } from '../support/program.ts';
import { scalar } from '../support/random-arrays.ts';
import { signature } from '../support/signature.ts';
import { demandFixedState, marcher, thetas } from './march.ts';
import { closenessFor, type SolverSubject } from './subject.ts';
import { coupledProblem } from './test-problem.ts';

export function stepChecks(subject: SolverSubject): readonly Check[] {
  return [
    check('says what it is', () => {
      describesItself(subject.make());
    }),
    check('returns data of fixed types', () => returnsData(subject)),
    check('returns an error estimate if it says so', () => estimatesAsItSays(subject)),
    check('meets both ends of a step', () => meetsBothEnds(subject)),
    check('gives the same results for the same inputs', () => isPure(subject)),
    check('evaluates last what the next step evaluates first, if it says so', () => isFsalAsItSays(subject)),
  ];
}

function describesItself(solver: Solver): void {
  demand(solver.name !== '', 'solver', 'its name is empty', { expected: 'the name of the method' });
  demand(Number.isInteger(solver.order) && solver.order >= 1, solver.name, `order ${solver.order}`, {
    expected: 'an integer of at least 1',
  });
  const { errorOrder } = solver;
  demand(errorOrder === undefined || errorOrder >= 0, solver.name, `errorOrder ${errorOrder}`, {
    expected: 'a number that is not negative',
  });
}

/** Traces one step on the coupled problem, and shows it to `look`. */
async function traceStep(
  { make, backend, dtype }: SolverSubject,
  look: (
    solver: Solver,
    step: ReturnType<Solver['step']>,
    inputs: { t: Tensor; h: Tensor; y0: Leaves; state: unknown },
  ) => readonly Tensor[],
  dynamics: LeafDynamics = coupledProblem(dtype).f,
): Promise<readonly HostArray[]> {
  const solver = make();
  const run = program(backend, (inputs) => {
    const [t, h, ...y0] = inputs as readonly [Tensor, Tensor, ...Tensor[]];
    const { state } = solver.init(dynamics, t, y0);
    return look(solver, solver.step(dynamics, t, h, y0, state), { t, h, y0, state });
  });
  return (await run([scalar(0.3, dtype), scalar(0.125, dtype), ...coupledProblem(dtype).y0])).outputs;
}

const returnsData = async (subject: SolverSubject): Promise<void> => {
  await traceStep(subject, (solver, step, { y0, state }) => {
    demandFixedState(solver.name, state, step.state);
    flattenTree(`${solver.name}.step: interpolant`, step.interpolant, isTensor);
    const [given, returned] = [signature('y', y0), signature('y', step.y)];
    demand(given === returned, `${solver.name}.step`, `y has leaves { ${returned} }`, {
      expected: `{ ${given} }, as it was given`,
    });
    const within = signature('y', solver.interpolate(step.interpolant, step.y[0]!.sum().mul(0)));
    demand(given === within, `${solver.name}.interpolate`, `leaves { ${within} }`, {
      expected: `{ ${given} }, like the state`,
    });
    return step.y;
  });
};

const estimatesAsItSays = async (subject: SolverSubject): Promise<void> => {
  await traceStep(subject, ({ name, hasErrorEstimate }, { error, y }, { y0 }) => {
    demand(
      (error !== undefined) === hasErrorEstimate,
      `${name}.step`,
      error === undefined ? 'it returns no error' : 'it returns an error',
      {
        expected: `what hasErrorEstimate: ${hasErrorEstimate} says`,
      },
    );
    if (error !== undefined) {
      const [given, returned] = [signature('y', y0), signature('error', error)];
      demand(given === returned, `${name}.step`, `the error has leaves { ${returned} }`, {
        expected: `{ ${given} }, like the state`,
      });
    }
    return y;
  });
};

/** The interpolant at θ = 0 and θ = 1 is the state before and after the step, in a first step and in a later one. */
async function meetsBothEnds({ make, ...on }: SolverSubject): Promise<void> {
  const solver = make();
  const { f, y0 } = coupledProblem(on.dtype);
  const march = marcher(on, solver, f);
  // In f32 sums of as many terms as there are stages, whose coefficients at θ = 1 are sums themselves.
  const rounding = closenessFor(on, { f64: { rtol: 1e-13, atol: 1e-13 }, roundings: 16 });
  for (const steps of [1, 4]) {
    const { y, previous, dense } = await march(0.2, 0.125, steps, y0);
    const ends = [dense[thetas.indexOf(0)] ?? [], dense[thetas.indexOf(1)] ?? []] as const;
    demandClose(`${solver.name}.interpolate at θ = 0, step ${steps}`, ends[0], elementsOf(previous), rounding);
    demandClose(`${solver.name}.interpolate at θ = 1, step ${steps}`, ends[1], elementsOf(y), rounding);
  }
}

/** Twice in one graph, in two graphs of one instance, in another instance, and run twice: the same bits. */
async function isPure({ make, backend, dtype }: SolverSubject): Promise<void> {
  const { f, y0 } = coupledProblem(dtype);
  const solver = make();
  const inputs = [scalar(0.3, dtype), scalar(0.125, dtype), ...y0];
  const twoSteps = (used: Solver, [t, h, ...y]: readonly Tensor[]): readonly Tensor[] => {
    const start = used.init(f, t as Tensor, y);
    const first = used.step(f, t as Tensor, h as Tensor, y, start.state);
    const second = used.step(f, (t as Tensor).add(h as Tensor), h as Tensor, first.y, first.state);
    return [...second.y, ...used.interpolate(second.interpolant, (t as Tensor).mul(0).add(0.5))];
  };
  const once = program(backend, (given) => twoSteps(solver, given));
  const expected = elementsOf((await once(inputs)).outputs);
  const demandSame = (how: string, found: readonly number[]): void => {
    const same =
      found.length === expected.length && found.every((x, i) => agrees(x, expected[i] ?? NaN, { rtol: 0, atol: 0 }));
    demand(same, `${solver.name}.step`, `the same inputs gave other results ${how}`, {
      expected: 'a pure function: the same results, bit for bit',
      advice: 'Keep what a step needs in its state; variables of the factory or the module outlive a trace.',
    });
  };
  demandSame('in a second run', elementsOf((await once(inputs)).outputs));
  const again = program(backend, (given) => [...twoSteps(solver, given), ...twoSteps(solver, given)]);
  const both = elementsOf((await again(inputs)).outputs);
  demandSame('when traced again', both.slice(0, expected.length));
  demandSame('the second time in one graph', both.slice(expected.length));
  const fresh = make();
  const other = program(backend, (given) => twoSteps(fresh, given));
  demandSame('from another instance', elementsOf((await other(inputs)).outputs));
}

/** With `fsal` the last evaluation of a step is f(t + h, y1), and `init` has made f(t0, y0). */
async function isFsalAsItSays(subject: SolverSubject): Promise<void> {
  const solver = subject.make();
  if (!solver.fsal) return;
  const { f, y0 } = coupledProblem(subject.dtype);
  let last: { readonly t: Tensor; readonly y: Leaves } | undefined;
  let evaluated = 0;
  const watched: LeafDynamics = (t, y) => {
    last = { t, y };
    evaluated += 1;
    return f(t, y);
  };
  const outputs = await traceStep(
    subject,
    (_, step, { t, h }) => {
      demand(last !== undefined && evaluated > 0, `${solver.name}.step`, 'f was never evaluated', {
        expected: 'an evaluation',
      });
      return [t.add(h), ...step.y, last.t, ...last.y];
    },
    watched,
  );
  const n = y0.length + 1;
  const [end, evaluatedAt] = [elementsOf(outputs.slice(0, n)), elementsOf(outputs.slice(n))];
  demandClose(
    `${solver.name}.step, which is fsal: (t, y) of its last evaluation`,
    evaluatedAt,
    end,
    closenessFor(subject, { f64: { rtol: 1e-13, atol: 1e-13 }, roundings: 4 }),
    'Evaluate f(t + h, y1) last and carry it in the state, or say fsal: false.',
  );
}
