/** Constants of one element. */
import type { ElementType, OnnxTensor } from '../model/ir.ts';

/** A constant of rank 0. */
export function scalarTensor(value: number, elementType: ElementType): OnnxTensor {
  switch (elementType) {
    case 'float':
      return { elementType, dims: [], data: Float32Array.of(value) };
    case 'double':
      return { elementType, dims: [], data: Float64Array.of(value) };
    case 'int32':
      return { elementType, dims: [], data: Int32Array.of(value) };
    case 'int64':
      return { elementType, dims: [], data: BigInt64Array.of(BigInt(value)) };
    case 'bool':
      return { elementType, dims: [], data: Uint8Array.of(value === 0 ? 0 : 1) };
  }
}
