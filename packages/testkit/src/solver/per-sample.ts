/** `t` and `h` of the batch's shape: a step of many samples is the steps of each, and so is a solve. */
import {
  array,
  constantStep,
  createOde,
  pid,
  random,
  type HostArray,
  type LeafDynamics,
  type Leaves,
  type Solver,
  type Tensor,
} from '@node-ode/core';
import { check, type Check } from '../support/check.ts';
import { demandClose, elementsOf } from '../support/numbers.ts';
import { program } from '../support/program.ts';
import { aloneTolerances, asAlone, demandSamplesAsAlone } from '../support/sample-solves.ts';
import { scalar, uniform } from '../support/random-arrays.ts';
import { densified } from './dense.ts';
import { closenessFor, type SolverSubject } from './subject.ts';
import { sampleDynamics } from './test-problem.ts';

const batch = 4;
const times = [0.3, -0.2, 1.1, 0];
const sizes = [0.1, 0.25, -0.2, 0.05];
const positions = [0.3, 0.8, 0, 1];

export function perSampleChecks(subject: SolverSubject): readonly Check[] {
  if (subject.perSample === false) return [];
  return [
    check('steps with one t and one h for all samples', () => compare(subject, false)),
    check('steps with a t and an h for each sample', () => compare(subject, true)),
    check('solves each sample as it is alone', () => solvesAsAlone(subject)),
  ];
}

async function solvesAsAlone({ make, backend, dtype }: SolverSubject): Promise<void> {
  const solver = make();
  if (solver.perSample !== true) return;
  const isAdaptive = solver.hasErrorEstimate && !solver.needsUniformStep;
  // Steps that grow slowly are chosen by errors well above rounding, of a method of high order too.
  const adaptive = pid({ ...aloneTolerances[dtype], firstStep: 0.01, maxFactor: 2 });
  const controller = isAdaptive ? adaptive : constantStep({ h: 0.04 });
  const ode = createOde({ backend, solver, controller, dtype });
  // Nothing keeps fixed steps stable: Adams–Bashforth of order 8 is so up to h·λ = 0.024 alone, and at a pace of 1 λ is 4.
  await demandSamplesAsAlone(solver.name, { ode, dtype }, asAlone[dtype], isAdaptive ? 1 : 1 / 8);
}

/** Two steps, so that a carried state takes part: the state, the error and the solution within the second. */
const twoSteps = (solver: Solver, f: LeafDynamics, [t, h, theta, ...y0]: readonly Tensor[]): readonly Tensor[] => {
  const [start, size] = [t as Tensor, h as Tensor];
  const { state } = solver.init(f, start, y0);
  const first = solver.step(f, start, size, y0, state);
  const second = solver.step(f, start.add(size), size, first.y, first.state);
  const { interpolant } = densified(solver, f, start.add(size), second.interpolant);
  const within: Leaves = solver.interpolate(interpolant, theta as Tensor);
  return [...second.y, ...within, ...(second.error ?? [])];
};

async function compare(subject: SolverSubject, perSample: boolean): Promise<void> {
  const { make, backend, dtype } = subject;
  const solver = make();
  const rng = random(7);
  const f = sampleDynamics(dtype);
  const [p, q] = [uniform(rng, [batch], dtype, 0.2, 1), uniform(rng, [batch, 3], dtype)];
  const of = (values: readonly number[], i: number): number => values[perSample ? i : 0] ?? NaN;
  const timing = (values: readonly number[]): HostArray =>
    perSample ? array(values, { dtype }) : scalar(of(values, 0), dtype);
  const run = program(backend, (inputs) => twoSteps(solver, f, inputs));
  const { outputs } = await run([timing(times), timing(sizes), timing(positions), p, q]);
  const single = program(backend, (inputs) => twoSteps(solver, f, inputs));
  // In f32 some ten roundings, that grow as p' = −2tp² moves its states apart: by (p/p0)², ten in the third sample.
  const bound = closenessFor(subject, { f64: { rtol: 1e-12, atol: 1e-14 }, roundings: 96 });
  const what = `${solver.name}.step with ${perSample ? 't and h of shape [batch]' : 'scalar t and h'}`;
  for (let i = 0; i < batch; i++) {
    const row = [scalar(p.data[i] ?? NaN, dtype), array(q.data.slice(3 * i, 3 * i + 3), { dtype })];
    const alone = await single([...[times, sizes, positions].map((values) => scalar(of(values, i), dtype)), ...row]);
    const together = outputs.flatMap((output) => {
      const width = output.data.length / batch;
      return Array.from(output.data.slice(i * width, (i + 1) * width));
    });
    demandClose(
      `${what}, sample ${i}`,
      together,
      elementsOf(alone.outputs),
      bound,
      'Scale leaves by linearCombination, whose weights may have the shape of the leading axes.',
    );
  }
}
