/**
 * What the host computes itself: arithmetic of tensors of one element, and the small arrays that such tensors are taken
 * from or put into (output times, what a solve reports). Everything else is the device's: arrays are the user's data, and
 * he chose where they are computed with.
 */
import { allocate, demandIndices, sizeOf, type NodeOf, type Shape, type TensorData, type Value } from '@node-ode/core';
import type { PlainNode } from '../plan/scope.ts';
import { elementsIn, tensorOf, type HostKernel, type Register, type Slot } from './registers.ts';
import { scalarKernel } from './scalar-kernels.ts';

/** Largest number of elements of an array that the host handles: copying it (4 kB) costs less than a launch of a kernel. */
export const mostElements = 1024;

/** Operations that give an array of the host's from others. */
type Movement = 'constant' | 'iota' | 'reshape' | 'broadcastTo' | 'slice' | 'concat' | 'gather' | 'setRow';

/** Whether the host has a kernel for a node: by its operation and by its sizes, wherever its operands are. */
export function canRunOnHost(node: PlainNode): boolean {
  const sizes = [...node.inputs, ...node.outputs].map(elementsOf);
  if (sizes.some((size) => size > mostElements)) return false;
  return node.op in movements || (sizes.every((size) => size === 1) && scalarKernel(node, [], 0) !== undefined);
}

/** Number of elements; none is small enough for the host if the value is a tape. */
const elementsOf = ({ type }: Value): number => (type.kind === 'tensor' ? sizeOf(type.shape) : Infinity);

/**
 * The kernel of a node that the host can run, on the registers of its operands and of its result.
 *
 * @throws ExecutionError when it runs, as the reference engine: an index outside its axis, an i32 divided by zero.
 */
export function hostKernel(node: PlainNode, operands: readonly Register[], result: Register): HostKernel {
  const indices = operands.map(({ index }) => index);
  if ([...operands, result].every(({ bank }) => bank === 'number')) {
    const kernel = scalarKernel(node, indices, result.index);
    if (kernel !== undefined) return kernel;
  }
  if (node.op === 'gather' && [...operands, result].map(({ bank }) => bank).join() === 'array,number,number') {
    return pickElement(node, indices, result.index);
  }
  const move = (movements[node.op as Movement] as (node: PlainNode) => Move)(node);
  const type = tensorOf(node.outputs[0]!);
  const size = sizeOf(type.shape);
  const slots = operands.map((register, i): Slot => ({ register, type: tensorOf(node.inputs[i]!) }));
  return (registers) => {
    const data = allocate(type.dtype, size);
    move(
      slots.map((slot) => elementsIn(registers, slot)),
      data,
    );
    if (result.bank === 'number') registers.numbers[result.index] = data[0]!;
    else registers.arrays[result.index] = data;
  };
}

/** One element of an array, as an output time is taken. */
function pickElement({ inputs }: NodeOf<'gather'>, [x = 0, at = 0]: readonly number[], z: number): HostKernel {
  const extent = sizeOf(tensorOf(inputs[0]!).shape);
  return ({ numbers, arrays }) => {
    const index = numbers[at]!;
    if (index < 0 || index >= extent) demandIndices('gather', [index], extent);
    numbers[z] = arrays[x]![index]!;
  };
}

/** Writes into the elements of a result, from the elements of operands. */
type Move = (x: readonly TensorData[], z: TensorData) => void;

/** How each movement goes about it: whatever the node says already is computed once. */
const movements: { readonly [P in Movement]: (node: NodeOf<P>) => Move } = {
  constant:
    ({ params: { value } }) =>
    (_, z) =>
      z.fill(value),
  iota: ({ params: { shape, axis } }) => {
    const { extent, inner } = around(shape, axis);
    return (_, z) => {
      for (let i = 0; i < z.length; i++) z[i] = Math.floor(i / inner) % extent;
    };
  },
  reshape:
    () =>
    ([x], z) => {
      z.set(x!);
    },
  broadcastTo: ({ inputs, params: { shape } }) => {
    const from = tensorOf(inputs[0]!).shape;
    const missing = shape.length - from.length;
    const strides = denseStrides(from).map((stride, axis) => (from[axis] === 1 ? 0 : stride));
    return copyRegion(shape, [...new Array<number>(missing).fill(0), ...strides], 0);
  },
  slice: ({ inputs, params: { starts, sizes } }) => {
    const strides = denseStrides(tensorOf(inputs[0]!).shape);
    const start = starts.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
    return copyRegion(sizes, strides, start);
  },
  concat: ({ inputs, outputs, params: { axis } }) => {
    const whole = around(tensorOf(outputs[0]!).shape, axis);
    const length = whole.extent * whole.inner;
    const runs = inputs.map((input) => {
      const { extent, inner } = around(tensorOf(input).shape, axis);
      return extent * inner;
    });
    return (x, z) => {
      let start = 0;
      for (let i = 0; i < runs.length; i++) {
        const run = runs[i]!;
        for (let row = 0; row < whole.outer; row++) {
          for (let k = 0; k < run; k++) z[row * length + start + k] = x[i]![row * run + k]!;
        }
        start += run;
      }
    };
  },
  gather: ({ inputs, params: { axis } }) => {
    const { outer, extent, inner } = around(tensorOf(inputs[0]!).shape, axis);
    return ([x, indices], z) => {
      demandIndices('gather', indices!, extent);
      let at = 0;
      for (let row = 0; row < outer; row++) {
        for (const index of indices!) {
          const start = (row * extent + index) * inner;
          z.set(x!.subarray(start, start + inner), at);
          at += inner;
        }
      }
    };
  },
  setRow: ({ inputs }) => {
    const rows = tensorOf(inputs[0]!).shape[0]!;
    return ([buffer, index, row], z) => {
      demandIndices('setRow', index!, rows);
      z.set(buffer!);
      const length = row!.length / index!.length;
      index!.forEach((at, k) => {
        z.set(row!.subarray(k * length, (k + 1) * length), at * length);
      });
    };
  },
};

/** Products of the extents before and behind an axis, and its own. */
function around(shape: Shape, axis: number) {
  return { outer: sizeOf(shape.slice(0, axis)), extent: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

const denseStrides = (shape: Shape): readonly number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** Writes the elements at `strides` from `start` on, in row-major order. */
function copyRegion(shape: Shape, strides: readonly number[], start: number): Move {
  const dense = denseStrides(shape);
  return ([x], z) => {
    for (let i = 0; i < z.length; i++) {
      let from = start;
      for (let axis = 0; axis < shape.length; axis++) {
        from += (Math.floor(i / dense[axis]!) % shape[axis]!) * strides[axis]!;
      }
      z[i] = x![from]!;
    }
  };
}
