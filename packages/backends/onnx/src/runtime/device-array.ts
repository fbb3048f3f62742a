/** Device arrays: values of ONNX Runtime behind the contract. Arrays whose value is the same one share it, and the last frees it. */
import { disposedArray, foreignArray, type DeviceArray, type HostArray, type TensorType } from '@node-ode/core';
import type { OrtValue } from './contract.ts';

/** A share in a value. */
export interface Share {
  readonly value: OrtValue;
  /** Another share in the same value. */
  share(): Share;
  /** Gives the share back; the last one disposes of the value. Calling it twice is no error. */
  release(): void;
}

/** The first share in a value: nobody else may dispose of it. */
export function shareOf(value: OrtValue): Share {
  let shares = 0;
  const make = (): Share => {
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
export interface DeviceArrays {
  /** A device array that owns a share: disposing of it, or losing the last reference to it, gives the share back. */
  make(share: Share, type: TensorType): DeviceArray;
  /** The elements, copied. */
  download(operation: string, array: DeviceArray): Promise<HostArray>;
  /**
   * A share in the value of an array, which keeps its own.
   *
   * @throws ExecutionError if the array was disposed, or belongs to another backend, or the backend was disposed.
   */
  shareIn(operation: string, array: DeviceArray): Share;
}

interface Holder {
  /** Nothing, once the array was disposed. */
  share: Share | undefined;
}

/** What arrays need of their backend. */
export interface ArrayHost {
  readonly name: string;
  /** Throws once the backend was disposed. */
  demandOpen(operation: string): void;
  toHost(value: OrtValue, type: TensorType): Promise<HostArray>;
}

export function deviceArrays({ name, demandOpen, toHost }: ArrayHost): DeviceArrays {
  const holders = new WeakMap<DeviceArray, Holder>();
  const release = (holder: Holder): void => {
    holder.share?.release();
    holder.share = undefined;
  };
  // JavaScript can't see how much memory a GPU holds: this is for arrays that are forgotten, not instead of `dispose`.
  const forgotten = new FinalizationRegistry<Holder>(release);

  const shareIn = (operation: string, array: DeviceArray): Share => {
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
      return await toHost(share.value, { kind: 'tensor', shape, dtype });
    } finally {
      share.release();
    }
  };

  const make = (share: Share, { shape, dtype }: TensorType): DeviceArray => {
    const holder: Holder = { share };
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
