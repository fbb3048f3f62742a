/**
 * What the host computes itself: arithmetic of tensors of one element, and the small arrays that such tensors are taken
 * from or put into (output times, what a solve reports). Everything else is the device's: arrays are the user's data, and
 * he chose where they are computed with.
 */
import {
  allocate,
  demandIndices,
  ExecutionError,
  foldScalar,
  integerDividedByZero,
  isElementwise,
  roundTo,
  scalarMeaning,
  sizeOf,
  type ElementwisePrimitive,
  type NodeOf,
  type Shape,
  type TensorData,
  type TensorType,
  type Value,
} from '@node-ode/core';
import { elementsIn, type HostRegisters, type Register, type Slot } from './registers.ts';
import type { PlainNode } from '../plan/scope.ts';

/** Largest number of elements of an array that the host handles: copying it (4 kB) costs less than a launch of a kernel. */
export const mostElements = 1024;

/** An operation on registers. */
export type HostKernel = (registers: HostRegisters) => void;

/** Operations that give an array of the host's from others. */
type Movement = 'constant' | 'iota' | 'reshape' | 'broadcastTo' | 'slice' | 'concat' | 'gather' | 'setRow';

/** Whether the host has a kernel for a node: by its operation and by its sizes, wherever its operands are. */
export function canRunOnHost(node: PlainNode): boolean {
  const sizes = [...node.inputs, ...node.outputs].map(elementsOf);
  if (sizes.some((size) => size > mostElements)) return false;
  return node.op in movements || (sizes.every((size) => size === 1) && scalarKernel(node) !== undefined);
}

/** Number of elements; none is small enough for the host if the value is a tape. */
const elementsOf = ({ type }: Value): number => (type.kind === 'tensor' ? sizeOf(type.shape) : Infinity);

/**
 * The kernel of a node that the host can run, on the registers of its operands and of its result.
 *
 * @throws ExecutionError when it runs, as the reference engine: an index outside its axis, an i32 divided by zero.
 */
export function hostKernel(node: PlainNode, operands: readonly Register[], result: Register): HostKernel {
  if ([...operands, result].every(({ bank }) => bank === 'number')) {
    if (isElementwise(node) && operands.length <= 2) return elementwiseKernel(node, operands, result.index);
    const scalar = scalarKernel(node);
    if (scalar !== undefined) return onNumbers(scalar, operands, result.index);
  }
  if (node.op === 'gather' && [...operands, result].map(({ bank }) => bank).join() === 'array,number,number') {
    return pickElement(node, operands, result.index);
  }
  const move = movements[node.op as Movement] as (node: PlainNode, x: readonly TensorData[], z: TensorData) => void;
  const type = tensorOf(node.outputs[0]!);
  const size = sizeOf(type.shape);
  const slots = operands.map((register, i): Slot => ({ register, type: tensorOf(node.inputs[i]!) }));
  return (registers) => {
    const data = allocate(type.dtype, size);
    move(
      node,
      slots.map((slot) => elementsIn(registers, slot)),
      data,
    );
    if (result.bank === 'number') registers.numbers[result.index] = data[0]!;
    else registers.arrays[result.index] = data;
  };
}

/** The value of an operation on the only elements of its operands, in their order. */
type Meaning = (x: readonly number[]) => number;

/** One number of one or two others, as most of what the host computes. */
function elementwiseKernel(
  { op, inputs }: Extract<PlainNode, { op: ElementwisePrimitive }>,
  operands: readonly Register[],
  z: number,
): HostKernel {
  const meaning = scalarMeaning(op, tensorOf(inputs[0]!).dtype);
  const [x = 0, y = x] = operands.map(({ index }) => index);
  return ({ numbers }) => {
    numbers[z] = meaning?.(numbers[x]!, numbers[y]!) ?? divisionByZero(op);
  };
}

/** One element of an array, as an output time is taken. */
function pickElement({ inputs }: NodeOf<'gather'>, operands: readonly Register[], z: number): HostKernel {
  const extent = sizeOf(tensorOf(inputs[0]!).shape);
  const [x = 0, at = 0] = operands.map(({ index }) => index);
  return ({ numbers, arrays }) => {
    const index = numbers[at]!;
    if (index < 0 || index >= extent) demandIndices('gather', [index], extent);
    numbers[z] = arrays[x]![index]!;
  };
}

function onNumbers(meaning: Meaning, operands: readonly Register[], z: number): HostKernel {
  const indices = operands.map(({ index }) => index);
  const x = new Array<number>(indices.length).fill(0);
  return ({ numbers }) => {
    for (let i = 0; i < indices.length; i++) x[i] = numbers[indices[i]!]!;
    numbers[z] = meaning(x);
  };
}

