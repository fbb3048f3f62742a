/** Derivatives through a step and through a solve by its steps, against central differences. */
import {
  array,
  asTensor,
  matmul,
  random,
  scan,
  valueAndGrad,
  type HostArray,
  type LeafDynamics,
  type Leaves,
  type Solver,
  type Tensor,
} from '@node-ode/core';
import { check, type Check } from '../support/check.ts';
import { centralDifferences } from '../support/finite-differences.ts';
import { castTree } from '../support/host-trees.ts';
import { demandClose, elementsOf } from '../support/numbers.ts';
import { program } from '../support/program.ts';
import { normal, scalar, uniform } from '../support/random-arrays.ts';
import { densified } from './dense.ts';
import { closenessFor, type SolverSubject } from './subject.ts';

export function derivativeChecks(subject: SolverSubject): readonly Check[] {
  return [
    check('is differentiable through a step: y0, t, h and parameters', () => compare(subject, oneStep)),
    check('is differentiable through a solve: y0, times and parameters', () => compare(subject, fewSteps)),
    check('is differentiable within a step', () => compare(subject, withinStep)),
  ];
}

/** A solution's leaves from (t, h), y0 and parameters. */
type Solution = (solver: Solver, f: LeafDynamics, t: Tensor, h: Tensor, y0: Leaves) => Leaves;

const oneStep: Solution = (solver, f, t, h, y0) => solver.step(f, t, h, y0, solver.init(f, t, y0).state).y;

const withinStep: Solution = (solver, f, t, h, y0) => {
  const step = solver.step(f, t, h, y0, solver.init(f, t, y0).state);
  return solver.interpolate(densified(solver, f, t, step.interpolant).interpolant, t.mul(0).add(0.4));
};

const fewSteps: Solution = (solver, f, t, h, y0) => {
  const indices = asTensor(array([0, 1, 2, 3, 4], { dtype: t.dtype }));
  const start = { y: y0, state: solver.init(f, t, y0).state };
  const { carry } = scan(start, indices, ({ y, state }, i) => {
    const next = solver.step(f, t.add(h.mul(i)), h, y, state);
    return { carry: { y: next.y, state: next.state } };
  });
  return carry.y;
};

/** One list of inputs: t, h, then the state {scalar, vector}, then the parameters {W, b}. */
const value = (solver: Solver, solve: Solution, [t, h, a, v, w, b]: readonly Tensor[]): Tensor => {
  const [weights, bias] = [w as Tensor, b as Tensor];
  const f: LeafDynamics = (time, [s, y]) => {
    const hidden = matmul((y as Tensor).reshape([1, 2]), weights)
      .reshape([2])
      .add(bias.mul(time))
      .tanh();
    return [(s as Tensor).mul(hidden.sum()).add(time.sin()), hidden.mul(s as Tensor)];
  };
  const [s, y] = solve(solver, f, t as Tensor, h as Tensor, [a as Tensor, v as Tensor]) as readonly [Tensor, Tensor];
  return s.mul(1.5).add(y.mul(array([0.7, -1.2], { dtype: y.dtype })).sum());
};

async function compare(subject: SolverSubject, solve: Solution): Promise<void> {
  const { make, backend, oracle, dtype } = subject;
  const solver = make();
  const rng = random(11);
  const inputs: readonly HostArray[] = [
    scalar(0.4, dtype),
    scalar(0.2, dtype),
    scalar(0.9, dtype),
    normal(rng, [2], dtype),
    uniform(rng, [2, 2], dtype, -1, 1),
    normal(rng, [2], dtype),
  ];
  const plain = program(oracle, (x) => [value(solver, solve, x)]);
  const gradient = program(backend, (x) => {
    const both = valueAndGrad((leaves: readonly Tensor[]) => value(solver, solve, leaves))(x);
    return [both.value, ...both.grad];
  });
  const numeric = await centralDifferences(
    async (x) => elementsOf((await plain(x)).outputs)[0] ?? NaN,
    castTree(inputs, 'f64'),
  );
  const [, ...found] = (await gradient(inputs)).outputs;
  const names = ['t', 'h', 'y0 (a scalar)', 'y0 (a vector)', 'a weight matrix', 'a bias'];
  // Fourth-order differences of a smooth function of size 1, at a step of 1e-3: about 1e-12. In f32 they are the oracle's,
  // and the gradient of four steps has the rounding of some dozens of operations.
  const bound = closenessFor(subject, { f64: { rtol: 1e-8, atol: 1e-9 }, roundings: 64 });
  found.forEach((g, i) => {
    demandClose(
      `${solver.name}: the gradient for ${names[i] ?? ''}`,
      Array.from(g.data),
      numeric[i] ?? [],
      bound,
      'A step is made of tensor operations alone; stopGradient and host values cut it off.',
    );
  });
}
