/** Device arrays: values of a device behind core's contract. Arrays whose value is the same one share it, and the last frees it. */
import {
  deviceArrays,
  hostArray,
  type DeviceArrays,
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
export const shareOf = <V extends DeviceValue>(value: V): Share<V> => new CountedShare(value, { shares: 0 });

class CountedShare<V extends DeviceValue> implements Share<V> {
  readonly value: V;
  /** What all shares in the value have in common. */
  readonly #count: { shares: number };
  #isHeld = true;

  constructor(value: V, count: { shares: number }) {
    this.value = value;
    this.#count = count;
    count.shares++;
  }

  share(): Share<V> {
    return new CountedShare(this.value, this.#count);
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (--this.#count.shares === 0) this.value.dispose();
  }
}

/** What arrays need of their backend. */
export interface ArrayHost<V extends DeviceValue> {
  readonly name: string;
  /** Throws once the backend was disposed. */
  demandOpen(operation: string): void;
  /** The elements of a value, copied. */
  toHost(value: V, type: TensorType): TensorData | Promise<TensorData>;
}

/** The arrays of one backend; each owns a share. */
export const sharedArrays = <V extends DeviceValue>({
  name,
  demandOpen,
  toHost,
}: ArrayHost<V>): DeviceArrays<Share<V>, Promise<HostArray>> =>
  deviceArrays({
    name,
    demandOpen,
    download: async (owned: Share<V>, type) => {
      // Held to the end: the array may be disposed of while it is read.
      const share = owned.share();
      try {
        return hostArray(await toHost(share.value, type), [...type.shape], type.dtype);
      } finally {
        share.release();
      }
    },
    release: (share) => {
      share.release();
    },
  });
