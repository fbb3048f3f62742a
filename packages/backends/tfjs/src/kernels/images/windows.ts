/** Arithmetic of windows on images: shapes alone. */
import type { Pair, Shape, WindowParams } from '@node-ode/core';

/** A pair from what `of` gives for the height and for the width. */
export const pairOf = (of: (axis: 0 | 1) => number): Pair => [of(0), of(1)];

export const extentsOf = (shape: Shape): Pair => [shape[2] ?? 0, shape[3] ?? 0];

export const isOnes = (pair: Pair): boolean => pair[0] === 1 && pair[1] === 1;

export const isZeros = (pair: Pair): boolean => pair[0] === 0 && pair[1] === 0;

/** How many windows of extents `window` there are on images of extents `size`. */
export const windowCounts = (size: Pair, window: Pair, params: WindowParams): Pair =>
  pairOf((axis) => {
    const room = params.padBefore[axis] + size[axis] + params.padAfter[axis];
    return Math.floor((room - params.dilations[axis] * (window[axis] - 1) - 1) / params.strides[axis]) + 1;
  });
