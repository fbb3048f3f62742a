/** The bytes of a tensor in a file: little-endian, row-major; a bool is one byte, 0 or 1. */
import { allocate, bytesPerElement, hostArray, sizeOf, type HostArray, type TensorData } from '@node-ode/core';
import { formatError, type TensorEntry } from './header.ts';

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The memory of a typed array. */
export const bytesOf = (data: TensorData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** An array to be filled with an entry's bytes: through `bytesOf(array.data)`, then `finish`. */
export const emptyArray = ({ dtype, shape }: TensorEntry): HostArray =>
  hostArray(allocate(dtype, sizeOf(shape)), shape, dtype);

/**
 * Makes an array of file bytes one of this machine.
 *
 * @throws FormatError if a bool is neither 0 nor 1.
 */
export function finish(array: HostArray, { name, dtype, begin }: TensorEntry, source: string): HostArray {
  if (dtype === 'bool') {
    const wrong = array.data.findIndex((value) => value > 1);
    if (wrong >= 0) {
      throw formatError(source, begin + wrong, `tensor “${name}” has the bool ${array.data[wrong]}`, '0 or 1');
    }
  }
  toggleEndianness(bytesOf(array.data), bytesPerElement(dtype));
  return array;
}

/** Copies an array's elements to where they belong in a file. */
export function writeElements({ data, dtype }: HostArray, target: Uint8Array): void {
  target.set(bytesOf(data));
  toggleEndianness(target, bytesPerElement(dtype));
}

/** Between this machine's byte order and the file's. */
function toggleEndianness(bytes: Uint8Array, width: number): void {
  if (isLittleEndian || width === 1) return;
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}
