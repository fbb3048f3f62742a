/** Elements of tensors as ONNX stores them, little endian, and back. */
import { TensorProto_DataType as DataType } from './generated/onnx_pb.ts';
import type { ElementType, OnnxTensor } from './ir.ts';

/** The number of an element type in a file, and the bytes of one element. */
export const elementTypes = {
  float: { dataType: DataType.FLOAT, size: 4 },
  double: { dataType: DataType.DOUBLE, size: 8 },
  int32: { dataType: DataType.INT32, size: 4 },
  int64: { dataType: DataType.INT64, size: 8 },
  bool: { dataType: DataType.BOOL, size: 1 },
} as const satisfies Record<ElementType, { readonly dataType: DataType; readonly size: number }>;

/** Whether typed arrays hold their elements as files do, which is so on all but a few old machines. */
const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A copy with the bytes of each element in reverse. */
const reverseElements = (bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> => {
  const reversed = new Uint8Array(bytes);
  for (let start = 0; start < reversed.length; start += size) reversed.subarray(start, start + size).reverse();
  return reversed;
};

/** The elements' bytes, little endian: a view where the machine is. */
export const toLittleEndian = (data: OnnxTensor['data'], littleEndian = isLittleEndian): Uint8Array => {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return littleEndian ? bytes : reverseElements(bytes, data.BYTES_PER_ELEMENT);
};

/** How elements are read out of bytes. */
export interface ReadOptions {
  /** Gives a view of the bytes where they are aligned for the elements, instead of a copy. */
  readonly view?: boolean;
  readonly littleEndian?: boolean;
}

/** The tensor whose elements these bytes are; there must be as many of them as `dims` says. */
export const tensorFromBytes = (
  elementType: ElementType,
  dims: readonly number[],
  bytes: Uint8Array,
  { view = false, littleEndian = isLittleEndian }: ReadOptions = {},
): OnnxTensor => {
  const { size } = elementTypes[elementType];
  const asIs = view && littleEndian && bytes.byteOffset % size === 0;
  const { buffer, byteOffset } = asIs ? bytes : littleEndian ? new Uint8Array(bytes) : reverseElements(bytes, size);
  const count = bytes.length / size;
  switch (elementType) {
    case 'float':
      return { elementType, dims, data: new Float32Array(buffer, byteOffset, count) };
    case 'double':
      return { elementType, dims, data: new Float64Array(buffer, byteOffset, count) };
    case 'int32':
      return { elementType, dims, data: new Int32Array(buffer, byteOffset, count) };
    case 'int64':
      return { elementType, dims, data: new BigInt64Array(buffer, byteOffset, count) };
    case 'bool':
      return { elementType, dims, data: new Uint8Array(buffer, byteOffset, count) };
  }
};
