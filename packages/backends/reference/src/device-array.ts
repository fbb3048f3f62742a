/** Device arrays of the interpreter: reference-counted host memory behind the contract. */
import { deviceArrays, hostArray, sizeOf, type DeviceArrays, type HostArray } from '@node-ode/core';
import type { Buffer, Memory } from './memory.ts';

/** Arrays of one backend; each takes over a reference to its buffer. */
export const bufferArrays = (name: string, memory: Memory): DeviceArrays<Buffer, HostArray> =>
  deviceArrays({
    name,
    download: ({ data }: Buffer, { shape, dtype }) => hostArray(data.slice(), shape, dtype),
    release: (buffer) => {
      memory.release(buffer);
    },
  });

/** The device array's elements as a fresh buffer. */
export function copyToDevice(memory: Memory, { shape, dtype, data }: HostArray): Buffer {
  const buffer = memory.take(memory.shelf(dtype, sizeOf(shape)));
  if (dtype === 'bool') for (let i = 0; i < data.length; i++) buffer.data[i] = data[i] === 0 ? 0 : 1;
  else buffer.data.set(data);
  return buffer;
}
