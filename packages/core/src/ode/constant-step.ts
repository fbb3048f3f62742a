/** Steps of one size. */
import { OptionError } from '../errors.ts';
import { requireKnownOptions } from '../options.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import type { StepController } from './step-controller.ts';

export interface ConstantStepOptions {
  /** The size of the steps. */
  readonly h: number;
}

/**
 * Steps of size |h| in the direction of the solve. The last is shortened to land on the last time.
 *
 * @throws OptionError if h is not positive and finite.
 * @example
 * createOde({ backend, solver: rk4(), controller: constantStep({ h: 0.01 }) });
 */
export function constantStep(options: ConstantStepOptions): StepController<{ readonly h: Tensor }> {
  requireKnownOptions('constantStep', options, { h: true });
  const { h } = options;
  if (!(h > 0 && Number.isFinite(h))) {
    throw new OptionError('constantStep', `h = ${h}`, {
      expected: 'a positive, finite step',
      advice: 'The direction comes from the times: backwards if they decrease.',
    });
  }
  return {
    name: 'constantStep',
    needsErrorEstimate: false,
    isUniform: true,
    perSample: true,
    init: ({ t0, t1 }) => {
      const signed = t1.sub(t0).sign().mul(h);
      return { h: signed, state: { h: signed }, evaluations: 0 };
    },
    next: (_, state) => ({ accept: constant(true), h: state.h, state }),
    forLeaves: () => constantStep({ h }),
  };
}
