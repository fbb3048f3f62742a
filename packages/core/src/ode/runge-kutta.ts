/** Explicit Runge–Kutta methods are one function: a new method is its coefficients. */
import { OptionError } from '../errors.ts';
import { linearCombination } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Densified, LeafDynamics, Leaves, Solver } from './solver.ts';

/** A Butcher tableau with its dense output. */
export interface Tableau {
  readonly name: string;
  /** Order of the solution that is propagated. */
  readonly order: number;
  /** Order of the embedded solution; `order − 1` by default. */
  readonly errorOrder?: number;
  /** Nodes cᵢ. */
  readonly c: readonly number[];
  /** Stage coefficients aᵢⱼ, j < i: row i has i entries. */
  readonly a: readonly (readonly number[])[];
  /** Weights bᵢ of the propagated solution. */
  readonly b: readonly number[];
  /** bᵢ − b̂ᵢ: the error estimate is h·Σ bErrorᵢ·kᵢ. */
  readonly bError?: readonly number[];
  /**
   * Dense output: bᵢ(θ) = Σₘ interpolant[i][m]·θ^(m+1), y(t + θh) = y + h·Σ bᵢ(θ)·kᵢ. By default the cubic Hermite
   * polynomial where the last stage is f at the end of the step, else the quadratic through y0, y0′ and y1.
   */
  readonly interpolant?: readonly (readonly number[])[];
  /** Further stages for a more accurate dense output; for methods whose last stage is f at the end of the step. */
  readonly extension?: TableauExtension;
}

/** Stages that are evaluated only in steps within which the solution is wanted, and the dense output that they give. */
export interface TableauExtension {
  /** Nodes of the further stages. */
  readonly c: readonly number[];
  /** Their coefficients: row i has an entry for each stage of the method, then i for the further stages before it. */
  readonly a: readonly (readonly number[])[];
  /**
   * y(t + θh) is the cubic Hermite polynomial of both ends plus h·θ²(1 − θ)²·Σᵢ Σₘ bulge[i][m]·(2θ − 1)ᵐ·kᵢ, over all
   * stages: this form joins the steps smoothly whatever the coefficients, and keeps them small.
   */
  readonly bulge: readonly (readonly number[])[];
}

/** Carried from step to step: f(t, y) where the method has evaluated it already. */
export interface RungeKuttaState {
  readonly k: Leaves;
}

/** The stages of a step, with those of the extension behind them once it is made. */
export interface RungeKuttaInterpolant {
  readonly y: Leaves;
  readonly h: Tensor;
  readonly k: readonly Leaves[];
}

/**
 * A solver from its tableau. Zero coefficients cost nothing. If the last row of `a` is `b` (first same as last), its
 * evaluation is the first of the next step. A method with an error estimate that is not of this form is given such a last
 * stage, so that a rejected step repeats no evaluation.
 *
 * @throws OptionError if the tableau is inconsistent: Σⱼ aᵢⱼ ≠ cᵢ, Σ bᵢ ≠ 1, Σ bErrorᵢ ≠ 0, bᵢ(1) ≠ bᵢ, or an extension of
 * a method whose last stage is not f at the end of the step.
 * @example
 * const ralston = () => rungeKutta({ name: 'ralston', order: 2, c: [0, 2 / 3], a: [[], [2 / 3]], b: [1 / 4, 3 / 4] });
 */
export function rungeKutta(given: Tableau): Solver<RungeKuttaState | readonly [], RungeKuttaInterpolant> {
  checkTableau('rungeKutta', given);
  const tableau = given.bError !== undefined && !isFsal(given) ? withEndStage(given) : given;
  const { name, order, c, a, b, bError } = tableau;
  const fsal = isFsal(tableau);
  const dense = tableau.interpolant ?? (fsal ? hermite(b) : quadratic(b));
  const { extension } = tableau;
  const extended = extension && joined(hermite(b), extension.bulge);
  const stages = b.length;
  return {
    name,
    order,
    errorOrder: tableau.errorOrder ?? order - 1,
    hasErrorEstimate: bError !== undefined,
    fsal,
    needsUniformStep: false,
    perSample: true,

    init: (f, t0, y0) => {
      if (!fsal) return { state: [], evaluations: 0 };
      const k = f(t0, y0);
      return { state: { k }, evaluations: 1, dy0: k };
    },

    step: (f, t, h, y, state) => {
      const carried = 'k' in state ? state.k : undefined;
      const k: Leaves[] = [carried ?? f(t, y)];
      let y1: Leaves | undefined;
      for (let i = 1; i < stages; i++) {
        const yi = stageSums(y, h, k, a[i] ?? []);
        if (fsal && i === stages - 1) y1 = yi;
        k.push(f(at(t, h, c[i] ?? 0), yi));
      }
      const error = bError === undefined ? {} : { error: y.map((_, i) => weighted(h, k, i, bError)) };
      return {
        y: y1 ?? stageSums(y, h, k, b),
        ...error,
        state: fsal ? { k: k[stages - 1] as Leaves } : [],
        interpolant: { y, h, k },
        evaluations: fsal ? stages - 1 : stages,
      };
    },

    interpolate: ({ y, h, k }, theta) => {
      const isExtended = extended !== undefined && k.length > stages;
      return weighStages(y, k, isExtended ? extended : dense, isExtended ? bulging(h, theta) : powers(h, theta));
    },

    ...(extension === undefined ? {} : { densify: (f, t, interpolant) => extend(extension, f, t, interpolant) }),
  };
}

