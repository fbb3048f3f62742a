/** What the host computes of tensors of one element: from numbers to a number. */
import {
  integerDividedByZero,
  isElementwise,
  roundTo,
  scalarMeaning,
  type DType,
  type ElementwisePrimitive,
  type NodeOf,
} from '@node-ode/core';
import type { PlainNode } from '../plan/scope.ts';
import { tensorOf, type HostKernel } from './registers.ts';

/**
 * What a node does to tensors of one element, from the numbers of its operands to that of its result; undefined if the host does not
 * know.
 */
export function scalarKernel(node: PlainNode, operands: readonly number[], z: number): HostKernel | undefined {
  const { dtype } = tensorOf(node.outputs[0]!);
  const [x = 0, y = x, w = y] = operands;
  if (isElementwise(node)) {
    const { op } = node;
    const operand = tensorOf(node.inputs[0]!).dtype;
    const whole = inOneFunction(op, operand, x, y, z);
    if (whole !== undefined) return whole;
    const meaning = scalarMeaning(op, operand);
    return ({ numbers }) => {
      numbers[z] = meaning?.(numbers[x]!, numbers[y]!) ?? divisionByZero(op);
    };
  }
  switch (node.op) {
    case 'select':
      return ({ numbers }) => void (numbers[z] = numbers[x] !== 0 ? numbers[y]! : numbers[w]!);
    case 'cast':
      return ({ numbers }) => void (numbers[z] = roundTo(dtype, numbers[x]!));
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
      return ({ numbers }) => void (numbers[z] = numbers[x]!);
    case 'softplus':
      return ({ numbers }) => {
        const value = numbers[x]!;
        numbers[z] = roundTo(dtype, Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value))));
      };
    case 'linearCombination':
      return onAll(combination(node), dtype, operands, z);
    case 'errorNorm':
      return onAll(scaledNorm, dtype, operands, z);
    case 'allFinite':
      return onAll((all) => (all.every(Number.isFinite) ? 1 : 0), dtype, operands, z);
    default:
      return undefined;
  }
}

/** One number of any number of others. */
function onAll(
  meaning: (x: readonly number[]) => number,
  dtype: DType,
  operands: readonly number[],
  z: number,
): HostKernel {
  const x = new Array<number>(operands.length).fill(0);
  return ({ numbers }) => {
    for (let i = 0; i < operands.length; i++) x[i] = numbers[operands[i]!]!;
    numbers[z] = roundTo(dtype, meaning(x));
  };
}

/** Σ cᵢ·wᵢ·xᵢ. −0 is what adding leaves everything as it was to. */
const combination =
  ({ params: { coefficients } }: NodeOf<'linearCombination'>) =>
  (x: readonly number[]): number => {
    const n = coefficients.length;
    let sum = -0;
    for (let i = 0; i < n; i++) sum += coefficients[i]! * x[i]! * x[n + i]!;
    return sum;
  };

/** The root mean square of e / (atol + rtol·max(|y0|, |y1|)) over leaves of one element. */
function scaledNorm(x: readonly number[]): number {
  let squares = 0;
  for (let i = 0; i < x.length; i += 5) {
    const size = Math.max(Math.abs(x[i + 1]!), Math.abs(x[i + 2]!));
    squares += (x[i]! / (size * x[i + 3]! + x[i + 4]!)) ** 2;
  }
  return Math.sqrt(squares / (x.length / 5));
}

/**
 * Most of what a solve decides with, as `scalarMeaning` has it, each in one function: a number that passes from one function to
 * another is put on the heap, which takes longer than all the rest.
 */
function inOneFunction(op: ElementwisePrimitive, dtype: DType, x: number, y: number, z: number) {
  switch (dtype) {
    case 'f32':
      return ofFloats(op, x, y, z) ?? comparison(op, x, y, z);
    case 'i32':
      return ofIntegers(op, x, y, z) ?? comparison(op, x, y, z);
    case 'f64':
      return comparison(op, x, y, z);
    case 'bool':
      return ofBooleans(op, x, y, z);
  }
}

function ofFloats(op: ElementwisePrimitive, x: number, y: number, z: number): HostKernel | undefined {
  switch (op) {
    case 'add':
      return ({ numbers: n }) => void (n[z] = Math.fround(n[x]! + n[y]!));
    case 'sub':
      return ({ numbers: n }) => void (n[z] = Math.fround(n[x]! - n[y]!));
    case 'mul':
      return ({ numbers: n }) => void (n[z] = Math.fround(n[x]! * n[y]!));
    case 'div':
      return ({ numbers: n }) => void (n[z] = Math.fround(n[x]! / n[y]!));
    case 'maximum':
      return ({ numbers: n }) => void (n[z] = Math.max(n[x]!, n[y]!));
    case 'minimum':
      return ({ numbers: n }) => void (n[z] = Math.min(n[x]!, n[y]!));
    case 'abs':
      return ({ numbers: n }) => void (n[z] = Math.abs(n[x]!));
    default:
      return undefined;
  }
}

function ofIntegers(op: ElementwisePrimitive, x: number, y: number, z: number): HostKernel | undefined {
  switch (op) {
    case 'add':
      return ({ numbers: n }) => void (n[z] = (n[x]! + n[y]!) | 0);
    case 'sub':
      return ({ numbers: n }) => void (n[z] = (n[x]! - n[y]!) | 0);
    case 'maximum':
      return ({ numbers: n }) => void (n[z] = Math.max(n[x]!, n[y]!));
    case 'minimum':
      return ({ numbers: n }) => void (n[z] = Math.min(n[x]!, n[y]!));
    default:
      return undefined;
  }
}

function ofBooleans(op: ElementwisePrimitive, x: number, y: number, z: number): HostKernel | undefined {
  switch (op) {
    case 'and':
      return ({ numbers: n }) => void (n[z] = n[x] !== 0 && n[y] !== 0 ? 1 : 0);
    case 'or':
      return ({ numbers: n }) => void (n[z] = n[x] !== 0 || n[y] !== 0 ? 1 : 0);
    case 'not':
      return ({ numbers: n }) => void (n[z] = n[x] === 0 ? 1 : 0);
    default:
      return undefined;
  }
}

function comparison(op: ElementwisePrimitive, x: number, y: number, z: number): HostKernel | undefined {
  switch (op) {
    case 'equal':
      return ({ numbers: n }) => void (n[z] = n[x] === n[y] ? 1 : 0);
    case 'notEqual':
      return ({ numbers: n }) => void (n[z] = n[x] !== n[y] ? 1 : 0);
    case 'less':
      return ({ numbers: n }) => void (n[z] = n[x]! < n[y]! ? 1 : 0);
    case 'lessEqual':
      return ({ numbers: n }) => void (n[z] = n[x]! <= n[y]! ? 1 : 0);
    case 'greater':
      return ({ numbers: n }) => void (n[z] = n[x]! > n[y]! ? 1 : 0);
    case 'greaterEqual':
      return ({ numbers: n }) => void (n[z] = n[x]! >= n[y]! ? 1 : 0);
    default:
      return undefined;
  }
}

function divisionByZero(op: string): never {
  throw integerDividedByZero(op);
}
