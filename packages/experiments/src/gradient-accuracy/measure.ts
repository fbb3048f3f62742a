/** The gradient of a problem by one method at one tolerance. */
import {
  compile,
  createOde,
  flattenTree,
  isTensor,
  SolveError,
  valueAndGrad,
  type Backend,
  type GradientMethod,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { interpolatingAdjoint } from '@node-ode/gradient-interpolating-adjoint';
import type { MlpParams } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import type { GradientProblem } from './problems.ts';

/** The methods, by the names of the table. Checkpointed backprop gives what backprop gives, bit for bit. */
export const methods: Readonly<Record<string, () => GradientMethod>> = {
  backprop,
  adjoint,
  'interpolating adjoint': interpolatingAdjoint,
};

/** One gradient, and what it cost. */
export interface Measured {
  /** For all parameters and the initial states, in one row. */
  readonly gradient: readonly number[];
  readonly nfe: number;
  readonly nfeBackward: number;
}

/** Undefined where the solve failed, as one backwards may. */
export async function gradientOf(
  backend: Backend,
  problem: GradientProblem,
  method: () => GradientMethod,
  tol: number,
): Promise<Measured | undefined> {
  const { dynamics, t1 } = problem;
  const options = { backend, solver: dopri5(), gradient: method(), rtol: tol, atol: tol, dtype: 'f64' } as const;
  const ode = createOde({ ...options, maxSteps: 20_000 });
  const run = compile(backend, (params: TensorsOf<MlpParams>, y0: Tensor) => {
    const loss = (x: { params: TensorsOf<MlpParams>; y0: Tensor }): Tensor =>
      ode
        .odeint((t, y: Tensor) => dynamics(x.params, t, y), x.y0, [0, t1])
        .ys.at(-1)
        .square()
        .mean();
    return flattenTree('gradient', valueAndGrad(loss)({ params, y0 }).grad, isTensor).leaves;
  });
  try {
    const { result, stats } = await run.run(problem.params, problem.y0);
    const rows = await Promise.all(result.map((leaf) => leaf.read()));
    for (const leaf of result) leaf.dispose();
    return {
      gradient: rows.flatMap(({ data }) => Array.from(data)),
      nfe: stats.nfe,
      nfeBackward: stats.nfeBackward,
    };
  } catch (error) {
    if (error instanceof SolveError) return undefined;
    throw error;
  } finally {
    run.dispose();
  }
}

/** ‖a − b‖ / ‖b‖. */
export function relativeError(a: readonly number[], b: readonly number[]): number {
  const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  return norm(a.map((x, i) => x - (b[i] ?? NaN))) / norm(b);
}
