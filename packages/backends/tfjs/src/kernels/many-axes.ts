/** Operands of more axes than every backend's kernels take: on wasm those of XNNPACK give noise for more than six. */
import type { Shape } from '@node-ode/core';

/** The most axes of an operand that all kernels take. */
export const mostAxes = 6;

/** Shapes of two operands with fewer axes, whose elements meet as before. */
export interface Merged {
  readonly a: Shape;
  readonly b: Shape;
}

/** Leaves axes of extent 1 out, and makes one of neighbours along which the same operands are repeated. */
export function mergedAxes(a: Shape, b: Shape): Merged {
  const rank = Math.max(a.length, b.length);
  const aligned = (shape: Shape): Shape => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const [left, right] = [aligned(a), aligned(b)];
  const merged: { readonly a: number[]; readonly b: number[] } = { a: [], b: [] };
  let last = '';
  for (let axis = 0; axis < rank; axis++) {
    const [m, n] = [left[axis]!, right[axis]!];
    if (m === 1 && n === 1) continue;
    const pattern = `${m === 1} ${n === 1}`;
    if (pattern !== last) {
      merged.a.push(1);
      merged.b.push(1);
    }
    last = pattern;
    merged.a[merged.a.length - 1]! *= m;
    merged.b[merged.b.length - 1]! *= n;
  }
  return merged;
}
