/** Adam and AdamW. */
import { constant, type Tensor } from '@node-ode/core';
import { requireFraction, requireNonNegative } from '../options.ts';
import { optimizer, type LeafUpdate, type LearningRate, type Optimizer } from './optimizer.ts';

/** What `adam` and `adamw` do. */
export interface AdamOptions {
  readonly learningRate: LearningRate;
  /** Decay of the mean gradient; 0.9 by default. */
  readonly beta1?: number;
  /** Decay of the mean square; 0.999 by default. */
  readonly beta2?: number;
  /** Added to the root of the corrected mean square; 1e-8 by default. */
  readonly eps?: number;
  /** `adam`: added to the gradient as weightDecay · θ, 0 by default. `adamw`: θ shrinks by it, 0.01 by default. */
  readonly weightDecay?: number;
}

/**
 * m ← beta1·m + (1 − beta1)·g; v ← beta2·v + (1 − beta2)·g²; θ ← θ − learningRate·m̂ / (√v̂ + eps), where m̂ = m / (1 − beta1ᵗ)
 * and v̂ = v / (1 − beta2ᵗ) (Kingma & Ba 2015; PyTorch's Adam). `weightDecay` is L2: part of g.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const optimizer = adam({ learningRate: 1e-3 });
 */
export function adam(options: AdamOptions): Optimizer {
  const { weightDecay = 0 } = options;
  const moments = adaptiveMoments('adam', options, weightDecay);
  return optimizer({
    name: 'adam',
    learningRate: options.learningRate,
    slots: ['mean', 'meanSquare'],
    update: (leaf) => {
      const { grad, param } = leaf;
      const { change, slots } = moments(weightDecay === 0 ? grad : grad.add(param.mul(weightDecay)), leaf);
      return { param: param.sub(change), slots };
    },
  });
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019; PyTorch's AdamW): θ ← θ·(1 − learningRate·weightDecay) before
 * Adam's update, whose g is the gradient alone.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const optimizer = adamw({ learningRate: 1e-3, weightDecay: 0.01 });
 */
export function adamw(options: AdamOptions): Optimizer {
  const { weightDecay = 0.01 } = options;
  const moments = adaptiveMoments('adamw', options, weightDecay);
  return optimizer({
    name: 'adamw',
    learningRate: options.learningRate,
    slots: ['mean', 'meanSquare'],
    update: (leaf) => {
      const { grad, param, rate } = leaf;
      const { change, slots } = moments(grad, leaf);
      const shrunk =
        typeof rate === 'number' ? param.mul(1 - rate * weightDecay) : param.sub(param.mul(rate.mul(weightDecay)));
      return { param: shrunk.sub(change), slots };
    },
  });
}

type Moments = (
  g: Tensor,
  leaf: LeafUpdate,
) => { readonly change: Tensor; readonly slots: { readonly mean: Tensor; readonly meanSquare: Tensor } };

/** learningRate·m̂ / (√v̂ + eps) and the next moments. The scalars are put together first: one pass less over each leaf. */
function adaptiveMoments(name: string, options: AdamOptions, weightDecay: number): Moments {
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8 } = options;
  requireFraction(name, 'beta1', beta1);
  requireFraction(name, 'beta2', beta2);
  requireNonNegative(name, 'eps', eps);
  requireNonNegative(name, 'weightDecay', weightDecay);
  return (g, { slots, count, rate }) => {
    const mean = slots.mean!.mul(beta1).add(g.mul(1 - beta1));
    const meanSquare = slots.meanSquare!.mul(beta2).add(g.square().mul(1 - beta2));
    const stepSize = biasCorrection(beta1, count).reciprocal().mul(rate);
    const root = meanSquare.sqrt().div(biasCorrection(beta2, count).sqrt());
    return { change: mean.div(root.add(eps)).mul(stepSize), slots: { mean, meanSquare } };
  };
}

/** 1 − βᵗ, through expm1: in f32 the difference itself would lose four digits at the first steps. */
const biasCorrection = (beta: number, count: Tensor): Tensor =>
  beta === 0 ? constant(1, [], count.dtype) : count.mul(Math.log(beta)).expm1().neg();
