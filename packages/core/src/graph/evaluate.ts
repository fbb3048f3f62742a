/**
 * The meaning of each element-wise primitive on JavaScript numbers, in one total table: what constant folding computes and
 * what engines are compared with. An f32 operation is computed in double precision and rounded once.
 */
import type { DType } from './dtype.ts';
import { erf } from './erf.ts';
import type { Node } from './graph.ts';
import type { BinaryPrimitive, ComparisonPrimitive, LogicParams, UnaryPrimitive } from './primitives.ts';

/** Primitives that compute each element of the result from the same element of the operands. */
export type ElementwisePrimitive = UnaryPrimitive | BinaryPrimitive | ComparisonPrimitive | keyof LogicParams;

type Meaning = (x: number, y: number) => number;

const twoTo52 = 2 ** 52;

/**
 * The nearest integer, ties to even; the sign of zero is kept.
 *
 * @example
 * [roundTiesToEven(0.5), roundTiesToEven(1.5), roundTiesToEven(-2.5)]; // [0, 2, -2]
 */
export function roundTiesToEven(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < twoTo52)) return x;
  // Adding 2⁵² leaves no bits for the fraction, and the addition itself rounds ties to even.
  const rounded = magnitude + twoTo52 - twoTo52;
  return x < 0 || Object.is(x, -0) ? -rounded : rounded;
}

/**
 * x to the power y as IEEE 754 has it: JavaScript's `**`, but 1 for 1^NaN and (±1)^±∞.
 *
 * @example
 * [power(2, 10), power(1, NaN), power(-1, Infinity)]; // [1024, 1, 1]
 */
export function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
  return x ** y;
}

const truth = (condition: boolean): number => (condition ? 1 : 0);

const meanings: { readonly [P in ElementwisePrimitive]: Meaning } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  erf,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundTiesToEven,

  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  pow: power,
  maximum: (x, y) => Math.max(x, y),
  minimum: (x, y) => Math.min(x, y),
  atan2: Math.atan2,

  equal: (x, y) => truth(x === y),
  notEqual: (x, y) => truth(x !== y),
  less: (x, y) => truth(x < y),
  lessEqual: (x, y) => truth(x <= y),
  greater: (x, y) => truth(x > y),
  greaterEqual: (x, y) => truth(x >= y),

  not: (x) => truth(x === 0),
  and: (x, y) => truth(x !== 0 && y !== 0),
  or: (x, y) => truth(x !== 0 || y !== 0),
  isFinite: (x) => truth(Number.isFinite(x)),
};

/** What differs for i32: products keep their low 32 bits, division truncates, division by zero has no value. */
const integerMeanings: { readonly [P in ElementwisePrimitive]?: (x: number, y: number) => number | undefined } = {
  mul: Math.imul,
  div: (x, y) => (y === 0 ? undefined : x / y),
  rem: (x, y) => (y === 0 ? undefined : x % y),
};

const predicates: ReadonlySet<ElementwisePrimitive> = new Set<ElementwisePrimitive>([
  'equal',
  'notEqual',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
]);
const logical: ReadonlySet<ElementwisePrimitive> = new Set<ElementwisePrimitive>(['not', 'and', 'or']);
const integral: ReadonlySet<ElementwisePrimitive> = new Set<ElementwisePrimitive>([
  'neg',
  'abs',
  'sign',
  'add',
  'sub',
  'mul',
  'div',
  'rem',
  'maximum',
  'minimum',
]);

/** A number as a dtype holds it: f32 rounded, i32 truncated and wrapped, bool 0 or 1. */
export function roundTo(dtype: DType, x: number): number {
  switch (dtype) {
    case 'f32':
      return Math.fround(x);
    case 'f64':
      return x;
    case 'i32':
      return x | 0;
    case 'bool':
      return truth(x !== 0);
  }
}

/**
 * Whether a node applies an element-wise primitive.
 *
 * @example
 * graph.nodes.filter(isElementwise);
 */
export const isElementwise = (node: Node): node is Extract<Node, { op: ElementwisePrimitive }> =>
  Object.hasOwn(meanings, node.op);

/**
 * The value of an element-wise primitive on scalars of `dtype`, rounded as that dtype is; comparisons and logic give 0 or 1.
 * Undefined where there is none: an i32 division by zero, an operation that the dtype does not have.
 *
 * @example
 * foldScalar('add', [0.1, 0.2], 'f32'); // 0.30000001192092896
 * foldScalar('div', [7, -2], 'i32'); // -3
 * foldScalar('div', [7, 0], 'i32'); // undefined
 */
export function foldScalar(op: ElementwisePrimitive, args: readonly number[], dtype: DType): number | undefined {
  return scalarMeaning(op, dtype)?.(roundTo(dtype, args[0] ?? NaN), roundTo(dtype, args[1] ?? NaN));
}

/**
 * What an element-wise primitive does to scalars that are numbers of `dtype` already, as `foldScalar` has it: for those who apply
 * it often. Undefined for an operation that the dtype does not have.
 *
 * @example
 * scalarMeaning('add', 'f32')?.(1, 2); // 3
 * scalarMeaning('sqrt', 'i32'); // undefined
 */
export function scalarMeaning(
  op: ElementwisePrimitive,
  dtype: DType,
): ((x: number, y: number) => number | undefined) | undefined {
  const meaning = meanings[op];
  if (predicates.has(op)) return dtype === 'bool' && op !== 'equal' && op !== 'notEqual' ? undefined : meaning;
  if (logical.has(op)) return dtype === 'bool' ? meaning : undefined;
  if (op === 'isFinite') return dtype === 'f32' || dtype === 'f64' ? meaning : undefined;
  switch (dtype) {
    case 'bool':
      return undefined;
    case 'f64':
      return meaning;
    case 'f32':
      return (x, y) => Math.fround(meaning(x, y));
    case 'i32': {
      if (!integral.has(op)) return undefined;
      const own = integerMeanings[op] ?? meaning;
      return (x, y) => {
        const result = own(x, y);
        return result === undefined ? undefined : result | 0;
      };
    }
  }
}
