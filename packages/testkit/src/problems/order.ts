/** The problem that solvers' orders are measured on. */
import { array, matmul } from '@node-ode/core';
import { orderReference } from './linear-reference.ts';
import { propagate } from './matrix-exponential.ts';
import { problem, type ProblemFactory } from './problem.ts';

/** y' = Ay with A = ½·randn(10, 10) and y(0) = randn(10) from a fixed seed, t from 0 to 4. */
export const order: ProblemFactory = (dtype) => {
  const { matrix, y0, reference } = orderReference;
  const a = array(matrix, { dtype });
  const n = y0.length;
  return problem({
    name: 'order',
    dtype,
    dynamics: (_t, y) => matmul(a, y.reshape([n, 1])).reshape([n]),
    solution: (t) => propagate(matrix, t, y0),
    reference,
  });
};
