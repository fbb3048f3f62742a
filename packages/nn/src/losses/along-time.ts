/** Losses of a solution whose leaves have the time axis first: at the last time, or along the trajectory. */
import {
  array,
  asTensor,
  flattenTree,
  formatType,
  isTensor,
  ShapeError,
  type Tensor,
  type TensorLike,
} from '@node-ode/core';
import { isLeading, toRank } from '../leading-axes.ts';
import { named } from './leaves.ts';
import { requireReduction, total, type Reduction } from './reduction.ts';

/** Any loss of a prediction and a target with options, `reduction` among them: `mse`, `crossEntropy`, one of yours. */
export type AnyLoss = (prediction: never, target: never, options?: never) => unknown;

/** What the overloads below are made of: a loss of trees, whatever their types. */
type LossOfTrees = (prediction: unknown, target: unknown, options?: { readonly reduction?: Reduction }) => unknown;

/**
 * The loss at the last time: the last element of each leaf's first axis. The target has no time axis.
 *
 * @throws ShapeError, when used, if a leaf has no time axis or no time.
 * @example
 * const loss = atLastTime(crossEntropy)(ode.odeint(f, y0, [0, 1]).ys, labels);
 */
export function atLastTime<L extends AnyLoss>(loss: L): L;
export function atLastTime(loss: LossOfTrees): LossOfTrees {
  return (ys, target, options) => {
    const { leaves, structure } = flattenTree('atLastTime', ys, isTensor);
    leaves.forEach((leaf, i) => {
      if ((leaf.shape[0] ?? 0) > 0) return;
      throw new ShapeError('atLastTime', `a prediction${named(structure.paths[i])} ${formatType(leaf.type)}`, {
        expected: 'a first axis of at least one time',
      });
    });
    return loss(structure.rebuild(leaves.map((leaf) => leaf.at(-1))), target, options);
  };
}

/** How `alongTrajectory` weighs. */
export interface TrajectoryOptions {
  /** One weight a time, or for leading axes from the time on (a weight for each time and sample: an observation mask). */
  readonly weights?: readonly number[] | TensorLike;
}

/**
 * The loss over all times. With `weights`, `sum` is Σ w·error and `mean` is Σ w·error / Σ w, so that weights of 0 and 1
 * give the mean of the chosen ones. An error must be finite even where its weight is 0: put any number where nothing was
 * observed. The loss must know `reduction: 'none'`.
 *
 * @throws ShapeError, when used, if the weights are not of the shape of leading axes of the errors.
 * @example
 * const loss = alongTrajectory(mse, { weights: [0, 1, 1, 2] })(ys, target);
 */
export function alongTrajectory<L extends AnyLoss>(loss: L, options?: TrajectoryOptions): L;
export function alongTrajectory(loss: LossOfTrees, { weights }: TrajectoryOptions = {}): LossOfTrees {
  if (weights === undefined) return loss;
  return (ys, target, options = {}) => {
    const reduction = requireReduction('alongTrajectory', options.reduction ?? 'mean');
    const each = loss(ys, target, { ...options, reduction: 'none' });
    const { leaves, structure } = flattenTree('alongTrajectory', each, isTensor);
    const scales = leaves.map((leaf, i) => weightsOf(leaf, weights, structure.paths[i]));
    const errors = leaves.map((leaf, i) => leaf.mul(scales[i]!));
    if (reduction === 'none') return structure.rebuild(errors);
    if (reduction === 'sum') return total(errors);
    // Σ w over all elements of a leaf: the weights times the elements that share one.
    const mass = leaves.map((leaf, i) => {
      const scale = scales[i]!;
      return scale.sum().mul(leaf.size().div(scale.size()));
    });
    return total(errors).div(mass.reduce((sum, leaf) => sum.add(leaf)));
  };
}

/** The weights with axes of extent 1 behind, so that they broadcast against a leaf of errors. */
function weightsOf(errors: Tensor, weights: readonly number[] | TensorLike, path: string | undefined): Tensor {
  const { dtype, rank, shape } = errors;
  const list = isNumbers(weights) ? array(weights, { dtype }) : weights;
  const given = asTensor(list, dtype, 'alongTrajectory');
  const scale = given.dtype === 'i32' || given.dtype === 'bool' ? given.cast(dtype) : given;
  if (!isLeading(scale.shape, shape)) {
    throw new ShapeError('alongTrajectory', `weights of shape [${scale.shape.join(', ')}]`, {
      expected: `one for each time, or the shape of leading axes of the errors${named(path)} [${shape.join(', ')}]`,
    });
  }
  return toRank(scale, rank);
}

const isNumbers = (weights: readonly number[] | TensorLike): weights is readonly number[] => Array.isArray(weights);
