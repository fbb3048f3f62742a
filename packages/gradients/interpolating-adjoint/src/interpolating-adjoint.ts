/**
 * The adjoint method of Chen et al. 2018 (arXiv:1806.07366, eqs. 4, 5 and 52) with the state read from the dense output of the
 * forward solve, instead of solved for backwards (Rackauckas et al. 2018, arXiv:1812.01892, "interpolating adjoint").
 */
import {
  customVjpWithTapes,
  isDifferentiable,
  isTape,
  isTensor,
  requireKnownOptions,
  zerosLike,
  type GradientMethod,
  type Integrate,
  type IntegrateAndRecord,
  type Leaves,
  type SolveProblem,
  type Tensor,
} from '@node-ode/core';
import type { Backward } from './along-steps.ts';
import { optionNames, type InterpolatingAdjointOptions } from './options.ts';
import { pullBack } from './pull-back.ts';

/**
 * Optimise, then discretise. With a = ∂L/∂y and y(t) the dense output of the forward solve,
 *
 *     da/dt = −aᵀ·∂f/∂y,   dg/dt = −aᵀ·∂f/∂θ
 *
 * are solved backwards over each step of the forward solve, from the last to the first. At an output time a jumps by the
 * cotangent of that output. As y is not solved for again, it can't diverge where the problem contracts: that is where
 * `adjoint()` fails. Memory grows with the number of steps, by one interpolant each.
 *
 * Times are as in `adjoint()`: dL/dtⱼ = āⱼ·f(tⱼ, yⱼ), dL/dt0 = −a(t0)·f(t0, y0). The derivative of the reverse rule, for second
 * derivatives by either mode, goes through the steps of the solver.
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), gradient: interpolatingAdjoint(), rtol: 1e-6 });
 */
export function interpolatingAdjoint(options: InterpolatingAdjointOptions = {}): GradientMethod {
  requireKnownOptions('interpolatingAdjoint', options, optionNames);
  return {
    name: 'interpolating adjoint',
    handlesEvents: true,
    solve: (problem, integrate, record) =>
      problem.ts.shape[0] === 1 ? integrate(problem) : solve(problem, integrate, record, options),
  };
}

/** A problem as the operands of a custom rule: y0, ts, captures. */
const operandsOf = ({ y0, ts, captures }: SolveProblem): Leaves => [...y0, ts, ...captures];

function solve(
  problem: SolveProblem,
  integrate: Integrate,
  record: IntegrateAndRecord,
  options: InterpolatingAdjointOptions,
): Leaves {
  const n = problem.y0.length;
  const hasEvents = problem.events !== undefined;
  const problemOf = (operands: Leaves): SolveProblem => ({
    ...problem,
    y0: operands.slice(0, n),
    ts: operands[n] as Tensor,
    captures: operands.slice(n + 1),
  });
  let interpolate: Backward['interpolate'] | undefined;
  const results = customVjpWithTapes(
    'interpolating adjoint',
    operandsOf(problem),
    (operands) => {
      const recorded = record(problemOf(operands.filter(isTensor)));
      interpolate = recorded.interpolate;
      const { t, tNext, h, interpolant } = recorded.steps;
      return [...recorded.ys, t, tNext, h, ...interpolant];
    },
    ({ inputs, outputs, cotangents, active }) => {
      const operands = inputs.filter(isTensor);
      const wanted = operands.map((x, i) => active[i] === true && isDifferentiable(x.type));
      const given = outputs.filter(isTensor);
      const cts = given.slice(0, n).map((y, i) => cotangents[i] ?? zerosLike(y));
      // With events the rows end where the solve did, with their times behind them.
      const ys = given.slice(0, hasEvents ? n + 1 : n);
      const backward: Backward = { integrate, interpolate: interpolate as Backward['interpolate'], options, wanted };
      const gradient = [...pullBack(backward, problemOf, operands, ys, cts, outputs.filter(isTape))];
      return wanted.map((isWanted) => (isWanted ? (gradient.shift() ?? null) : null));
    },
  );
  return results.filter(isTensor);
}
