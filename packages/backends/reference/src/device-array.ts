/** Device arrays of the interpreter: reference-counted host memory behind the contract. */
import {
  disposedArray,
  foreignArray,
  hostArray,
  sizeOf,
  type DeviceArray,
  type DType,
  type HostArray,
  type Shape,
} from '@node-ode/core';
import type { Buffer, Memory } from './memory.ts';

/** Makes device arrays of one backend, and recognises them. */
export interface DeviceArrays {
  /** A device array that takes over a reference to `buffer`. */
  make(buffer: Buffer, shape: Shape, dtype: DType): DeviceArray;
  /**
   * The buffer of an array.
   *
   * @throws ExecutionError if the array was disposed, or belongs to another backend.
   */
  bufferOf(operation: string, array: DeviceArray): Buffer;
  /** The elements, copied. */
  download(operation: string, array: DeviceArray): HostArray;
}

export function deviceArrays(name: string, memory: Memory): DeviceArrays {
  /** An array that was disposed has no buffer. */
  const buffers = new WeakMap<DeviceArray, { buffer: Buffer | undefined }>();

  const bufferOf = (operation: string, array: DeviceArray): Buffer => {
    const held = buffers.get(array);
    if (held === undefined) throw foreignArray(operation, name, array);
    if (held.buffer === undefined) throw disposedArray(operation);
    return held.buffer;
  };

  const download = (operation: string, array: DeviceArray): HostArray => {
    const { data } = bufferOf(operation, array);
    return hostArray(data.slice(), array.shape, array.dtype);
  };

  const make = (buffer: Buffer, shape: Shape, dtype: DType): DeviceArray => {
    const held: { buffer: Buffer | undefined } = { buffer };
    const array: DeviceArray = {
      shape,
      dtype,
      backend: name,
      read: () => Promise.resolve().then(() => download('read', array)),
      dispose: () => {
        if (held.buffer !== undefined) memory.release(held.buffer);
        held.buffer = undefined;
      },
    };
    buffers.set(array, held);
    return array;
  };

  return { make, bufferOf, download };
}

/** The device array's elements as a fresh buffer. */
export function copyToDevice(memory: Memory, { shape, dtype, data }: HostArray): Buffer {
  const buffer = memory.take(memory.shelf(dtype, sizeOf(shape)));
  if (dtype === 'bool') for (let i = 0; i < data.length; i++) buffer.data[i] = data[i] === 0 ? 0 : 1;
  else buffer.data.set(data);
  return buffer;
}
