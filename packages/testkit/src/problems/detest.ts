/**
 * The 25 non-stiff DETEST problems, t from 0 to 20 (Enright and Pryce, ACM TOMS 13(1), 1987; Hull, Enright, Fellen and
 * Sedgwick, SIAM J. Numer. Anal. 9(4), 1972). Reference values: SciPy's DOP853, see tools/references.
 */
import { array, matmul, stack, type FloatDType, type Tensor } from '@node-ode/core';
import { detestReference } from './detest-reference.ts';
import { outerPlanets } from './outer-planets.ts';
import { problem, type Problem, type ProblemFactory } from './problem.ts';

/** A1 … E5. */
export type DetestName = keyof typeof detestReference;

type Dynamics = Problem['dynamics'];

/** Dynamics that capture nothing. */
const scalar = (f: Dynamics) => (): Dynamics => f;

/** Dynamics by components: y₁, y₂, … to their derivatives. */
const system = (f: (t: Tensor, ...y: Tensor[]) => Tensor[]) => (): Dynamics => (t, y) =>
  stack(f(t, ...Array.from({ length: y.shape[0] ?? 0 }, (_, i) => y.at(i))), 0);

/** y' = Ay. */
const linear =
  (matrix: number[][]) =>
  (dtype: FloatDType): Dynamics => {
    const n = matrix.length;
    const a = array(matrix, { dtype });
    return (_t, y) => matmul(a, y.reshape([n, 1])).reshape([n]);
  };

/** The n by n matrix of a diagonal, the diagonal below it and the one above it. */
const tridiagonal = (
  n: number,
  diagonal: (i: number) => number,
  lower: (i: number) => number,
  upper: (i: number) => number,
): number[][] =>
  Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => {
      if (i === j) return diagonal(i);
      if (i === j + 1) return lower(j);
      return i === j - 1 ? upper(i) : 0;
    }),
  );

/** The heat equation's second difference. */
const diffusion = (n: number): number[][] =>
  tridiagonal(
    n,
    () => -2,
    () => 1,
    () => 1,
  );

/** A radioactive decay chain whose i-th link decays at a rate; the last is stable. */
const decayChain = (rate: (i: number) => number): number[][] =>
  tridiagonal(
    10,
    (i) => (i === 9 ? 0 : -rate(i)),
    rate,
    () => 0,
  );

/** Two bodies; the eccentricity is in the initial value. */
const orbit = system((_t, x, y, vx, vy) => {
  const r2 = x.square().add(y.square());
  const r3 = r2.mul(r2.sqrt());
  return [vx, vy, x.neg().div(r3), y.neg().div(r3)];
});

const dynamics: Record<DetestName, (dtype: FloatDType) => Dynamics> = {
  // A: single equations
  A1: scalar((_t, y) => y.neg()),
  A2: scalar((_t, y) => y.square().mul(y).mul(-0.5)),
  A3: scalar((t, y) => y.mul(t.cos())),
  A4: scalar((_t, y) => y.mul(0.25).mul(y.mul(-0.05).add(1))),
  A5: scalar((t, y) => y.sub(t).div(y.add(t))),
  // B: small systems
  B1: system((_t, u, v) => [u.sub(u.mul(v)).mul(2), u.mul(v).sub(v)]),
  B2: linear([
    [-1, 1, 0],
    [1, -2, 1],
    [0, 1, -1],
  ]),
  B3: system((_t, u, v) => [u.neg(), u.sub(v.square()), v.square()]),
  B4: system((_t, u, v, w) => {
    const r = u.square().add(v.square()).sqrt();
    return [v.neg().sub(u.mul(w).div(r)), u.sub(v.mul(w).div(r)), u.div(r)];
  }),
  B5: system((_t, u, v, w) => [v.mul(w), u.mul(w).neg(), u.mul(v).mul(-0.51)]),
  // C: moderate systems
  C1: linear(decayChain(() => 1)),
  C2: linear(decayChain((i) => i + 1)),
  C3: linear(diffusion(10)),
  C4: linear(diffusion(51)),
  C5: outerPlanets,
  // D: orbits of eccentricity 0.1, 0.3, 0.5, 0.7, 0.9
  D1: orbit,
  D2: orbit,
  D3: orbit,
  D4: orbit,
  D5: orbit,
  // E: higher order equations
  E1: system((t, u, v) => {
    const s = t.add(1);
    const potential = s.square().reciprocal().mul(-0.25).add(1);
    return [v, v.div(s).add(potential.mul(u)).neg()];
  }),
  E2: system((_t, u, v) => [v, u.square().neg().add(1).mul(v).sub(u)]),
  E3: system((t, u, v) => [v, u.square().mul(u).div(6).sub(u).add(t.mul(2.78535).sin().mul(2))]),
  E4: system((_t, _u, v) => [v, v.square().mul(-0.4).add(0.032)]),
  E5: system((t, _u, v) => [v, v.square().add(1).sqrt().div(t.neg().add(25))]),
};

/** The names, in the order of the papers. */
export const detestNames = Object.keys(detestReference) as DetestName[];

/**
 * One of the DETEST problems.
 *
 * @example
 * const kepler = detest('D5')('f64');
 * kepler.reference.at(-1)?.t; // 20
 */
export const detest =
  (name: DetestName): ProblemFactory =>
  (dtype) => {
    const { y0, reference } = detestReference[name];
    return problem({
      name,
      dtype,
      dynamics: dynamics[name](dtype),
      reference: [{ t: 0, y: y0 }, ...reference],
    });
  };
