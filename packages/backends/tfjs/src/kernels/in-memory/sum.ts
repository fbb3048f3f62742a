/** Sums along an axis, in double precision: tfjs's on `wasm` lose an f32's last bits with each element, 1e-2 of a million of them. */
import { ExecutionError } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { isNumbers } from './attributes.ts';
import { fill } from './memory.ts';

/**
 * Takes a list of one tensor; attributes are its extents [outer, length, inner], of which the middle one goes, what sums are divided
 * by, and the result's shape.
 */
export const sumName = 'NodeOdeSum';

/** The running sums of a tensor with the extents [outer, length, inner], in double precision too; `reverse` begins at the end. */
export const cumsumName = 'NodeOdeCumsum';

/** Lines of elements, `inner` apart. */
interface Lines {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

function linesOf(extents: unknown): Lines {
  if (!isNumbers(extents)) throw new ExecutionError(sumName, 'no extents');
  const [outer = 0, length = 0, inner = 0] = extents;
  return { outer, length, inner };
}

export const sumKernel = (backendName: string): TfKernelConfig => ({
  kernelName: sumName,
  backendName,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { extents, divisor, shape } = attrs ?? {};
    const lines = linesOf(extents);
    if (typeof divisor !== 'number' || !isNumbers(shape)) throw new ExecutionError(sumName, 'no divisor');
    return fill(backend, inputs, shape, ({ operands: [x], result }) => {
      if (lines.inner === 1) sumRows(x!, result, lines.length, divisor);
      else sumColumns(x!, result, lines, divisor);
    });
  },
});

function sumRows(x: Float32Array, result: Float32Array, length: number, divisor: number): void {
  for (let row = 0, at = 0; row < result.length; row++) {
    let sum = 0;
    for (const end = at + length; at < end; at++) sum += x[at]!;
    result[row] = sum / divisor;
  }
}

/** Row by row, as the elements lie. */
function sumColumns(x: Float32Array, result: Float32Array, { outer, length, inner }: Lines, divisor: number): void {
  const sums = new Float64Array(inner);
  for (let block = 0, at = 0; block < outer; block++) {
    sums.fill(0);
    for (let row = 0; row < length; row++) {
      for (let column = 0; column < inner; column++, at++) sums[column]! += x[at]!;
    }
    for (let column = 0; column < inner; column++) result[block * inner + column] = sums[column]! / divisor;
  }
}

export const cumsumKernel = (backendName: string): TfKernelConfig => ({
  kernelName: cumsumName,
  backendName,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { extents, reverse, shape } = attrs ?? {};
    const { outer, length, inner } = linesOf(extents);
    if (!isNumbers(shape)) throw new ExecutionError(cumsumName, 'no shape');
    return fill(backend, inputs, shape, ({ operands: [x], result }) => {
      for (let line = 0; line < outer * inner; line++) {
        const start = Math.floor(line / inner) * length * inner + (line % inner);
        let sum = 0;
        for (let k = 0; k < length; k++) {
          const at = start + (reverse === true ? length - 1 - k : k) * inner;
          sum += x![at]!;
          result[at] = sum;
        }
      }
    });
  },
});
