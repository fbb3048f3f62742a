/** Cross-entropy of logits with labels or probabilities, and accuracy. */
import {
  arange,
  asTensor,
  DTypeError,
  formatType,
  select,
  ShapeError,
  type Shape,
  type Tensor,
  type TensorLike,
} from '@node-ode/core';
import { average, requireReduction, total, type ReductionOption } from './reduction.ts';

/** Which axis counts the classes; the last by default. */
export interface ClassAxisOption {
  readonly axis?: number;
}

/** A loss of one tensor of logits with one of labels. */
export type ClassLoss = (logits: Tensor, target: TensorLike, options?: ClassAxisOption & ReductionOption) => Tensor;

/**
 * −log softmax(logits) at the target class. The target is either i32 labels, of the logits' shape without the class axis,
 * or probabilities (one-hot, say) of the logits' shape: −Σ p·log softmax(logits). `mean` is over samples. A label outside
 * [0, classes) makes the loss NaN.
 *
 * @throws ShapeError or DTypeError if the target is neither.
 * @example
 * const loss = crossEntropy(logits, labels); // f32[20,10] and i32[20]
 */
export const crossEntropy: ClassLoss = (logits, target, options = {}) => {
  const reduction = requireReduction('crossEntropy', options.reduction ?? 'mean');
  const axis = classAxis('crossEntropy', logits, options.axis);
  const like = classTarget('crossEntropy', logits, target, axis);
  const logProbability = logits.logSoftmax(axis);
  const errors =
    like.dtype === 'i32' ? atLabels(logProbability, like, axis) : atProbabilities(logProbability, like, axis);
  if (reduction === 'none') return errors;
  return reduction === 'mean' ? average([errors]) : total([errors]);
};

/**
 * The fraction of samples whose largest logit is the target class: i32 labels, or the largest of probabilities.
 *
 * @throws ShapeError or DTypeError if the target is neither.
 * @example
 * const correct = accuracy(logits, labels); // f32[20,10] and i32[20], a scalar in [0, 1]
 */
export const accuracy = (logits: Tensor, target: TensorLike, options: ClassAxisOption = {}): Tensor => {
  const axis = classAxis('accuracy', logits, options.axis);
  const like = classTarget('accuracy', logits, target, axis);
  const labels = like.dtype === 'i32' ? like : like.argMax(axis);
  return logits.argMax(axis).equal(labels).cast(logits.dtype).mean();
};

function classAxis(operation: string, logits: Tensor, axis = -1): number {
  if (Number.isInteger(axis) && axis >= -logits.rank && axis < logits.rank) return axis < 0 ? axis + logits.rank : axis;
  throw new ShapeError(operation, `class axis ${axis} of logits ${formatType(logits.type)}`, {
    expected: 'an axis of the logits',
  });
}

function classTarget(operation: string, logits: Tensor, target: TensorLike, axis: number): Tensor {
  const like = asTensor(target, 'i32', operation);
  if (like.dtype !== 'i32' && like.dtype !== logits.dtype) {
    throw new DTypeError(operation, `a target of ${formatType(like.type)} for logits ${formatType(logits.type)}`, {
      expected: `i32 labels, or probabilities in ${logits.dtype}`,
      advice: 'Convert it with .cast(dtype).',
    });
  }
  const wanted: Shape = like.dtype === 'i32' ? logits.shape.filter((_, i) => i !== axis) : logits.shape;
  if (like.rank !== wanted.length || like.shape.some((extent, i) => extent !== wanted[i])) {
    throw new ShapeError(operation, `a target ${formatType(like.type)} for logits ${formatType(logits.type)}`, {
      expected: `labels i32[${logits.shape.filter((_, i) => i !== axis).join(',')}], or probabilities ${formatType(logits.type)}`,
    });
  }
  return like;
}

function atLabels(logProbability: Tensor, labels: Tensor, axis: number): Tensor {
  const classes = logProbability.shape[axis] ?? 0;
  const positions = arange(classes).reshape(logProbability.shape.map((_, i) => (i === axis ? classes : 1)));
  const picked = select(labels.expandDims(axis).equal(positions), logProbability, 0).sum({ axes: axis }).neg();
  return select(labels.greaterEqual(0).and(labels.less(classes)), picked, NaN);
}

function atProbabilities(logProbability: Tensor, probabilities: Tensor, axis: number): Tensor {
  // A class that is impossible in both, p = 0 and log q = −∞, adds 0 and not NaN.
  const impossible = probabilities.equal(0).and(logProbability.isFinite().not());
  return probabilities
    .mul(select(impossible, 0, logProbability))
    .sum({ axes: axis })
    .neg();
}