/** Values of basis functions of θ, times h. */
type Basis = (count: number) => readonly Tensor[];

/** θ, θ², θ³, … */
const powers =
  (h: Tensor, theta: Tensor): Basis =>
  (count) =>
    geometric(theta.mul(h), theta, count);

/** θ, θ², θ³, then θ²(1 − θ)²·(2θ − 1)ᵐ. */
const bulging =
  (h: Tensor, theta: Tensor): Basis =>
  (count) => {
    const bulge = theta.mul(theta.neg().add(1)).square().mul(h);
    return [...powers(h, theta)(3), ...geometric(bulge, theta.mul(2).sub(1), count - 3)];
  };

function geometric(first: Tensor, ratio: Tensor, count: number): readonly Tensor[] {
  const terms = [first];
  while (terms.length < count) terms.push((terms[terms.length - 1] as Tensor).mul(ratio));
  return terms;
}

/** y + h·Σ bᵢ(θ)·kᵢ, with the coefficients of a tableau's `interpolant`. */
export const denseOutput = (
  dense: readonly (readonly number[])[],
  { y, h, k }: RungeKuttaInterpolant,
  theta: Tensor,
): Leaves => weighStages(y, k, dense, powers(h, theta));

/** y + Σᵢ Σₘ rows[i][m]·basis[m]·kᵢ. */
function weighStages(y: Leaves, k: readonly Leaves[], rows: readonly (readonly number[])[], basis: Basis): Leaves {
  const weights = basis(Math.max(...rows.map((row) => row.length)));
  return y.map((leaf, i) => {
    const terms = rows.flatMap((row, stage) =>
      row.map((coefficient, m) => ({
        coefficient,
        weight: weights[m] as Tensor,
        term: (k[stage] as Leaves)[i] as Tensor,
      })),
    );
    return linearCombination(
      [1, ...terms.map(({ weight }) => weight)],
      [leaf, ...terms.map(({ term }) => term)],
      [1, ...terms.map(({ coefficient }) => coefficient)],
    );
  });
}

/** The interpolant with the stages of the extension. */
function extend(
  { c, a }: TableauExtension,
  f: LeafDynamics,
  t: Tensor,
  { y, h, k }: RungeKuttaInterpolant,
): Densified<RungeKuttaInterpolant> {
  const all = [...k];
  c.forEach((node, i) => all.push(f(at(t, h, node), stageSums(y, h, all, a[i] ?? []))));
  return { interpolant: { y, h, k: all }, evaluations: c.length };
}

/** Rows of the Hermite polynomial, which the further stages have no part in, each with its bulge behind it. */
const joined = (
  cubic: readonly (readonly number[])[],
  bulge: readonly (readonly number[])[],
): readonly (readonly number[])[] => bulge.map((row, i) => [...(cubic[i] ?? [0, 0, 0]), ...row]);

/** t + c·h */
export const at = (t: Tensor, h: Tensor, c: number): Tensor => (c === 0 ? t : t.add(c === 1 ? h : h.mul(c)));

/** y + h·Σ coefficients[j]·kⱼ. */
const stageSums = (y: Leaves, h: Tensor, k: readonly Leaves[], coefficients: readonly number[]): Leaves =>
  y.map((leaf, i) => stageSum(leaf, h, k, i, coefficients));

/** y + h·Σ coefficients[j]·kⱼ for leaf i. */
export function stageSum(
  y: Tensor,
  h: Tensor,
  k: readonly Leaves[],
  i: number,
  coefficients: readonly number[],
): Tensor {
  const terms = k.slice(0, coefficients.length).map((stage) => stage[i] as Tensor);
  return linearCombination([1, ...terms.map(() => h)], [y, ...terms], [1, ...coefficients]);
}

/** h·Σ coefficients[j]·kⱼ for leaf i. */
export function weighted(h: Tensor, k: readonly Leaves[], i: number, coefficients: readonly number[]): Tensor {
  return linearCombination(
    k.map(() => h),
    k.map((stage) => stage[i] as Tensor),
    coefficients,
  );
}

