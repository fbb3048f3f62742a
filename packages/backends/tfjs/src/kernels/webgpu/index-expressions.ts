/** Where an element lies, as WGSL: how axes lie to each other is its text, their extents are its numbers. */
import { sizeOf, type Shape } from '@node-ode/core';
import { code, joined, type Code } from './code.ts';

/** Row-major strides. */
export function stridesOf(shape: Shape): readonly number[] {
  const strides: number[] = [];
  shape.reduceRight((stride, extent) => {
    strides.unshift(stride);
    return stride * extent;
  }, 1);
  return strides;
}

/** Strides of an operand along the axes of a result that it broadcasts to: 0 where it stands still. */
export function broadcastStrides(shape: Shape, result: Shape): readonly number[] {
  const own = stridesOf(shape);
  const missing = result.length - shape.length;
  return result.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : (own[axis - missing] ?? 0)));
}

interface Axis {
  readonly extent: number;
  readonly stride: number;
}

/** Axes that one step after the other walk like one axis are one; those of one element are none. */
function merged(shape: Shape, strides: readonly number[]): readonly Axis[] {
  const axes: Axis[] = [];
  for (const [i, extent] of shape.entries()) {
    const stride = strides[i] ?? 0;
    if (extent === 1) continue;
    const last = axes.at(-1);
    if (last !== undefined && last.stride === stride * extent) {
      axes[axes.length - 1] = { extent: last.extent * extent, stride };
    } else axes.push({ extent, stride });
  }
  return axes;
}

/** The coordinate of element `index` along an axis: `inner` elements a step, `extent` steps, of `total` elements. */
export function coordinate(index: string, inner: number, extent: number, total: number): Code {
  const steps = inner === 1 ? code`${index}` : code`(${index} / ${inner})`;
  return inner * extent >= total ? steps : code`(${steps} % ${extent})`;
}

/** The offset of element `index` of a result of `shape`, in an operand with these strides. */
export function offset(index: string, shape: Shape, strides: readonly number[]): Code {
  const total = sizeOf(shape);
  let inner = 1;
  const terms: Code[] = [];
  for (const { extent, stride } of merged(shape, strides).toReversed()) {
    const at = coordinate(index, inner, extent, total);
    if (stride !== 0) terms.push(stride === 1 ? at : code`${at} * ${stride}`);
    inner *= extent;
  }
  return terms.length === 0 ? code`0` : joined(terms, ' + ');
}
