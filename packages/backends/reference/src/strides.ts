/** Walks over several strided operands at once: what broadcasting, transposing, slicing and reducing have in common. */
import type { Shape } from '@node-ode/core';

/** How an operand is laid out along the axes that are walked. */
export interface Layout {
  /** Elements between neighbours along each axis; 0 where the operand is broadcast. */
  readonly strides: readonly number[];
  /** Where it starts. */
  readonly offset?: number;
}

/**
 * `outer` rows of `inner` elements. Row r of operand k starts at `starts[k][r]`, and its elements are `steps[k]` apart.
 */
export interface Walk {
  readonly inner: number;
  readonly outer: number;
  readonly steps: readonly number[];
  readonly starts: readonly Int32Array[];
}

interface Axis {
  readonly extent: number;
  readonly strides: readonly number[];
}

/** Rows shorter than this are walked along a longer axis instead, if there is one. */
const shortRow = 8;

/** The walk over all elements of `shape`: axes that every operand runs through without a gap are joined. */
export function walk(shape: Shape, layouts: readonly Layout[]): Walk {
  const axes = joinAxes(shape, layouts);
  let innerAxis = axes.length - 1;
  if (axes.length > 1 && axes[innerAxis]!.extent < shortRow) {
    axes.forEach((axis, i) => {
      if (axis.extent > axes[innerAxis]!.extent) innerAxis = i;
    });
  }
  const inner = axes[innerAxis] ?? { extent: 1, strides: layouts.map(() => 0) };
  const rows = axes.filter((_, i) => i !== innerAxis);
  const outer = rows.reduce((product, axis) => product * axis.extent, 1);
  const starts = layouts.map(({ offset = 0 }, k) =>
    offsets(
      rows.map((axis) => axis.extent),
      rows.map((axis) => axis.strides[k]!),
      offset,
    ),
  );
  return { inner: inner.extent, outer, steps: inner.strides, starts };
}

function joinAxes(shape: Shape, layouts: readonly Layout[]): Axis[] {
  const axes: Axis[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    if (extent === 1) continue;
    const strides = layouts.map((layout) => layout.strides[axis]!);
    const next = axes[0];
    if (next !== undefined && strides.every((stride, k) => stride === next.strides[k]! * next.extent)) {
      axes[0] = { extent: extent * next.extent, strides: next.strides };
    } else {
      axes.unshift({ extent, strides });
    }
  }
  return axes;
}

/** Where each element of a strided tensor is, in row-major order. */
export function offsets(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  let result = Int32Array.of(start);
  shape.forEach((extent, axis) => {
    const next = new Int32Array(result.length * extent);
    for (let i = 0; i < next.length; i++) next[i] = result[Math.floor(i / extent)]! + (i % extent) * strides[axis]!;
    result = next;
  });
  return result;
}

/** Strides of a dense row-major tensor. */
export function denseStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Strides of a dense tensor seen at a shape that it broadcasts to. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const dense = denseStrides(from);
  const lead = to.length - from.length;
  return to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : dense[axis - lead]!));
}
