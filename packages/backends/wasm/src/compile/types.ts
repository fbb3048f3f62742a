/** How the types of graph values are held in memory and in variables of WebAssembly. */
import { sizeOf, type DType, type TensorType, type ValueType } from '@node-ode/core';
import type { WasmType } from '../encoder/module.ts';

export type { DType };

/** Bytes of an element in memory. A bool is a word of 0 or −1: a lane mask. */
export const elementBytes = (dtype: DType): 4 | 8 => (dtype === 'f64' ? 8 : 4);

/** The type of the local that holds a scalar. A bool is 0 or 1 there. */
export const scalarType = (dtype: DType): 'i32' | 'f32' | 'f64' => (dtype === 'bool' ? 'i32' : dtype);

/** Bytes of a tensor's elements. */
export const tensorBytes = ({ shape, dtype }: TensorType): number => sizeOf(shape) * elementBytes(dtype);

export const isTensorType = (type: ValueType): type is TensorType => type.kind === 'tensor';

/** The locals that hold a value: a scalar itself, the address of a tensor, or a tape's base, stride and length. */
export function localTypes(type: ValueType): readonly WasmType[] {
  if (type.kind === 'tape') return ['i32', 'i32', 'i32'];
  return [sizeOf(type.shape) === 1 ? scalarType(type.dtype) : 'i32'];
}

/** The next multiple of 16. */
export const align = (bytes: number): number => 16 * Math.ceil(bytes / 16);
