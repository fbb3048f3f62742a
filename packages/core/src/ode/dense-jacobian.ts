/** The Jacobian of dynamics as matrices, and the matrix of Newton's method. */
import { scan } from '../control/loops.ts';
import { arange, linearCombination, zerosLike } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Changes } from './closed-leaves.ts';
import type { Leaves } from './solver.ts';
import type { StateVector } from './state-vector.ts';

/**
 * J [..., n, n] row by row: one pullback for each element of a sample's vector, of all samples together. Samples do not
 * interact, so that what is pulled back from one is its own.
 */
export function denseJacobian(pullback: (ct: Leaves) => Changes, vector: StateVector, like: Leaves): Tensor {
  const { n, lead } = vector;
  const units = identity([n, n], (like[0] as Tensor).dtype);
  const { outputs } = scan([], units, (carry, unit) => {
    const row = pullback(vector.split(unit.broadcastTo([...lead, n])));
    return { carry, output: vector.join(like.map((leaf, i) => row[i] ?? zerosLike(leaf))) };
  });
  const rows = outputs as Tensor;
  return rows.transpose([...lead.map((_, axis) => axis + 1), 0, rows.rank - 1]);
}

/** I − w·J. */
export const newtonMatrix = (jacobian: Tensor, w: Tensor): Tensor =>
  linearCombination([1, w], [identity(jacobian.shape, jacobian.dtype), jacobian], [1, -1]);

/** Identity matrices [..., n, n]. */
export function identity(shape: readonly number[], dtype: Tensor['dtype']): Tensor {
  const index = arange(shape.at(-1) ?? 0);
  return index.expandDims(-1).equal(index).cast(dtype).broadcastTo(shape);
}
