/**
 * The graph: typed values, nodes that compute them, and closed subgraphs for structured control flow. It is plain data
 * in A-normal form (nodes in execution order) and knows nothing about ODEs or about an engine.
 */
import type { DType } from './dtype.ts';
import type { Primitive, PrimitiveParams } from './primitives.ts';

/** Extents of a tensor's axes; `[]` is a scalar. */
export type Shape = readonly number[];

/** The type of a tensor value. */
export interface TensorType {
  readonly kind: 'tensor';
  readonly shape: Shape;
  readonly dtype: DType;
}

/** `Tape<T>`: `T` stacked along a length that is known only when the graph runs, zero included. */
export interface TapeType {
  readonly kind: 'tape';
  readonly element: TensorType;
}

/** The type of any graph value. */
export type ValueType = TensorType | TapeType;

/** A value of a graph: produced once, by an input or by a node. Its identity is the object itself. */
export interface Value<T extends ValueType = ValueType> {
  readonly type: T;
}

/** One application of primitive `P`. */
export interface NodeOf<P extends Primitive> {
  readonly op: P;
  readonly inputs: readonly Value[];
  readonly params: PrimitiveParams[P];
  readonly outputs: readonly Value[];
}

/** Any node: a union discriminated by `op`. */
export type Node = { [P in Primitive]: NodeOf<P> }[Primitive];

/**
 * A closed graph: nodes use only its inputs and the outputs of earlier nodes. Subgraphs (in the params of structured
 * nodes) are closed too: everything that they use from outside is an operand of the node.
 */
export interface Graph {
  /** For people and for counters: `dynamics`, `body`, … */
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}

/**
 * The type of a tensor of this shape and dtype.
 *
 * @example
 * tensorType([20, 2], 'f32');
 */
export const tensorType = (shape: Shape, dtype: DType): TensorType => ({ kind: 'tensor', shape, dtype });

/**
 * The type of a tape whose entries have type `element`.
 *
 * @example
 * tapeType(tensorType([3], 'f64'));
 */
export const tapeType = (element: TensorType): TapeType => ({ kind: 'tape', element });

/**
 * A fresh value of a type.
 *
 * @example
 * const input = value(tensorType([], 'f32'));
 */
export const value = <T extends ValueType>(type: T): Value<T> => ({ type });

/**
 * Number of elements of a shape.
 *
 * @example
 * sizeOf([2, 3]); // 6
 */
export const sizeOf = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

/**
 * Whether two shapes are equal.
 *
 * @example
 * sameShape([2, 3], [2, 3]); // true
 */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((extent, axis) => extent === b[axis]);

/**
 * Whether two value types are equal.
 *
 * @example
 * sameType(tensorType([], 'f32'), tensorType([], 'f64')); // false
 */
export function sameType(a: ValueType, b: ValueType): boolean {
  if (a.kind === 'tape') return b.kind === 'tape' && sameType(a.element, b.element);
  return b.kind === 'tensor' && a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

/**
 * `f32[20,2]`, `i32[]`, `tape<f64[3]>`: how types are written in errors and printed graphs.
 *
 * @example
 * formatType(tensorType([20, 2], 'f32')); // 'f32[20,2]'
 */
export function formatType(type: ValueType): string {
  if (type.kind === 'tape') return `tape<${formatType(type.element)}>`;
  return `${type.dtype}[${type.shape.join(',')}]`;
}
