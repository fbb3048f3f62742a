/** Device arrays: values of a device behind core's contract. Arrays whose value is the same one share it, and the last frees it. */
import {
  disposedArray,
  foreignArray,
  hostArray,
  type DeviceArray,
  type HostArray,
  type TensorData,
  type TensorType,
} from '@node-ode/core';
import type { DeviceValue } from '../device.ts';

/** A share in a value. */
export interface Share<V extends DeviceValue> {
  readonly value: V;
  /** Another share in the same value. */
  share(): Share<V>;
  /** Gives the share back; the last one disposes of the value. Calling it twice is no error. */
  release(): void;
}

/** The first share in a value: nobody else may dispose of it. */
export function shareOf<V extends DeviceValue>(value: V): Share<V> {
  let shares = 0;
  const make = (): Share<V> => {
    let isHeld = true;
    shares++;
    return {
      value,
      share: make,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        shares--;
        if (shares === 0) value.dispose();
      },
    };
  };
  return make();
}

/** Makes device arrays of one backend, and recognises them. */
export interface DeviceArrays<V extends DeviceValue> {
  /** A device array that owns a share: disposing of it, or losing the last reference to it, gives the share back. */
  make(share: Share<V>, type: TensorType): DeviceArray;
  /** The elements, copied. */
  download(operation: string, array: DeviceArray): Promise<HostArray>;
  /**
   * A share in the value of an array, which keeps its own.
   *
   * @throws ExecutionError if the array was disposed, or belongs to another backend, or the backend was disposed.
   */
  shareIn(operation: string, array: DeviceArray): Share<V>;
}

interface Holder<V extends DeviceValue> {
  /** Nothing, once the array was disposed. */
  share: Share<V> | undefined;
}

/** What arrays need of their backend. */
export interface ArrayHost<V extends DeviceValue> {
  readonly name: string;
  /** Throws once the backend was disposed. */
  demandOpen(operation: string): void;
  /** The elements of a value, copied. */
  toHost(value: V, type: TensorType): TensorData | Promise<TensorData>;
}

/** The arrays of one backend. */
export function deviceArrays<V extends DeviceValue>({ name, demandOpen, toHost }: ArrayHost<V>): DeviceArrays<V> {
  const holders = new WeakMap<DeviceArray, Holder<V>>();
  const release = (holder: Holder<V>): void => {
    holder.share?.release();
    holder.share = undefined;
  };
  // JavaScript can't see how much memory a GPU holds: this is for arrays that are forgotten, not instead of `dispose`.
  const forgotten = new FinalizationRegistry<Holder<V>>(release);

  const shareIn = (operation: string, array: DeviceArray): Share<V> => {
    const holder = holders.get(array);
    if (holder === undefined) throw foreignArray(operation, name, array);
    demandOpen(operation);
    if (holder.share === undefined) throw disposedArray(operation);
    return holder.share.share();
  };

  const download = async (operation: string, array: DeviceArray): Promise<HostArray> => {
    // Held to the end: the array may be disposed of while it is read.
    const share = shareIn(operation, array);
    try {
      const { shape, dtype } = array;
      const data = await toHost(share.value, { kind: 'tensor', shape, dtype });
      return hostArray(data, [...shape], dtype);
    } finally {
      share.release();
    }
  };

  const make = (share: Share<V>, { shape, dtype }: TensorType): DeviceArray => {
    const holder: Holder<V> = { share };
    const array: DeviceArray = {
      shape,
      dtype,
      backend: name,
      read: () => download('read', array),
      dispose: () => {
        release(holder);
      },
    };
    holders.set(array, holder);
    forgotten.register(array, holder);
    return array;
  };

  return { make, download, shareIn };
}
