/** Singly diagonally implicit Runge–Kutta methods with an explicit first stage: a new method is its coefficients. */
import { OptionError } from '../errors.ts';
import { linearCombination } from '../tensor/functions.ts';
import { asTensor, type Tensor } from '../tensor/tensor.ts';
import {
  at,
  checkTableau,
  denseOutput,
  hermite,
  stageSum,
  weighted,
  type RungeKuttaInterpolant,
  type RungeKuttaState,
  type Tableau,
} from './runge-kutta.ts';
import type { Leaves, Solver } from './solver.ts';
import { stageSystem } from './stage-system.ts';

/**
 * A tableau whose row i > 0 of `a` has i + 1 entries, the last of them γ, the same in every row, and whose last row is `b`:
 * the method is stiffly accurate.
 */
export type EsdirkTableau = Tableau;

/** Options of implicit methods. */
export interface EsdirkOptions {
  /**
   * Number of leading axes of the state along which samples do not interact: each has a small system of its own, of the
   * elements behind those axes. By default those of `t`: none where one time serves all, so that the whole state is one
   * system.
   */
  readonly batchAxes?: number;
}

/** Slopes that a guess looks back at. */
const predictorNodes = 3;

/**
 * An implicit solver for stiff problems, from its tableau. Each stage's equation k = f(t, y + h·Σ aᵢⱼkⱼ) is solved by
 * simplified Newton iteration, with the Jacobian at the beginning of the step and one matrix I − γhJ for all stages; it ends
 * when what is left is a hundredth of the controller's tolerance. Where it does not converge the step is refused.
 *
 * The system is dense, of the state's elements (see `batchAxes`), at most 512. Leaves that f does not use are integrals and
 * no part of it, such as the parameters' gradients in an adjoint solve. Derivatives come from the stages' equations
 * (implicit function theorem), not from the iteration. Evaluations count uses of f; the Jacobian is n pullbacks besides.
 *
 * @throws OptionError if the tableau is inconsistent or not of this kind; in a solve, if the system is too large, and
 * ShapeError if leaves do not share the batch's axes.
 * @example
 * const g = 1 - Math.SQRT1_2;
 * const trbdf2 = () => // order 2
 *   esdirk({ name: 'trbdf2', order: 2, c: [0, 2 * g, 1], a: [[], [g, g], [(1 - g) / 2, (1 - g) / 2, g]], b: [(1 - g) / 2, (1 - g) / 2, g] });
 */
export function esdirk(
  tableau: EsdirkTableau,
  options: EsdirkOptions = {},
): Solver<RungeKuttaState, RungeKuttaInterpolant> {
  checkTableau('esdirk', tableau);
  const gamma = checkDiagonal(tableau);
  const { batchAxes = 0 } = options;
  if (!(Number.isInteger(batchAxes) && batchAxes >= 0)) {
    throw new OptionError('esdirk', `batchAxes = ${batchAxes}`, { expected: 'a number of axes' });
  }
  const { name, order, c, a, b, bError } = tableau;
  const guesses = predictors(c);
  const dense = tableau.interpolant ?? hermite(b);
  const counts = b.map((weight, i) => [weight, bError?.[i] ?? 0, ...(dense[i] ?? [])].some((x) => x !== 0));
  return {
    name,
    order,
    errorOrder: tableau.errorOrder ?? order - 1,
    hasErrorEstimate: bError !== undefined,
    fsal: false,
    needsUniformStep: false,
    perSample: true,

    init: (f, t0, y0) => {
      const k = f(t0, y0);
      return { state: { k }, evaluations: 1, dy0: k };
    },

    step: (f, t, h, y, { k: first }, measure) => {
      const system = stageSystem(f, { t, h, y, gamma, batchAxes, measure });
      const k: Leaves[] = [first];
      let [end, evaluations, progress] = [y, asTensor(system.slopes === undefined ? 0 : 1, 'i32'), system.progress];
      for (let i = 1; i < c.length; i++) {
        const row = (a[i] ?? []).slice(0, i);
        const stage = system.solve(progress, {
          t: at(t, h, c[i] ?? 0),
          base: y.map((leaf, l) => stageSum(leaf, h, k, l, row)),
          counts: counts[i] === true,
          guess: (i === 1 ? system.slopes : undefined) ?? y.map((_, l) => weightedSum(k, l, guesses[i] ?? [])),
        });
        k.push(stage.k);
        [end, progress] = [stage.y, stage.progress];
        evaluations = evaluations.add(stage.evaluations);
      }
      const error = bError === undefined ? {} : { error: y.map((_, l) => weighted(h, k, l, bError)) };
      const { isSolved } = progress;
      // The method is stiffly accurate: its last stage is at the end of the step.
      return { y: end, ...error, state: { k: k.at(-1) as Leaves }, interpolant: { y, h, k }, evaluations, isSolved };
    },

    interpolate: (stages, theta) => denseOutput(dense, stages, theta),
  };
}

/** Σ weights[j]·kⱼ for leaf i. */
const weightedSum = (k: readonly Leaves[], i: number, weights: readonly number[]): Tensor =>
  linearCombination(
    k.map(() => 1),
    k.map((stage) => stage[i] as Tensor),
    weights,
  );

/**
 * For each stage the weights of the slopes before it that guess its own: the polynomial in time through the nearest of them,
 * or the slope of the same time where there is one.
 */
function predictors(c: readonly number[]): readonly (readonly number[])[] {
  return c.map((node, i) => {
    const same = c.lastIndexOf(node, i - 1);
    if (i > 0 && same >= 0) return c.slice(0, i).map((_, j) => (j === same ? 1 : 0));
    const earlier = c.slice(0, i).map((x, j) => ({ x, j, distance: Math.abs(x - node) }));
    const nearest = earlier.filter(({ x }, j) => c.indexOf(x) === j).sort((p, q) => p.distance - q.distance);
    const nodes = nearest.slice(0, predictorNodes);
    const weight = (j: number): number => {
      const own = nodes.find((other) => other.j === j);
      if (own === undefined) return 0;
      return nodes.filter((other) => other !== own).reduce((l, { x }) => (l * (node - x)) / (own.x - x), 1);
    };
    return earlier.map(({ j }) => weight(j));
  });
}

/** γ. */
function checkDiagonal({ name, c, a, b }: Tableau): number {
  const gamma = a[1]?.[1] ?? NaN;
  const isDiagonal = a.every((row, i) => (i === 0 ? row.length === 0 : row.length === i + 1 && row[i] === gamma));
  const isAccurate = a.at(-1)?.every((coefficient, j) => coefficient === b[j]) === true && c.at(-1) === 1;
  if (isDiagonal && isAccurate && gamma > 0) return gamma;
  throw new OptionError('esdirk', `tableau '${name}' is not of this kind`, {
    expected: 'an explicit first stage, one γ > 0 at the end of every other row, and b as the last row',
  });
}
