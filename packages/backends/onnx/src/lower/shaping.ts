/** Small pieces of which rules are made: attributes, shapes as operands, counts, vectors of constants. */
import type { DType, Shape } from '@node-ode/core';
import { elementTypeOf, type Attribute, type OnnxTensor } from '../model/ir.ts';
import type { Emitter, Operand } from './contract.ts';

/** An integer attribute. */
export const int = (value: number): Attribute => ({ kind: 'int', value });

/** Integers as an attribute. */
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });

/** A reshape. An extent of 0 is itself, not ONNX's "as it was", so that a batch may be empty. */
export const reshape = (emitter: Emitter, x: string, shape: Shape): string =>
  emitter.emit('Reshape', [x, emitter.ints(shape)], { allowzero: int(1) });

/** Axes of extent 1 behind those of `x`, up to `rank` in all. */
export function withTrailingAxes(emitter: Emitter, x: Operand, rank: number): string {
  const own = x.type.shape.length;
  if (own === 0 || own === rank) return x.broadcast;
  return emitter.emit('Unsqueeze', [x.name, emitter.ints(range(own, rank))]);
}

/** `start`, …, `end` − 1. */
export const range = (start: number, end: number): readonly number[] =>
  Array.from({ length: end - start }, (_, i) => start + i);

/** `TensorProto.DataType` of the types that are cast to here. */
const dataTypes = { f32: 1, f64: 11, i32: 6, int64: 7, uint32: 12 } as const;

/** A conversion that dtypes alone can't say: from or to the integers of shapes and indices. */
export const castTo = (emitter: Emitter, x: string, type: keyof typeof dataTypes): string =>
  emitter.emit('Cast', [x], { to: int(dataTypes[type]) });

/** A number of elements as a scalar: made from an int64 constant, which an export may replace. The runtime folds it. */
export const count = (emitter: Emitter, n: number, dtype: Exclude<DType, 'bool'>): string =>
  castTo(emitter, emitter.emit('Squeeze', [emitter.ints([n])]), dtype);

/** 0, 1, 2, … along an axis: two nodes on an int64 shape, which the runtime folds. */
export function iota(emitter: Emitter, shape: Shape, axis: number, dtype: Exclude<DType, 'bool'>): string {
  const one = { kind: 'tensor', value: vector([1], dtype) } as const;
  const ones = emitter.emit('ConstantOfShape', [emitter.ints(shape)], { value: one });
  return emitter.emit('CumSum', [ones, emitter.scalar(axis, 'int64')], { exclusive: int(1) });
}

/** Numbers as a constant; a row of a matrix if `dims` says so. */
export function vector(
  values: readonly number[],
  dtype: Exclude<DType, 'bool'>,
  dims: Shape = [values.length],
): OnnxTensor {
  switch (dtype) {
    case 'f32':
      return { elementType: 'float', dims, data: Float32Array.from(values) };
    case 'f64':
      return { elementType: 'double', dims, data: Float64Array.from(values) };
    case 'i32':
      return { elementType: 'int32', dims, data: Int32Array.from(values) };
  }
}

/** Zeros, or another value, of a shape. */
export const filled = (emitter: Emitter, value: number, shape: Shape, dtype: DType): string =>
  emitter.emit('Expand', [emitter.scalar(value, elementTypeOf(dtype)), emitter.ints(shape)]);

/** The dtype of a primitive that has numbers only: inference has seen to it. */
export const numberType = (x: Operand): Exclude<DType, 'bool'> => (x.type.dtype === 'bool' ? 'i32' : x.type.dtype);
