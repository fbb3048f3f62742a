/** What both families have in common: steps of one size that weigh values of f from the steps before. */
import {
  cond,
  constant,
  linearCombination,
  OptionError,
  rungeKutta,
  select,
  selectSamples,
  zerosLike,
  type LeafDynamics,
  type Leaves,
  type Solver,
  type Tensor,
} from '@node-ode/core';
import type { Quadrature } from './quadrature.ts';
import { startingMethod } from './starting-method.ts';

/** What is known of the steps before. */
export interface AdamsState {
  /** f at the start of each of the last steps, the latest first. */
  readonly history: readonly Leaves[];
  /** How many of them there are, of the current size: i32, of the shape of h. */
  readonly known: Tensor;
  /** Signed size of the last step. */
  readonly h: Tensor;
}

/** The values of f whose polynomial, integrated, is the solution within a step. */
export interface AdamsInterpolant {
  readonly y: Leaves;
  readonly h: Tensor;
  readonly values: readonly Leaves[];
  /** Whether they belong to the multi-step formula, or else to the starting method. */
  readonly continues: Tensor;
}

/** A multi-step formula of an order p: y(t + θ·h) = y + h·Σ bᵢ(θ)·values[i], i < p. */
export interface AdamsFormula {
  readonly name: string;
  readonly order: number;
  /** How many steps before this one it looks back at. */
  readonly memory: number;
  /** Evaluations of f that `values` makes. */
  readonly evaluations: number;
  /** bᵢ(θ). */
  readonly quadrature: Quadrature;
  /** p values of f, that at (t, y) first. The history has `memory` of them, the latest first. */
  values(f: LeafDynamics, t: Tensor, h: Tensor, y: Leaves, history: readonly Leaves[]): readonly Leaves[];
}

/** Of two steps of one size, the second may differ by the rounding of the times that they end at. */
const sameSize = { f32: 1e-5, f64: 1e-12 };

/** A solver from its formula: a starting method of the same order makes the history, then the formula goes on. */
export function adams({
  name,
  order,
  memory,
  evaluations,
  quadrature,
  values,
}: AdamsFormula): Solver<AdamsState, AdamsInterpolant> {
  const starting = startingMethod(order);
  const start = rungeKutta(starting.tableau);
  return {
    name,
    order,
    hasErrorEstimate: false,
    fsal: false,
    needsUniformStep: true,
    perSample: true,

    init: (_f, t0, y0) => ({
      state: {
        history: Array.from({ length: memory }, () => y0.map(zerosLike)),
        known: constant(0, t0.shape, 'i32'),
        h: zerosLike(t0),
      },
      evaluations: 0,
    }),

    step: (f, t, h, y, { history, known, h: before }) => {
      const tolerance = sameSize[h.dtype === 'f64' ? 'f64' : 'f32'];
      // A step cut short to land on a time, and those after it, have no evenly spaced history: they start anew.
      const difference = h.sub(before).abs().lessEqual(before.abs().mul(tolerance));
      const isAlike = h.rank === 0 ? difference.all() : difference;
      const hasHistory = isAlike.and(known.greaterEqual(memory));
      // A sample whose step is 0 stays where it is by either formula: it makes no others start anew.
      const continues = h.rank === 0 ? hasHistory : hasHistory.or(h.equal(0));
      const taken = eitherOrBoth(
        continues,
        { t, h, y, history },
        (s) => {
          const k = values(f, s.t, s.h, s.y, s.history);
          return [...k, advance(s.y, s.h, k, quadrature.weights)];
        },
        (s) => {
          const { y: y1, interpolant } = start.step(f, s.t, s.h, s.y, []);
          return [...interpolant.k.slice(0, 1), ...interpolant.k.slice(1 - order), y1];
        },
      );
      const k = taken.slice(0, order);
      return {
        y: taken[order] as Leaves,
        state: {
          history: [...k.slice(0, 1), ...history].slice(0, memory),
          known: select(isAlike, known.add(1).minimum(memory), Math.min(1, memory)),
          h,
        },
        interpolant: { y, h, values: k, continues },
        evaluations: evaluationsOf(continues, evaluations, starting.tableau.b.length),
      };
    },

    interpolate: ({ y, h, values: k, continues }, theta) => {
      const powers = [theta.mul(h)];
      for (let m = 1; m < order; m++) powers.push((powers[m - 1] as Tensor).mul(theta));
      const weights = quadrature.dense.map((row, i) =>
        select(continues, polynomial(powers, row), polynomial(powers, starting.quadrature.dense[i] ?? [])),
      );
      return y.map((leaf, i) => linearCombination([1, ...weights], [leaf, ...k.map((value) => value[i] as Tensor)]));
    },
  };
}

/**
 * What one of two functions of `operands` gives; where samples decide for themselves, each sample what its own one gives.
 * Neither is executed if no sample needs it.
 */
function eitherOrBoth<O>(
  condition: Tensor,
  operands: O,
  whenTrue: (operands: O) => readonly Leaves[],
  whenFalse: (operands: O) => readonly Leaves[],
): readonly Leaves[] {
  if (condition.rank === 0) return cond(condition, operands, whenTrue, whenFalse);
  const both = (x: O): readonly Leaves[] => {
    const otherwise = whenFalse(x);
    return whenTrue(x).map((leaves, i) =>
      leaves.map((leaf, k) => selectSamples(condition, leaf, otherwise[i]?.[k] as Tensor)),
    );
  };
  return cond(condition.all(), operands, whenTrue, (x) => cond(condition.any(), x, both, whenFalse));
}

/** Evaluations of a step whose samples go on, or start anew, or do the one and the other. */
function evaluationsOf(continues: Tensor, going: number, starting: number): Tensor {
  const [one, other] = [constant(going, [], 'i32'), constant(starting, [], 'i32')];
  if (continues.rank === 0) return select(continues, one, other);
  return select(continues.any(), one, 0).add(select(continues.all(), 0, other));
}

/** y + h·Σ weights[i]·values[i]. */
export const advance = (y: Leaves, h: Tensor, values: readonly Leaves[], weights: readonly number[]): Leaves =>
  y.map((leaf, i) =>
    linearCombination(
      [1, ...values.map(() => h)],
      [leaf, ...values.map((value) => value[i] as Tensor)],
      [1, ...weights],
    ),
  );

/** Σ coefficients[m]·powers[m]. */
const polynomial = (powers: readonly Tensor[], coefficients: readonly number[]): Tensor =>
  linearCombination(
    powers.map(() => 1),
    powers,
    coefficients,
  );

/** @throws OptionError if the order is none from 2 to 8. */
export function checkOrder(operation: string, order: number): void {
  if (Number.isInteger(order) && order >= 2 && order <= 8) return;
  throw new OptionError(operation, `order = ${order}`, {
    expected: 'an integer from 2 to 8',
    advice: "Order 1 is Euler's method, @node-ode/solver-euler. Above 8 the methods are stable for tiny steps only.",
  });
}
