/** Tensor elements in memory: dense, row-major and little-endian, booleans as words so that they are lane masks. */
import { hostArray, sizeOf, type DType, type HostArray, type Shape } from '@node-ode/core';
import type { Block, Heap } from './heap.ts';

/** Copies an array's elements into a block. Any non-zero boolean is true: −1, all bits set. */
export function writeElements(heap: Heap, { address }: Block, { dtype, data }: HostArray): void {
  const views = heap.views();
  switch (dtype) {
    case 'f64':
      views.f64.set(data, address / 8);
      return;
    case 'bool': {
      const { i32 } = views;
      const first = address / 4;
      for (let i = 0; i < data.length; i++) i32[first + i] = data[i] === 0 ? 0 : -1;
      return;
    }
    default:
      views[dtype].set(data, address / 4);
  }
}

/** A copy of a block's elements. */
export function readElements(heap: Heap, { address }: Block, shape: Shape, dtype: DType): HostArray {
  const { i32, f32, f64 } = heap.views();
  const length = sizeOf(shape);
  switch (dtype) {
    case 'f64':
      return hostArray(f64.slice(address / 8, address / 8 + length), shape, dtype);
    case 'f32':
      return hostArray(f32.slice(address / 4, address / 4 + length), shape, dtype);
    case 'i32':
      return hostArray(i32.slice(address / 4, address / 4 + length), shape, dtype);
    case 'bool': {
      const words = i32.subarray(address / 4, address / 4 + length);
      return hostArray(
        Uint8Array.from(words, (word) => (word === 0 ? 0 : 1)),
        shape,
        dtype,
      );
    }
  }
}
