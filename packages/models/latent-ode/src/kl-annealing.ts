/** A weight of the divergence that grows with training. */
import { OptionError } from '@node-ode/core';
import type { Schedule } from '@node-ode/nn';

/** How the weight grows. */
export interface KlAnnealingOptions {
  /** Between 0 and 1; 0.99 by default. */
  readonly rate?: number;
  /** Steps for which it stays 0; 0 by default. */
  readonly wait?: number;
}

/**
 * The weight 1 − rate^(step − wait), 0 before: the latent state is used before it has to be near the prior. The weights
 * are those of the authors' code of Rubanova et al. 2019; `linearWarmup` of @node-ode/nn gives straight ones.
 *
 * @throws OptionError if `rate` is not between 0 and 1, or `wait` is negative.
 * @example
 * const weight = klAnnealing({ rate: 0.99, wait: 10 });
 * const loss = (p) => model.loss(p, { ...batch, klWeight: weight(state.optimizer.step) });
 */
export function klAnnealing({ rate = 0.99, wait = 0 }: KlAnnealingOptions = {}): Schedule {
  if (!(rate > 0 && rate < 1) || !(Number.isFinite(wait) && wait >= 0)) {
    throw new OptionError('klAnnealing', `rate ${rate}, wait ${wait}`, {
      expected: 'a rate between 0 and 1, and a number of steps that is not negative',
    });
  }
  return (step) => {
    const past = (step.dtype === 'i32' ? step.cast('f32') : step).sub(wait).maximum(0);
    return past.mul(Math.log(rate)).exp().neg().add(1);
  };
}
