/** The scaled error norm of a step. */
import { OptionError } from '../errors.ts';
import { ShapeError } from '../errors.ts';
import { formatType, sameShape, type Shape } from '../graph/graph.ts';
import { applyOne } from '../tensor/trace.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Leaves } from './solver.ts';

/**
 * A norm of the leaves of e / (atol + rtol·max(|y0|, |y1|)): a scalar; with steps for each sample a vector, one norm for each
 * index of the leaves' first axis. A step is accepted if it is at most 1.
 */
export type Norm = (scaledError: Leaves) => Tensor;

/** Tolerances of one leaf; they broadcast to it. */
export interface LeafTolerance {
  readonly rtol: Tensor;
  readonly atol: Tensor;
}

/**
 * The norm of e / (atol + rtol·max(|y0|, |y1|)) over the leaves that have tolerances: root mean square over all elements
 * together (Hairer, Nørsett & Wanner I, eq. II.4.11), or a norm of the caller's. With `lanes`, the extents of the leaves'
 * leading axes, one norm for each index of these.
 *
 * @throws OptionError if no leaf has tolerances; ShapeError if a norm of the caller's is not of the shape of `lanes`.
 * @example
 * const tolerances = y.map(() => ({ rtol: constant(1e-3), atol: constant(1e-6) }));
 * const accept = leafNorm(error, y, y1, tolerances, undefined).lessEqual(1);
 */
export function leafNorm(
  error: Leaves,
  y0: Leaves,
  y1: Leaves,
  tolerances: readonly (LeafTolerance | null)[],
  norm: Norm | undefined,
  lanes: Shape = [],
): Tensor {
  const included = error.flatMap((e, i) => {
    const tolerance = tolerances[i];
    return tolerance == null ? [] : [{ e, a: y0[i] as Tensor, b: y1[i] as Tensor, ...tolerance }];
  });
  if (included.length === 0) {
    throw new OptionError('pid', 'no leaf of the state is in the error norm', { expected: 'at least one' });
  }
  if (norm === undefined && lanes.length === 0)
    return applyOne(
      'errorNorm',
      included.flatMap(({ e, a, b, rtol, atol }) => [e, a, b, rtol, atol]),
      {},
    );
  const scaled = included.map(({ e, a, b, rtol, atol }) => e.div(a.abs().maximum(b.abs()).mul(rtol).add(atol)));
  if (norm === undefined) return rootMeanSquare(scaled, lanes.length);
  const value = norm(scaled);
  if (sameShape(value.shape, lanes)) return value;
  throw new ShapeError('pid', `the norm is ${formatType(value.type)}`, {
    expected: lanes.length === 0 ? 'a scalar' : `one norm for each sample, of shape [${lanes.join(', ')}]`,
    ...(lanes.length === 0
      ? {}
      : { advice: 'Reduce every axis of each leaf but the first: rootMeanSquare(leaves, 1).' }),
  });
}

/**
 * Root mean square of the elements of all leaves together; with `leading` axes, which the leaves share, for each index of
 * these.
 *
 * @example
 * const norm: Norm = (scaled) => rootMeanSquare(scaled, 1); // one norm for each sample
 */
export function rootMeanSquare(leaves: Leaves, leading = 0): Tensor {
  const within = ({ shape }: Tensor): readonly number[] => shape.map((_, axis) => axis).slice(leading);
  const squares = leaves.map((x) => (x.rank === leading ? x.square() : x.square().sum({ axes: within(x) })));
  const count = leaves.map((x) => x.size(within(x))).reduce((a, b) => a.add(b));
  return squares
    .reduce((a, b) => a.add(b))
    .div(count)
    .sqrt();
}
