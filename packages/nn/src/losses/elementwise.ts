/** Losses that compare element with element, over trees: squared, absolute, smooth absolute, and binary cross-entropy. */
import { flattenTree, isTensor, TreeError, type Tensor } from '@node-ode/core';
import { requireNonNegative } from '../options.ts';
import { operands, targetTensor, type TargetOf } from './leaves.ts';
import { average, requireReduction, total, type ReductionOption } from './reduction.ts';

/** A loss that compares a tree with one of the same structure and shapes. `Options` are its own. */
export interface ElementwiseLoss<Options = object> {
  /** The error of each element, in the prediction's tree. */
  <Y>(prediction: Y, target: TargetOf<Y>, options: Options & { readonly reduction: 'none' }): Y;
  /** One number: the mean over all elements of all leaves together, or their sum. */
  <Y>(prediction: Y, target: TargetOf<Y>, options?: Options & ReductionOption<'mean' | 'sum'>): Tensor;
}

/**
 * A loss from the error of one element. It takes trees, checks shapes and reduces.
 *
 * @example
 * const logCosh = elementwiseLoss('logCosh', (y, target) => {
 *   const d = y.sub(target).abs();
 *   return d.add(d.mul(-2).softplus()).sub(Math.LN2);
 * });
 */
export function elementwiseLoss<Options = object>(
  name: string,
  error: (prediction: Tensor, target: Tensor, options: Partial<Options>) => Tensor,
): ElementwiseLoss<Options> {
  const loss = (prediction: unknown, target: unknown, options: Partial<Options> & ReductionOption = {}): unknown => {
    const reduction = requireReduction(name, options.reduction ?? 'mean');
    const predicted = flattenTree(name, prediction, isTensor);
    const wanted = operands(name, target);
    if (
      predicted.structure.paths.some((path, i) => path !== wanted.structure.paths[i]) ||
      wanted.leaves.length !== predicted.leaves.length
    ) {
      throw new TreeError(name, `a target with leaves ${wanted.structure.paths.join(', ')}`, {
        expected: `the prediction's leaves ${predicted.structure.paths.join(', ')}`,
      });
    }
    const errors = predicted.leaves.map((leaf, i) => {
      const like = targetTensor(name, predicted.structure.paths[i] ?? '', leaf, wanted.leaves[i] ?? 0);
      return error(leaf, like, options);
    });
    if (reduction === 'none') return predicted.structure.rebuild(errors);
    return reduction === 'mean' ? average(errors) : total(errors);
  };
  return loss as ElementwiseLoss<Options>;
}

/**
 * Squared error (y − target)².
 *
 * @throws ShapeError if the shapes differ; TreeError if the trees do.
 * @example
 * const loss = mse(ode.odeint(f, y0, ts).ys, target);
 */
export const mse: ElementwiseLoss = elementwiseLoss('mse', (y, target) => y.sub(target).square());

/**
 * Absolute error |y − target|; its derivative at 0 is 0.
 *
 * @throws ShapeError if the shapes differ; TreeError if the trees do.
 */
export const mae: ElementwiseLoss = elementwiseLoss('mae', (y, target) => y.sub(target).abs());

/** The options of `smoothL1`. */
export interface SmoothL1Options {
  /** Below it the error is quadratic; 1 by default, 0 gives `mae`. */
  readonly beta?: number;
}

/**
 * ½d²/beta where |d| < beta, else |d| − ½beta, with d = y − target (Girshick 2015). `beta` is 1 by default.
 *
 * @throws OptionError if beta is negative; ShapeError if the shapes differ; TreeError if the trees do.
 * @example
 * const loss = smoothL1(y, target, { beta: 0.1 });
 */
export const smoothL1: ElementwiseLoss<SmoothL1Options> = elementwiseLoss<SmoothL1Options>(
  'smoothL1',
  (y, target, { beta = 1 }) => {
    requireNonNegative('smoothL1', 'beta', beta);
    const distance = y.sub(target).abs();
    if (beta === 0) return distance;
    // With q = min(d, beta) both pieces are q·(d − q/2)/beta: no branch, no division by a small difference.
    const quadratic = distance.minimum(beta);
    return quadratic.mul(distance.sub(quadratic.mul(0.5))).div(beta);
  },
);

/**
 * −z·log σ(x) − (1 − z)·log(1 − σ(x)) from logits x and targets z in [0, 1], without overflow.
 *
 * @throws ShapeError if the shapes differ; TreeError if the trees do.
 * @example
 * const loss = binaryCrossEntropyWithLogits(net.apply(params, x).squeeze(-1), labels);
 */
export const binaryCrossEntropyWithLogits: ElementwiseLoss = elementwiseLoss('binaryCrossEntropyWithLogits', (x, z) =>
  x.softplus().sub(x.mul(z)),
);
