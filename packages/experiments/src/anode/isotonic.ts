/** The best monotone fit: what no flow of the line can do better than. */
import { ShapeError } from '@node-ode/core';

/** A monotone fit to points. */
export interface MonotoneFit {
  /** Distinct x, increasing, and the fit there. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Mean squared error over the points. */
  readonly mse: number;
}

interface Block {
  /** Sum of weights, weighted mean, distinct x. */
  weight: number;
  mean: number;
  count: number;
}

/**
 * The least-squares fit among non-decreasing functions, by pooling adjacent violators (Barlow et al. 1972). It is unique at the
 * data's points.
 *
 * @throws ShapeError unless there is one y for each x, and any.
 * @example
 * isotonic([1, 2, 3], [1, 3, 2]); // y: 1, 2.5, 2.5; mse 1/6
 */
export function isotonic(x: ArrayLike<number>, y: ArrayLike<number>): MonotoneFit {
  if (x.length !== y.length || x.length === 0) {
    throw new ShapeError('isotonic', `${x.length} x values and ${y.length} y values`, { expected: 'one y for each x' });
  }
  const groups = grouped(x, y);
  const blocks: Block[] = [];
  for (const { weight, mean } of groups) {
    let last: Block = { weight, mean, count: 1 };
    for (let before = blocks.at(-1); before !== undefined && before.mean >= last.mean; before = blocks.at(-1)) {
      last = pooled(before, last);
      blocks.pop();
    }
    blocks.push(last);
  }
  const fit = blocks.flatMap(({ mean, count }) => Array.from({ length: count }, () => mean));
  const error = groups.reduce((sum, { weight, mean, spread }, i) => sum + spread + weight * (mean - fit[i]!) ** 2, 0);
  return { x: groups.map((group) => group.x), y: fit, mse: error / x.length };
}

/** The better of the best non-decreasing and the best non-increasing fit: of a flow of the line with a linear layer behind it. */
export function monotone(x: ArrayLike<number>, y: ArrayLike<number>): MonotoneFit {
  const up = isotonic(x, y);
  const turned = isotonic(
    x,
    Array.from(y, (value) => -value),
  );
  return up.mse <= turned.mse ? up : { ...turned, y: turned.y.map((value) => -value) };
}

interface Group {
  readonly x: number;
  readonly weight: number;
  readonly mean: number;
  /** Sum of squares about the mean, which no function of x takes away. */
  readonly spread: number;
}

/** The points of equal x as one, in the order of x. */
function grouped(x: ArrayLike<number>, y: ArrayLike<number>): readonly Group[] {
  const at = new Map<number, number[]>();
  for (let i = 0; i < x.length; i++) {
    const values = at.get(x[i]!) ?? [];
    at.set(x[i]!, values);
    values.push(y[i]!);
  }
  return [...at]
    .sort(([a], [b]) => a - b)
    .map(([position, values]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      return { x: position, weight: values.length, mean, spread };
    });
}

const pooled = (a: Block, b: Block): Block => ({
  weight: a.weight + b.weight,
  mean: (a.weight * a.mean + b.weight * b.mean) / (a.weight + b.weight),
  count: a.count + b.count,
});
