/** How windows (kernels of convolutions, windows of pooling) lie on images [samples, channels, height, width]: shapes alone. */
import { OptionError, ShapeError } from '../errors.ts';
import { formatShape } from './broadcast.ts';
import type { Shape } from './graph.ts';
import type { ConvParams, Pair, PoolParams, WindowParams } from './primitives.ts';

/** The two spatial axes, as positions in a `Pair`. */
export const spatial = [0, 1] as const;

/** 0, 1, …, length − 1 */
export const range = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);

/** A pair from what `of` gives for the height and for the width. */
export const pairOf = (of: (axis: 0 | 1) => number): Pair => [of(0), of(1)];

/** The extents of the spatial axes of an image or of a kernel. */
export const spatialExtents = (shape: Shape): Pair => [shape[2] ?? 0, shape[3] ?? 0];

/** Elements that a window of `extent` covers when it is spread: d·(k − 1) + 1. */
export const spread = (extent: number, dilation: number): number => dilation * (extent - 1) + 1;

/**
 * Windows that fit on an image: ⌊(before + extent + after − d·(k − 1) − 1) / stride⌋ + 1 along each axis.
 *
 * @throws ShapeError if there is none, or the window has no elements.
 */
export function windowCounts(op: string, size: Pair, window: Pair, params: WindowParams): Pair {
  if (!window.every((extent) => Number.isInteger(extent) && extent >= 1)) {
    throw new ShapeError(op, `a window of ${formatShape(window)}`, { expected: 'positive integers' });
  }
  const { strides, padBefore, padAfter, dilations } = params;
  const counts = pairOf((axis) => {
    const room = padBefore[axis] + size[axis] + padAfter[axis] - spread(window[axis], dilations[axis]);
    return Math.floor(room / strides[axis]) + 1;
  });
  if (counts.every((count) => count >= 1)) return counts;
  const spreads = pairOf((axis) => spread(window[axis], dilations[axis]));
  throw new ShapeError(op, `a window that covers ${formatShape(spreads)} of an image of ${formatShape(size)}`, {
    expected: `a window within the image with its padding of ${formatShape(padBefore)} before and ${formatShape(padAfter)} after`,
    advice: 'Pad the image, or take a smaller window.',
  });
}

/** Whether some window holds nothing but padding. */
export function hasEmptyWindow(size: Pair, window: Pair, params: WindowParams): boolean {
  const counts = windowCounts('windows', size, window, params);
  return spatial.some((axis) => {
    const isInside = (at: number): boolean => at >= 0 && at < size[axis];
    return range(counts[axis]).some((output) => {
      const first = output * params.strides[axis] - params.padBefore[axis];
      return !range(window[axis]).some((tap) => isInside(first + tap * params.dilations[axis]));
    });
  });
}

/** Refuses what no shape says: strides, dilations, windows and groups that are not positive integers, padding below zero. */
export function requireWindowParams(op: string, params: WindowParams & Partial<PoolParams & ConvParams>): void {
  const { groups = 1 } = params;
  const demands: readonly (readonly [name: string, values: readonly number[], least: 0 | 1])[] = [
    ['window', params.window ?? [], 1],
    ['strides', params.strides, 1],
    ['dilations', params.dilations, 1],
    ['groups', [groups], 1],
    ['padding before', params.padBefore, 0],
    ['padding after', params.padAfter, 0],
  ];
  for (const [name, values, least] of demands) {
    if (values.every((n) => Number.isInteger(n) && n >= least)) continue;
    throw new OptionError(op, `${name} is ${name === 'groups' ? groups : formatShape(values)}`, {
      expected: least === 0 ? 'integers, none of them negative' : 'positive integers',
    });
  }
}
