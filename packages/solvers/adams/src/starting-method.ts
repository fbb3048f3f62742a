/** The one-step method that fills the history of a multi-step method. */
import type { Tableau } from '@node-ode/core';
import { quadrature, weightsAt, type Quadrature } from './quadrature.ts';

/** A method of order p whose result, and dense output, weigh p of its stages: the first and the last p − 1. */
export interface StartingMethod {
  readonly tableau: Tableau;
  /** The weights of these stages. */
  readonly quadrature: Quadrature;
}

/**
 * An explicit Runge–Kutta method of any order with a dense output of that order, by bootstrapping (Enright, Jackson, Nørsett
 * & Thomsen 1986): the polynomial through k values of f is integrated to k + 1 nodes, where f is then known to one order
 * more. Order 2 is Heun's method. 1 + p(p − 1)/2 stages.
 */
export function startingMethod(order: number): StartingMethod {
  const rows = Array.from({ length: order - 1 }, (_, i) => i + 1).flatMap((level) => {
    const known = equidistant(level);
    const nodes = Array.from({ length: level }, (_, j) => (j + 1) / level);
    return nodes.map((c) => ({ c, a: onStages(level, weightsAt(known, c), 0) }));
  });
  const last = equidistant(order);
  return {
    tableau: {
      name: `bootstrapped-${order}`,
      order,
      c: [0, ...rows.map(({ c }) => c)],
      a: [[], ...rows.map(({ a }) => a)],
      b: onStages(order, last.weights, 0),
      interpolant: onStages(order, last.dense, []),
    },
    quadrature: last,
  };
}

/** What belongs to the nodes of a level, in the order of all stages: its first is stage 0, its others are its own. */
function onStages<T>(level: number, [first, ...others]: readonly T[], none: T): readonly T[] {
  const between = ((level - 1) * (level - 2)) / 2;
  return [first ?? none, ...Array.from({ length: between }, () => none), ...others];
}

/** The quadrature through `count` nodes from 0 to 1; through 0 alone if it is one. */
const equidistant = (count: number): Quadrature =>
  quadrature(
    Array.from({ length: count }, (_, i) => i),
    Math.max(1, count - 1),
  );
