/** The leaves of a state as one vector a sample: for the linear systems of implicit methods alone. */
import { ShapeError } from '../errors.ts';
import { formatType, sizeOf, type Shape } from '../graph/graph.ts';
import { concat } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Leaves } from './solver.ts';

/** How leaves [...lead, ...rest] are joined to vectors [...lead, n]. */
export interface StateVector {
  readonly lead: Shape;
  /** Elements of a vector. */
  readonly n: number;
  join(leaves: Leaves): Tensor;
  split(vector: Tensor): Leaves;
}

/**
 * Vectors over all axes of the leaves but the first `lead` ones, which they share.
 *
 * @throws ShapeError if the leaves do not share them.
 */
export function stateVector(operation: string, like: Leaves, lead: number): StateVector {
  const leading = (like[0] as Tensor).shape.slice(0, lead);
  like.forEach((leaf) => {
    if (leaf.rank >= lead && leading.every((extent, axis) => extent === leaf.shape[axis])) return;
    throw new ShapeError(operation, `leaves ${like.map(({ type }) => formatType(type)).join(', ')} of the state`, {
      expected: `the same ${lead === 1 ? 'first axis' : `first ${lead} axes`}: one sample an element`,
    });
  });
  const sizes = like.map((leaf) => sizeOf(leaf.shape.slice(lead)));
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  return {
    lead: leading,
    n: sizes.reduce((sum, size) => sum + size, 0),
    join: (leaves) => concat(leaves.map((leaf, i) => leaf.reshape([...leading, sizes[i] ?? 0])), -1), // prettier-ignore
    split: (vector) =>
      like.map(({ shape }, i) =>
        vector
          .slice([...leading.map(() => 0), starts[i] ?? 0], [...leading, sizes[i] ?? 0])
          .reshape([...leading, ...shape.slice(lead)]),
      ),
  };
}