/** Whether the last stage is f(t + h, y1). */
function isFsal({ a, b, c }: Pick<Tableau, 'a' | 'b' | 'c'>): boolean {
  const last = a.length - 1;
  const row = a[last] ?? [];
  return last > 0 && c[last] === 1 && b[last] === 0 && row.every((coefficient, j) => coefficient === b[j]);
}

/** The method with f(t + h, y1) as a last stage of weight 0. */
function withEndStage(tableau: Tableau): Tableau {
  return {
    ...tableau,
    c: [...tableau.c, 1],
    a: [...tableau.a, tableau.b],
    b: [...tableau.b, 0],
    bError: [...(tableau.bError ?? []), 0],
    ...(tableau.interpolant === undefined ? {} : { interpolant: [...tableau.interpolant, []] }),
  };
}

/** Cubic Hermite, where the first stage is f(t, y) and the last f(t + h, y1): y(θ) = y0 + (3θ² − 2θ³)(y1 − y0) + (θ − 2θ² + θ³)·h·f0 + (θ³ − θ²)·h·f1. */
export function hermite(b: readonly number[]): readonly (readonly number[])[] {
  return b.map((bi, i) => {
    const [start, end] = [i === 0 ? 1 : 0, i === b.length - 1 ? 1 : 0];
    return [start, 3 * bi - 2 * start - end, -2 * bi + start + end];
  });
}

/** Through y0, y0′ and y1: y(θ) = y0 + θ·h·f0 + θ²·(y1 − y0 − h·f0). A method of one stage is linear. */
function quadratic(b: readonly number[]): readonly (readonly number[])[] {
  return b.map((bi, i) => {
    const start = i === 0 ? 1 : 0;
    return [start, bi - start];
  });
}

/** Coefficients are rationals in double precision: sums of a dozen of order 10 round to within this. */
const rounding = 1e-12;

/** @throws OptionError if a tableau is inconsistent; rows of implicit methods have one coefficient more. */
export function checkTableau(operation: 'rungeKutta' | 'esdirk', tableau: Omit<Tableau, 'order'>): void {
  const { name, c, a, b, bError, interpolant, extension } = tableau;
  const refuse = (problem: string, expected: string): never => {
    throw new OptionError(operation, `tableau '${name}': ${problem}`, {
      expected,
      advice: 'Check the coefficients against their source.',
    });
  };
  const total = (row: readonly number[]): number => row.reduce((sum, x) => sum + x, 0);
  const near = (x: number, y: number): boolean => Math.abs(x - y) <= rounding * Math.max(1, Math.abs(y));
  const stages = b.length;
  if (
    stages === 0 ||
    c.length !== stages ||
    a.length !== stages ||
    (bError !== undefined && bError.length !== stages)
  ) {
    refuse(
      `${c.length} nodes, ${a.length} rows, ${stages} weights${bError ? ` and ${bError.length} error weights` : ''}`,
      'as many of each as stages',
    );
  }
  a.forEach((row, i) => {
    const most = operation === 'rungeKutta' ? i : i + 1;
    const kind = operation === 'rungeKutta' ? 'explicit' : 'diagonally implicit';
    if (row.length > most) refuse(`row ${i} has ${row.length} coefficients`, `at most ${most}: the method is ${kind}`);
    if (!near(total(row), c[i] ?? 0)) refuse(`row ${i} sums to ${total(row)}`, `its node ${c[i]}`);
  });
  if (!near(total(b), 1)) refuse(`the weights sum to ${total(b)}`, '1');
  if (bError !== undefined && !near(total(bError), 0)) refuse(`the error weights sum to ${total(bError)}`, '0');
  if (interpolant !== undefined && interpolant.length !== stages)
    refuse(`${interpolant.length} rows of dense output`, `${stages}`);
  interpolant?.forEach((row, i) => {
    if (!near(total(row), b[i] ?? 0))
      refuse(`dense output of stage ${i} is ${total(row)} at θ = 1`, `its weight ${b[i]}`);
  });
  if (extension === undefined) return;
  if (!isFsal(tableau)) refuse('an extension of its stages', 'a last stage that is f at the end of the step');
  const further = extension.c.length;
  if (extension.a.length !== further || extension.bulge.length !== stages + further) {
    refuse(
      `an extension of ${further} nodes, ${extension.a.length} rows and ${extension.bulge.length} rows of dense output`,
      `as many nodes as rows, and dense output for ${stages} stages and them`,
    );
  }
  extension.a.forEach((row, i) => {
    if (row.length > stages + i)
      refuse(`row ${i} of the extension has ${row.length} coefficients`, `at most ${stages + i}`);
    if (!near(total(row), extension.c[i] ?? 0))
      refuse(`row ${i} of the extension sums to ${total(row)}`, `its node ${extension.c[i]}`);
  });
}
