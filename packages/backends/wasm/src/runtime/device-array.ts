/** Device arrays: blocks of the heap behind the contract, each with one owner. */
import {
  disposedArray,
  foreignArray,
  tensorType,
  type DeviceArray,
  type DType,
  type HostArray,
  type Shape,
} from '@node-ode/core';
import { tensorBytes } from '../compile/types.ts';
import { readElements, writeElements } from './elements.ts';
import type { Block, Heap } from './heap.ts';

/** Makes device arrays of one backend, and recognises them. */
export interface DeviceArrays {
  /** A device array that owns `block`: disposing of it, or losing the last reference to it, releases the block. */
  make(block: Block, shape: Shape, dtype: DType): DeviceArray;
  /** A copy of a host array. */
  upload(array: HostArray): DeviceArray;
  /** The elements, copied. */
  download(operation: string, array: DeviceArray): HostArray;
  /**
   * The block of an array, which keeps it.
   *
   * @throws ExecutionError if the array was disposed, or belongs to another backend, or the backend was disposed.
   */
  blockOf(operation: string, array: DeviceArray): Block;
  /** Takes the block from an array, which is disposed afterwards. The caller owns the block. */
  take(operation: string, array: DeviceArray): Block;
}

interface Holder {
  /** Nothing, once the array was disposed. */
  block: Block | undefined;
}

export function deviceArrays(name: string, heap: Heap): DeviceArrays {
  const holders = new WeakMap<DeviceArray, Holder>();
  const release = (holder: Holder): void => {
    if (holder.block !== undefined) heap.release(holder.block);
    holder.block = undefined;
  };
  // JavaScript can't see how much memory an array holds: this is for arrays that are forgotten, not instead of `dispose`.
  const forgotten = new FinalizationRegistry<Holder>(release);

  const holderOf = (operation: string, array: DeviceArray): { block: Block } => {
    const holder = holders.get(array);
    if (holder === undefined) throw foreignArray(operation, name, array);
    heap.demandOpen(operation);
    if (holder.block === undefined) throw disposedArray(operation);
    return holder as { block: Block };
  };

  const download = (operation: string, array: DeviceArray): HostArray =>
    readElements(heap, holderOf(operation, array).block, array.shape, array.dtype);

  const make = (block: Block, shape: Shape, dtype: DType): DeviceArray => {
    const holder: Holder = { block };
    const array: DeviceArray = {
      shape,
      dtype,
      backend: name,
      read: () => Promise.resolve().then(() => download('read', array)),
      dispose: () => {
        release(holder);
      },
    };
    holders.set(array, holder);
    forgotten.register(array, holder);
    return array;
  };

  return {
    make,
    download,
    upload: (array) => {
      const block = heap.allocate('upload', tensorBytes(tensorType(array.shape, array.dtype)));
      writeElements(heap, block, array);
      return make(block, [...array.shape], array.dtype);
    },
    blockOf: (operation, array) => holderOf(operation, array).block,
    take: (operation, array) => {
      const holder: Holder = holderOf(operation, array);
      const block = holder.block as Block;
      holder.block = undefined;
      return block;
    },
  };
}