/** What a node does to tensors of one element; undefined if the host does not know. */
function scalarKernel(node: PlainNode): Meaning | undefined {
  const { dtype } = tensorOf(node.outputs[0]!);
  if (isElementwise(node)) {
    const { op } = node;
    const operand = tensorOf(node.inputs[0]!).dtype;
    return (x) => foldScalar(op, x, operand) ?? divisionByZero(op);
  }
  switch (node.op) {
    case 'select':
      return ([p, x, y]) => (p !== 0 ? x! : y!);
    case 'cast':
      return ([x]) => roundTo(dtype, x!);
    case 'reshape':
    case 'broadcastTo':
    case 'transpose':
    case 'slice':
    case 'concat':
    case 'sum':
    case 'mean':
    case 'reduceMax':
    case 'reduceMin':
    case 'cumsum':
      return ([x]) => x!;
    case 'linearCombination':
      return combination(node, (x) => roundTo(dtype, x));
    case 'errorNorm':
      return (x) => roundTo(dtype, scaledNorm(x));
    case 'allFinite':
      return (x) => (x.every(Number.isFinite) ? 1 : 0);
    case 'softplus':
      return ([x]) => roundTo(dtype, Math.max(x!, 0) + Math.log1p(Math.exp(-Math.abs(x!))));
    default:
      return undefined;
  }
}

/** Σ cᵢ·wᵢ·xᵢ. −0 is what adding leaves everything as it was to. */
function combination({ params }: NodeOf<'linearCombination'>, round: (x: number) => number): Meaning {
  const { coefficients } = params;
  const n = coefficients.length;
  return (x) => {
    let sum = -0;
    for (let i = 0; i < n; i++) sum += coefficients[i]! * x[i]! * x[n + i]!;
    return round(sum);
  };
}

/** The root mean square of e / (atol + rtol·max(|y0|, |y1|)) over leaves of one element. */
function scaledNorm(x: readonly number[]): number {
  let squares = 0;
  for (let i = 0; i < x.length; i += 5) {
    const size = Math.max(Math.abs(x[i + 1]!), Math.abs(x[i + 2]!));
    squares += (x[i]! / (size * x[i + 3]! + x[i + 4]!)) ** 2;
  }
  return Math.sqrt(squares / (x.length / 5));
}

/** What each movement writes into the elements of its result, from the elements of its operands. */
const movements: {
  readonly [P in Movement]: (node: NodeOf<P>, x: readonly TensorData[], z: TensorData) => void;
} = {
  constant: ({ params }, _, z) => z.fill(params.value),
  iota: ({ params: { shape, axis } }, _, z) => {
    const { extent, inner } = around(shape, axis);
    for (let i = 0; i < z.length; i++) z[i] = Math.floor(i / inner) % extent;
  },
  reshape: (_, [x], z) => {
    z.set(x!);
  },
  broadcastTo: ({ inputs, params: { shape } }, [x], z) => {
    const from = tensorOf(inputs[0]!).shape;
    const missing = shape.length - from.length;
    const strides = denseStrides(from).map((stride, axis) => (from[axis] === 1 ? 0 : stride));
    copyRegion(shape, x!, [...new Array<number>(missing).fill(0), ...strides], 0, z);
  },
  slice: ({ inputs, params: { starts, sizes } }, [x], z) => {
    const strides = denseStrides(tensorOf(inputs[0]!).shape);
    const start = starts.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
    copyRegion(sizes, x!, strides, start, z);
  },
  concat: ({ inputs, outputs, params: { axis } }, x, z) => {
    const whole = around(tensorOf(outputs[0]!).shape, axis);
    let start = 0;
    x.forEach((data, i) => {
      const { extent, inner } = around(tensorOf(inputs[i]!).shape, axis);
      const run = extent * inner;
      for (let row = 0; row < whole.outer; row++) {
        z.set(data.subarray(row * run, (row + 1) * run), row * whole.extent * inner + start);
      }
      start += run;
    });
  },
  gather: ({ inputs, params: { axis } }, [x, indices], z) => {
    const { outer, extent, inner } = around(tensorOf(inputs[0]!).shape, axis);
    demandIndices('gather', indices!, extent);
    let at = 0;
    for (let row = 0; row < outer; row++) {
      for (const index of indices!) {
        const start = (row * extent + index) * inner;
        z.set(x!.subarray(start, start + inner), at);
        at += inner;
      }
    }
  },
  setRow: ({ inputs }, [buffer, index, row], z) => {
    demandIndices('setRow', index!, tensorOf(inputs[0]!).shape[0]!);
    z.set(buffer!);
    const length = row!.length / index!.length;
    index!.forEach((at, k) => {
      z.set(row!.subarray(k * length, (k + 1) * length), at * length);
    });
  },
};

/** Products of the extents before and behind an axis, and its own. */
function around(shape: Shape, axis: number) {
  return { outer: sizeOf(shape.slice(0, axis)), extent: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

const denseStrides = (shape: Shape): readonly number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** Writes the elements at `strides` from `start` on, in row-major order. */
function copyRegion(shape: Shape, x: TensorData, strides: readonly number[], start: number, z: TensorData): void {
  const dense = denseStrides(shape);
  for (let i = 0; i < z.length; i++) {
    let from = start;
    for (let axis = 0; axis < shape.length; axis++) {
      from += (Math.floor(i / dense[axis]!) % shape[axis]!) * strides[axis]!;
    }
    z[i] = x[from]!;
  }
}

function tensorOf({ type }: Value): TensorType {
  if (type.kind === 'tensor') return type;
  throw new ExecutionError('run', 'a tape is no operand of arithmetic', { expected: 'a tensor' });
}

function divisionByZero(op: string): never {
  throw integerDividedByZero(op);
}
