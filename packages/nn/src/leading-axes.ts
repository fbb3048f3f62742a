/** Values that belong to the leading axes of other tensors: a time for each sample, a mask of times and samples. */
import type { Shape, Tensor } from '@node-ode/core';

/** Whether `shape` is that of leading axes of `of`, all of them or fewer. */
export const isLeading = (shape: Shape, of: Shape): boolean => shape.every((extent, axis) => extent === of[axis]);

/** `x` with axes of extent 1 behind, up to `rank` axes, so that it broadcasts along leading axes. */
export const toRank = (x: Tensor, rank: number): Tensor =>
  x.reshape([...x.shape, ...new Array<number>(rank - x.rank).fill(1)]);
