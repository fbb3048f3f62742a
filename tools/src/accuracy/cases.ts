/** The classical problems with the bounds that adaptive solvers must keep on them. */
import { array, type FloatDType, type PidOptions, type Solver } from '@node-ode/core';
import {
  detest,
  detestNames,
  reversed,
  robertson,
  torchdiffeqProblems,
  vanDerPol,
  type Problem,
} from '@node-ode/testkit/problems';

/** A problem with the largest error allowed. */
export interface Case {
  readonly title: string;
  readonly problem: Problem;
  readonly bound: number;
}

/** Tolerances of torchdiffeq's problems, at ten times from 1 to 8. */
export const torchdiffeqTolerances = { rtol: 1e-7, atol: 1e-9 };

/** Bounds of torchdiffeq's own tests in f32, looser than in f64 for two problems. */
const singleBounds: Readonly<Record<string, number>> = { linear: 2e-3, exp: 5e-2 };

/** torchdiffeq's four problems, both ways in time, in f64 and f32; bounds of the largest relative error. */
export function torchdiffeqCases({ order }: Solver): readonly Case[] {
  const loose = order < 4 ? 4e-3 : 3e-4;
  const boundOf = (name: string, dtype: FloatDType): number =>
    dtype === 'f32' ? (singleBounds[name] ?? loose) : loose;
  const both = (problem: Problem): readonly Problem[] => [problem, reversed(problem)];
  return (['f64', 'f32'] as const).flatMap((dtype) =>
    Object.entries(torchdiffeqProblems).flatMap(([name, make]) =>
      both(make(dtype)).map((problem) => ({
        title: `${problem.name} in ${dtype}`,
        problem,
        bound: boundOf(name, dtype),
      })),
    ),
  );
}

/** Tolerances of the DETEST problems. */
export const detestTolerances = { rtol: 1e-8, atol: 1e-8 };

/** The 25 DETEST problems in f64; the bound of the largest error at t = 5, 10, 15 and 20. */
export const detestCases = (): readonly Case[] =>
  detestNames.map((name) => ({ title: name, problem: detest(name)('f64'), bound: 4e-5 }));

/** A stiff problem with its tolerances, which suit its components. */
export interface StiffCase {
  readonly name: 'robertson' | 'vanDerPol';
  readonly problem: Problem;
  readonly tolerances: Pick<PidOptions, 'rtol' | 'atol'>;
}

/** The stiff problems in f64, at rtol 1e-6. Robertson's second component is of size 10⁻⁵ … 10⁻⁸. */
export const stiffCases = (): readonly StiffCase[] => [
  {
    name: 'robertson',
    problem: robertson('f64'),
    tolerances: { rtol: 1e-6, atol: array([1e-9, 1e-13, 1e-9], { dtype: 'f64' }) },
  },
  { name: 'vanDerPol', problem: vanDerPol('f64'), tolerances: { rtol: 1e-6, atol: 1e-9 } },
];

/** A problem from its beginning to its end, compared there alone. */
export function endOf(problem: Problem): Problem {
  const [first] = problem.reference;
  return { ...problem, reference: [first, problem.reference.at(-1) ?? first] };
}
