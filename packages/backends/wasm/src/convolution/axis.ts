/** A convolution and its input gradient along one axis: both sum elements of a source under the elements of the kernel. */
import { range } from '../matmul/vector.ts';
import type { Windows } from './spec.ts';

/** An element of the kernel, and the source's index that it meets at position 0. */
export interface Tap {
  readonly index: number;
  readonly offset: number;
}

/**
 * result[phases·t + phase] = Σ kernel[index]·source[step·t + offset] over the taps of the phase, at positions t; what is not in
 * the source is zero. A convolution has one phase; its gradient with stride s has s, which see kernel elements of their own.
 */
export interface Axis {
  /** Extents. */
  readonly source: number;
  readonly result: number;
  /** Positions of each phase; those of a later one may end behind the result. */
  readonly positions: number;
  readonly step: number;
  readonly phases: readonly (readonly Tap[])[];
}

/** y[t] = Σ kernel[i]·x[s·t + d·i − p] */
export function convolutionAxis({ image, kernel, result, strides, padBefore, dilations }: Windows, axis: 0 | 1): Axis {
  const taps = range(kernel[axis]).map((index) => ({ index, offset: dilations[axis] * index - padBefore[axis] }));
  return { source: image[axis], result: result[axis], positions: result[axis], step: strides[axis], phases: [taps] };
}

/** x̄[s·t + r] = Σ kernel[i]·ȳ[t + (r + p − d·i)/s], over the i for which that is whole. */
export function inputGradAxis({ image, kernel, result, strides, padBefore, dilations }: Windows, axis: 0 | 1): Axis {
  const stride = strides[axis];
  const phases = range(stride).map((phase) =>
    range(kernel[axis]).flatMap((index): readonly Tap[] => {
      const distance = phase + padBefore[axis] - dilations[axis] * index;
      return distance % stride === 0 ? [{ index, offset: distance / stride }] : [];
    }),
  );
  return { source: result[axis], result: image[axis], positions: Math.ceil(image[axis] / stride), step: 1, phases };
}

/** The least and the largest offset of all taps. */
export function reachOf({ phases }: Axis): { readonly least: number; readonly most: number } {
  const offsets = phases.flat().map(({ offset }) => offset);
  return { least: Math.min(...offsets), most: Math.max(...offsets) };
}
