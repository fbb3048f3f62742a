/** RMSprop. */
import { requireFraction, requireNonNegative } from '../options.ts';
import { optimizer, type LearningRate, type Optimizer } from './optimizer.ts';

/** What `rmsprop` does. */
export interface RmspropOptions {
  readonly learningRate: LearningRate;
  /** Decay of the mean square, ρ elsewhere; 0.99 by default. */
  readonly alpha?: number;
  /** Added to the root of the mean square; 1e-8 by default. */
  readonly eps?: number;
  /** 0 by default. */
  readonly momentum?: number;
  /** Divides by the deviation instead of the root mean square; false by default. */
  readonly centered?: boolean;
  /** Added to the gradient as weightDecay · θ; 0 by default. */
  readonly weightDecay?: number;
}

/**
 * v ← alpha·v + (1 − alpha)·g²; d = g / (√v + eps), with `centered` g / (√(v − ḡ²) + eps) where ḡ is the mean of g with the
 * same decay; m ← momentum·m + d; θ ← θ − learningRate·m. PyTorch's RMSprop (Hinton's lecture 6e; Graves 2013 if centered).
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const optimizer = rmsprop({ learningRate: 1e-3 }); // as in torchdiffeq's ode_demo
 */
export function rmsprop(options: RmspropOptions): Optimizer {
  const { learningRate, alpha = 0.99, eps = 1e-8, momentum = 0, centered = false, weightDecay = 0 } = options;
  requireFraction('rmsprop', 'alpha', alpha);
  requireFraction('rmsprop', 'momentum', momentum);
  requireNonNegative('rmsprop', 'eps', eps);
  requireNonNegative('rmsprop', 'weightDecay', weightDecay);
  return optimizer({
    name: 'rmsprop',
    learningRate,
    slots: ['meanSquare', ...(centered ? ['mean'] : []), ...(momentum > 0 ? ['momentum'] : [])],
    update: ({ grad, param, slots, rate }) => {
      const g = weightDecay === 0 ? grad : grad.add(param.mul(weightDecay));
      const meanSquare = slots.meanSquare!.mul(alpha).add(g.square().mul(1 - alpha));
      const mean = slots.mean?.mul(alpha).add(g.mul(1 - alpha));
      // Rounding can bring the variance below 0 where g hardly changes.
      const square = mean === undefined ? meanSquare : meanSquare.sub(mean.square()).maximum(0);
      const scaled = g.div(square.sqrt().add(eps));
      const buffer = slots.momentum?.mul(momentum).add(scaled);
      return {
        param: param.sub((buffer ?? scaled).mul(rate)),
        slots: {
          meanSquare,
          ...(mean === undefined ? {} : { mean }),
          ...(buffer === undefined ? {} : { momentum: buffer }),
        },
      };
    },
  });
}
