/** How the errors of a loss become one number. */
import { OptionError, type Tensor } from '@node-ode/core';

/** `mean` over all elements of all leaves together, their `sum`, or `none`: the errors themselves. */
export type Reduction = 'mean' | 'sum' | 'none';

/** What every loss can be told; `mean` by default. */
export interface ReductionOption<R extends Reduction = Reduction> {
  readonly reduction?: R;
}

/** @throws OptionError unless the reduction is known. */
export function requireReduction(operation: string, reduction: unknown): Reduction {
  if (reduction === 'mean' || reduction === 'sum' || reduction === 'none') return reduction;
  throw new OptionError(operation, `reduction '${String(reduction)}'`, { expected: `'mean', 'sum' or 'none'` });
}

/** The sum of all elements of all leaves. */
export const total = (leaves: readonly Tensor[]): Tensor =>
  leaves.map((leaf) => leaf.sum()).reduce((sum, leaf) => sum.add(leaf));

/** The mean of all elements of all leaves together. */
export function average(leaves: readonly Tensor[]): Tensor {
  const [first, ...rest] = leaves;
  if (first !== undefined && rest.length === 0) return first.mean();
  return total(leaves).div(leaves.map((leaf) => leaf.size()).reduce((sum, size) => sum.add(size)));
}
