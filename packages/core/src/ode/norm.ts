/** The scaled error norm of a step. */
import { OptionError } from '../errors.ts';
import { applyOne } from '../tensor/trace.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Leaves } from './solver.ts';

/** A norm of the leaves of e / (atol + rtol·max(|y0|, |y1|)): a scalar. A step is accepted if it is at most 1. */
export type Norm = (scaledError: Leaves) => Tensor;

/** Tolerances of one leaf; they broadcast to it. */
export interface LeafTolerance {
  readonly rtol: Tensor;
  readonly atol: Tensor;
}

/**
 * The norm of e / (atol + rtol·max(|y0|, |y1|)) over the leaves that have tolerances: root mean square over all elements
 * together (Hairer, Nørsett & Wanner I, eq. II.4.11), or a norm of the caller's.
 *
 * @throws OptionError if no leaf has tolerances.
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
): Tensor {
  const included = error.flatMap((e, i) => {
    const tolerance = tolerances[i];
    return tolerance == null ? [] : [{ e, a: y0[i] as Tensor, b: y1[i] as Tensor, ...tolerance }];
  });
  if (included.length === 0) {
    throw new OptionError('pid', 'no leaf of the state is in the error norm', { expected: 'at least one' });
  }
  if (norm === undefined)
    return applyOne(
      'errorNorm',
      included.flatMap(({ e, a, b, rtol, atol }) => [e, a, b, rtol, atol]),
      {},
    );
  return norm(included.map(({ e, a, b, rtol, atol }) => e.div(a.abs().maximum(b.abs()).mul(rtol).add(atol))));
}
