/** Dropout as a pure function: whoever calls brings the randomness. */
import {
  asTensor,
  broadcastShapes,
  formatType,
  select,
  ShapeError,
  type Tensor,
  type TensorLike,
} from '@node-ode/core';
import { requireFraction } from '../options.ts';

/**
 * x / (1 − rate) where `noise` ≥ rate, else 0. With noise uniform on [0, 1) an element is dropped with probability `rate`
 * and the expected output is x ("inverted" dropout, after Srivastava et al. 2014), so that nothing is to be done when the
 * network is evaluated: leave it out, or set rate 0, which gives x. `noise` has the shape of x, or one that broadcasts to
 * it: along time, say, so that all steps of a sequence drop the same features (Gal and Ghahramani 2016). No derivative goes
 * to the noise. Randomness is an input: draw new noise on the host for each call, and none in the dynamics of an ODE, whose
 * evaluations must agree.
 *
 * @throws OptionError if the rate is outside [0, 1); ShapeError if the noise does not broadcast to the shape of x.
 * @example
 * const noise = uniform()(rng, [32, 64]); // on the host, for each training step
 * const f = (x: Tensor, noise: Tensor) => dropout(x, noise, 0.1);
 */
export function dropout(x: Tensor, noise: TensorLike, rate = 0.5): Tensor {
  requireFraction('dropout', 'rate', rate);
  const drawn = asTensor(noise, x.dtype, 'dropout');
  if (broadcastShapes('dropout', drawn.shape, x.shape).some((extent, i) => extent !== x.shape[i])) {
    throw new ShapeError('dropout', `noise ${formatType(drawn.type)} for x ${formatType(x.type)}`, {
      expected: 'noise of the shape of x, or one that broadcasts to it',
    });
  }
  if (rate === 0) return x;
  return select(drawn.greaterEqual(rate), x.mul(1 / (1 - rate)), 0);
}
