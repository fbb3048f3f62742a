/** How a loop over a shape walks through memory: the stride of each operand along each axis, with axes merged where all agree. */
import { sizeOf, type Shape } from '@node-ode/core';
import { denseStrides, viewOf, type Variable } from './variable.ts';

/** A tensor in memory as a loop sees it. */
export interface Access {
  readonly variable: Variable;
  /** Elements from one index to the next along each axis of the loop; 0 where the tensor is broadcast. */
  readonly strides: readonly number[];
}

/** An axis of a loop. */
export interface Dimension {
  readonly extent: number;
  readonly isReduced: boolean;
  /** The stride of each access, in elements. */
  readonly strides: readonly number[];
}

/** A tensor as it broadcasts to the shape of a loop. */
export function readAccess(variable: Variable, shape: Shape): Access {
  const { strides } = viewOf(variable);
  const missing = shape.length - variable.shape.length;
  return {
    variable,
    strides: shape.map((_, axis) => ((variable.shape[axis - missing] ?? 1) === 1 ? 0 : strides[axis - missing]!)),
  };
}

/** A dense result of a loop: over its whole shape, or without the reduced axes. */
export function writeAccess(variable: Variable, shape: Shape, reduced: readonly number[] | undefined): Access {
  const strides = denseStrides(shape.map((extent, axis) => (reduced?.includes(axis) === true ? 1 : extent)));
  return { variable, strides: strides.map((stride, axis) => (reduced?.includes(axis) === true ? 0 : stride)) };
}

/** The axes of a loop: those of extent 1 are left out, and neighbours along which every access goes on evenly are one. */
export function dimensionsOf(
  shape: Shape,
  reduced: readonly number[],
  accesses: readonly Access[],
): readonly Dimension[] {
  const dimensions: Dimension[] = [];
  shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const next: Dimension = {
      extent,
      isReduced: reduced.includes(axis),
      strides: accesses.map(({ strides }) => strides[axis]!),
    };
    const last = dimensions.at(-1);
    const isEven =
      last?.isReduced === next.isReduced && last.strides.every((stride, i) => stride === next.strides[i]! * extent);
    if (last === undefined || !isEven) dimensions.push(next);
    else dimensions[dimensions.length - 1] = { ...next, extent: last.extent * extent };
  });
  return dimensions;
}

/** Whether all axes but the last of a loop are one for every access. */
export function isEvenInRows(shape: Shape, accesses: readonly Access[]): boolean {
  const rows = shape.slice(0, -1);
  const parts = accesses.map(({ variable, strides }) => ({ variable, strides: strides.slice(0, -1) }));
  return sizeOf(rows) <= 1 || dimensionsOf(rows, [], parts).length <= 1;
}
