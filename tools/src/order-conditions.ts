/**
 * The order conditions of a Runge–Kutta method, from rooted trees: read off one step of the method itself, through the
 * public contract of a solver alone.
 */
import { reference } from '@node-ode/backend-reference';
import { compile, constant, type LeafDynamics, type Leaves, type Solver, type Tensor } from '@node-ode/core';

/** A rooted tree: the trees that hang from its root. */
export type RootedTree = readonly RootedTree[];

/** What one step of size 1 makes of a tree. */
export interface OrderCondition {
  readonly tree: RootedTree;
  /** Number of vertices: the order that the condition belongs to. */
  readonly order: number;
  /** Σ bᵢΦᵢ(τ) − 1/γ(τ), which is 0 for every tree of at most the method's order. */
  readonly defect: number;
  /** The same of the dense output, Σ bᵢ(θ)Φᵢ(τ) − θʳ/γ(τ): the largest over some θ. */
  readonly denseDefect: number;
  /** Σ (bᵢ − b̂ᵢ)Φᵢ(τ); undefined without an error estimate. */
  readonly errorWeight: number | undefined;
}

const thetas = [0.1, 0.35, 0.5, 0.8, 1];

/**
 * All conditions up to an order. A tree τ = [τ₁ … τₘ] is given the equation y_τ′ = y_τ₁ ⋯ y_τₘ with y_τ(0) = 0: its solution
 * is tʳ/γ(τ), and what one step of size 1 makes of it is the elementary weight Σ bᵢΦᵢ(τ) (Butcher; Hairer, Nørsett &
 * Wanner I, II.2).
 *
 * @example
 * const conditions = await orderConditions(rk4(), 5);
 * conditions.filter(({ order }) => order <= 4).every(({ defect }) => Math.abs(defect) < 1e-15); // true
 */
export async function orderConditions(solver: Solver, highest: number): Promise<readonly OrderCondition[]> {
  const trees = rootedTrees(highest);
  const position = new Map(trees.map((tree, i) => [write(tree), i]));
  const f: LeafDynamics = (_t, y) =>
    trees.map((tree) => {
      const factors = tree.map((child) => y[position.get(write(child)) as number] as Tensor);
      return factors.reduce((product, factor) => product.mul(factor), constant(1, [], 'f64'));
    });
  const step = compile(
    reference(),
    (t: Tensor, h: Tensor, y: Leaves) => {
      const taken = solver.step(f, t, h, y, solver.init(f, t, y).state);
      const { interpolant } = solver.densify?.(f, t, taken.interpolant) ?? taken;
      const dense = thetas.map((theta) => solver.interpolate(interpolant, constant(theta, [], 'f64')));
      return { y: taken.y, error: taken.error ?? [], dense };
    },
    { dtype: 'f64' },
  );
  const zeros = trees.map(() => 0);
  const { y, error, dense } = await step(0, 1, zeros);
  const read = (leaves: typeof y): Promise<number[]> =>
    Promise.all(leaves.map(async (leaf) => (await leaf.read()).data[0] ?? NaN));
  const [weights, errorWeights, within] = await Promise.all([read(y), read(error), Promise.all(dense.map(read))]);
  step.dispose();
  return trees.map((tree, i) => {
    const [r, exact] = [orderOf(tree), 1 / density(tree)];
    const denseDefects = thetas.map((theta, k) => Math.abs((within[k]?.[i] ?? NaN) - theta ** r * exact));
    return {
      tree,
      order: r,
      defect: (weights[i] ?? NaN) - exact,
      denseDefect: Math.max(...denseDefects),
      errorWeight: errorWeights[i],
    };
  });
}

/** The orders that a method attains: the largest up to which all conditions hold. */
export interface AttainedOrders {
  readonly solution: number;
  readonly dense: number;
  /** Of the embedded solution that the error estimate compares with; undefined without an estimate. */
  readonly embedded: number | undefined;
}

/** Coefficients are in double precision: conditions that hold round to within this. */
const rounding = 1e-13;

/**
 * The orders of a method's solution, dense output and embedded solution, by all conditions up to one above its claim.
 *
 * @example
 * await attainedOrders(dopri5()); // { solution: 5, dense: 4, embedded: 4 }
 */
export async function attainedOrders(solver: Solver): Promise<AttainedOrders> {
  const conditions = await orderConditions(solver, solver.order + 1);
  const attained = (of: (condition: OrderCondition) => number): number => {
    const failed = conditions.filter((condition) => !(Math.abs(of(condition)) <= rounding));
    return Math.min(solver.order + 1, ...failed.map(({ order }) => order - 1));
  };
  return {
    solution: attained(({ defect }) => defect),
    dense: attained(({ denseDefect }) => denseDefect),
    embedded: solver.hasErrorEstimate ? attained(({ errorWeight }) => errorWeight ?? NaN) : undefined,
  };
}

/** All rooted trees of at most `highest` vertices: 1, 1, 2, 4, 9, 20, … of each order. */
export function rootedTrees(highest: number): readonly RootedTree[] {
  const byOrder: RootedTree[][] = [[]];
  for (let order = 1; order <= highest; order++) {
    byOrder.push(forests(order - 1, byOrder.flat(), 0));
  }
  return byOrder.flat();
}

/** All multisets of trees with `vertices` vertices together, of trees from position `first` on. */
function forests(vertices: number, trees: readonly RootedTree[], first: number): RootedTree[][] {
  if (vertices === 0) return [[]];
  return trees.slice(first).flatMap((tree, i) => {
    const rest = vertices - orderOf(tree);
    return rest < 0 ? [] : forests(rest, trees, first + i).map((others) => [tree, ...others]);
  });
}

/** Number of vertices. */
export const orderOf = (tree: RootedTree): number => 1 + tree.reduce((sum, child) => sum + orderOf(child), 0);

/** γ(τ): the product of the orders of all subtrees. */
export const density = (tree: RootedTree): number =>
  tree.reduce((product, child) => product * density(child), orderOf(tree));

/** A tree in brackets: `[[],[[]]]`. */
export const write = (tree: RootedTree): string => `[${tree.map(write).join(',')}]`;
