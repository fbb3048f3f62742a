/** Stochastic gradient descent, with momentum. */
import { OptionError } from '@node-ode/core';
import { requireFraction, requireNonNegative } from '../options.ts';
import { optimizer, type LearningRate, type Optimizer } from './optimizer.ts';

/** What `sgd` does. */
export interface SgdOptions {
  readonly learningRate: LearningRate;
  /** 0 by default: nothing is remembered. */
  readonly momentum?: number;
  /** Nesterov's momentum, as PyTorch computes it; false by default. */
  readonly nesterov?: boolean;
  /** Added to the gradient as weightDecay · θ; 0 by default. */
  readonly weightDecay?: number;
}

/**
 * g ← ∂L/∂θ + weightDecay·θ; m ← momentum·m + g; θ ← θ − learningRate·d, where d is m, with `nesterov` g + momentum·m, and
 * without momentum g. PyTorch's SGD with dampening 0 (Sutskever et al. 2013).
 *
 * @throws OptionError if an option is out of range, or `nesterov` is set without momentum.
 * @example
 * const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
 */
export function sgd(options: SgdOptions): Optimizer {
  const { learningRate, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  requireFraction('sgd', 'momentum', momentum);
  requireNonNegative('sgd', 'weightDecay', weightDecay);
  if (nesterov && momentum === 0) {
    throw new OptionError('sgd', 'nesterov without momentum', { expected: 'a momentum above 0', advice: 'Try 0.9.' });
  }
  return optimizer({
    name: 'sgd',
    learningRate,
    slots: momentum === 0 ? [] : ['momentum'],
    update: ({ grad, param, slots, rate }) => {
      const g = weightDecay === 0 ? grad : grad.add(param.mul(weightDecay));
      const { momentum: buffer } = slots;
      if (buffer === undefined) return { param: param.sub(g.mul(rate)), slots: {} };
      const m = buffer.mul(momentum).add(g);
      const direction = nesterov ? g.add(m.mul(momentum)) : m;
      return { param: param.sub(direction.mul(rate)), slots: { momentum: m } };
    },
  });
}
