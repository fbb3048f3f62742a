/** Element-wise functions of two tensors of floats that broadcast, on `cpu`: tfjs's kernels look each element's place up, in 150 ns. */
import { ExecutionError } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { isNumbers } from './attributes.ts';
import { fill } from './memory.ts';
import { eachLine } from './strides.ts';

/**
 * Takes a list of two tensors; attributes are tfjs's name of the function, the axes that they are gone through along, their steps
 * `x` and `y` along these, and the result's shape.
 */
export const pairwiseName = 'NodeOdePairwise';

/** Two tensors, and how far apart the elements of a line are in each. */
interface Operands {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly stepX: number;
  readonly stepY: number;
}

/** Computes elements of the result from one position to another, of lines that begin at `a` and `b`. */
type Loop = (operands: Operands, a: number, b: number, result: Float32Array, from: number, to: number) => void;

/** A loop each, so that it has the function in it and calls none. */
const loops: Readonly<Record<string, Loop>> = {
  Add: ({ x, y, stepX, stepY }, a, b, result, from, to) => {
    for (let i = from; i < to; i++, a += stepX, b += stepY) result[i] = x[a]! + y[b]!;
  },
  Sub: ({ x, y, stepX, stepY }, a, b, result, from, to) => {
    for (let i = from; i < to; i++, a += stepX, b += stepY) result[i] = x[a]! - y[b]!;
  },
  Multiply: ({ x, y, stepX, stepY }, a, b, result, from, to) => {
    for (let i = from; i < to; i++, a += stepX, b += stepY) result[i] = x[a]! * y[b]!;
  },
  RealDiv: ({ x, y, stepX, stepY }, a, b, result, from, to) => {
    for (let i = from; i < to; i++, a += stepX, b += stepY) result[i] = x[a]! / y[b]!;
  },
  Maximum: ({ x, y, stepX, stepY }, a, b, result, from, to) => {
    for (let i = from; i < to; i++, a += stepX, b += stepY) result[i] = Math.max(x[a]!, y[b]!);
  },
  Minimum: ({ x, y, stepX, stepY }, a, b, result, from, to) => {
    for (let i = from; i < to; i++, a += stepX, b += stepY) result[i] = Math.min(x[a]!, y[b]!);
  },
};

/** Whether there is a loop for a kernel of tfjs. */
export const isPairwise = (kernel: string): boolean => Object.hasOwn(loops, kernel);

export const pairwiseKernel: TfKernelConfig = {
  kernelName: pairwiseName,
  backendName: 'cpu',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { name, extents, x, y, shape } = attrs ?? {};
    const loop = typeof name === 'string' ? loops[name] : undefined;
    if (loop === undefined || !isNumbers(extents) || !isNumbers(x) || !isNumbers(y) || !isNumbers(shape)) {
      throw new ExecutionError(pairwiseName, 'no steps, or a function that it does not have');
    }
    const last = extents.length - 1;
    const [stepX, stepY, length] = [x[last] ?? 0, y[last] ?? 0, extents[last] ?? 1];
    return fill(backend, inputs, shape, ({ operands: [left, right], result }) => {
      const operands = { x: left!, y: right!, stepX, stepY };
      let from = 0;
      eachLine(extents, x, y, (a, b) => {
        loop(operands, a, b, result, from, from + length);
        from += length;
      });
    });
  },
};
