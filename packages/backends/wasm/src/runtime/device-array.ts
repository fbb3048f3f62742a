/** Device arrays: blocks of the heap behind the contract, each with one owner. */
import { deviceArrays, tensorType, type DeviceArray, type DeviceArrays, type HostArray } from '@node-ode/core';
import { tensorBytes } from '../compile/types.ts';
import { readElements, writeElements } from './elements.ts';
import type { Block, Heap } from './heap.ts';

/** Arrays of one backend. Disposing of one, or losing the last reference to it, releases its block. */
export interface BlockArrays extends DeviceArrays<Block, HostArray> {
  /** A copy of a host array. */
  upload(array: HostArray): DeviceArray;
}

export function blockArrays(name: string, heap: Heap): BlockArrays {
  const arrays = deviceArrays({
    name,
    demandOpen: (operation) => {
      heap.demandOpen(operation);
    },
    download: (block: Block, { shape, dtype }) => readElements(heap, block, shape, dtype),
    release: (block) => {
      heap.release(block);
    },
  });
  return {
    ...arrays,
    upload: (array) => {
      const block = heap.allocate('upload', tensorBytes(tensorType(array.shape, array.dtype)));
      writeElements(heap, block, array);
      return arrays.make(block, [...array.shape], array.dtype);
    },
  };
}
