/** What layers that depend on time share: time against the features of its samples. */
import { asTensor, formatType, ShapeError, type Tensor, type TensorLike } from '@node-ode/core';
import { isLeading, toRank } from '../leading-axes.ts';

/**
 * `t` so that it broadcasts against the features of `x`: a scalar as it is, one time a sample as a column.
 *
 * @throws ShapeError if t is neither a scalar nor of the shape of leading axes of x.
 */
export function timeColumn(operation: string, t: TensorLike, x: Tensor): Tensor {
  const time = asTensor(t, x.dtype, operation);
  if (time.rank === 0) return time;
  if (time.rank < x.rank && isLeading(time.shape, x.shape)) return toRank(time, x.rank);
  throw new ShapeError(operation, `t is ${formatType(time.type)} and x is ${formatType(x.type)}`, {
    expected: `a scalar t, or one of the shape of leading axes of x, up to [${x.shape.slice(0, -1).join(', ')}]`,
  });
}
