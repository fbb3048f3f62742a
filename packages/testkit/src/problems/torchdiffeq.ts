/**
 * The four problems that torchdiffeq tests its solvers on (tests/problems.py of rtqichen/torchdiffeq), checked at ten
 * times from 1 to 8.
 */
import { array, matmul } from '@node-ode/core';
import { skewReference } from './linear-reference.ts';
import { propagate } from './matrix-exponential.ts';
import { problem, type ProblemFactory, type ReferencePoint } from './problem.ts';

const times = skewReference.reference.map(({ t }) => t);

const sampled = (solution: (t: number) => number[]): [ReferencePoint, ...ReferencePoint[]] => {
  const point = (t: number): ReferencePoint => ({ t, y: solution(t) });
  return [point(1), ...times.slice(1).map(point)];
};

/** y' = a + (y − (at + b))⁵ with a = 0.2, b = 3, whose solution is the line at + b. */
export const constant: ProblemFactory = (dtype) => {
  const [a, b] = [0.2, 3];
  const solution = (t: number): number[] => [a * t + b];
  return problem({
    name: 'constant',
    dtype,
    dynamics: (t, y) => {
      const off = y.sub(t.mul(a).add(b));
      return off.square().square().mul(off).add(a);
    },
    solution,
    reference: sampled(solution),
  });
};

/** y' = 2y/t + t⁴ sin 2t − t² + 4t³, whose solution y = −½t⁴ cos 2t + ½t³ sin 2t + ¼t² cos 2t − t³ + 2t⁴ + (π − ¼)t². */
export const sine: ProblemFactory = (dtype) => {
  const solution = (t: number): number[] => {
    const [s, c] = [Math.sin(2 * t), Math.cos(2 * t)];
    return [-0.5 * t ** 4 * c + 0.5 * t ** 3 * s + 0.25 * t ** 2 * c - t ** 3 + 2 * t ** 4 + (Math.PI - 0.25) * t ** 2];
  };
  return problem({
    name: 'sine',
    dtype,
    dynamics: (t, y) => {
      const t2 = t.square();
      const forcing = t2.square().mul(t.mul(2).sin()).sub(t2).add(t2.mul(t).mul(4));
      return y.mul(2).div(t).add(forcing);
    },
    solution,
    reference: sampled(solution),
  });
};

/** y' = Ay with A = U − Uᵀ, U = 0.1·randn(10, 10) from a fixed seed, y(0) = (1, …, 1): a rotation. */
export const linear: ProblemFactory = (dtype) => {
  const { matrix, y0, reference } = skewReference;
  const a = array(matrix, { dtype });
  const n = y0.length;
  return problem({
    name: 'linear',
    dtype,
    dynamics: (_t, y) => matmul(a, y.reshape([n, 1])).reshape([n]),
    solution: (t) => propagate(matrix, t, y0),
    reference,
  });
};

/** y' = y, whose solution is eᵗ. */
export const exp: ProblemFactory = (dtype) => {
  const solution = (t: number): number[] => [Math.exp(t)];
  return problem({ name: 'exp', dtype, dynamics: (_t, y) => y, solution, reference: sampled(solution) });
};

/** All four, in torchdiffeq's order. */
export const torchdiffeqProblems = { constant, linear, sine, exp } as const satisfies Record<string, ProblemFactory>;
