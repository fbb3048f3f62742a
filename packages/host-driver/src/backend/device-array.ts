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
import { HostResult } from './program.ts';

/** A share in a value. */
export interface Share<V extends DeviceValue> {
  /** The value: on the device from here on, if only the host had it. */
  readonly value: V;
  /** Its elements, if the host has them. */
  readonly elements: TensorData | undefined;
  /** Another share in the same value. */
  share(): Share<V>;
  /** Gives the share back; the last one disposes of the value. Calling it twice is no error. */
  release(): void;
}

/** The first share in a value: nobody else may dispose of it. */
export function shareOf<V extends DeviceValue>(result: V | HostResult<V>): Share<V> {
  const isOnHost = result instanceof HostResult;
  return new CountedShare<V>({
    source: isOnHost ? result : undefined,
    value: isOnHost ? undefined : result,
    shares: 0,
  });
}

/** What all shares in a value have in common: one of the first two. */
interface Shared<V extends DeviceValue> {
  readonly source: HostResult<V> | undefined;
  value: V | undefined;
  shares: number;
}

class CountedShare<V extends DeviceValue> implements Share<V> {
  readonly #shared: Shared<V>;
  #isHeld = true;

  constructor(shared: Shared<V>) {
    this.#shared = shared;
    shared.shares++;
  }

  get value(): V {
    return (this.#shared.value ??= this.#shared.source!.toValue());
  }

  get elements(): TensorData | undefined {
    return this.#shared.source?.elements;
  }

  share(): Share<V> {
    return new CountedShare(this.#shared);
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (--this.#shared.shares === 0) this.#shared.value?.dispose();
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

/** Arrays that own shares. */
export type SharedArrays<V extends DeviceValue> = DeviceArrays<Share<V>, HostArray | Promise<HostArray>>;

/** The arrays of one backend; each owns a share. */
export const sharedArrays = <V extends DeviceValue>({ name, demandOpen, toHost }: ArrayHost<V>): SharedArrays<V> => {
  const arrayOf = (elements: TensorData, { shape, dtype }: TensorType): HostArray =>
    hostArray(elements, [...shape], dtype);
  const downloadFrom = async (share: Share<V>, type: TensorType): Promise<HostArray> => {
    try {
      return arrayOf(await toHost(share.value, type), type);
    } finally {
      share.release();
    }
  };
  return deviceArrays({
    name,
    demandOpen,
    download: (owned: Share<V>, type): HostArray | Promise<HostArray> =>
      owned.elements === undefined
        ? // A share until the end: the array may be disposed of while it is read.
          downloadFrom(owned.share(), type)
        : arrayOf(owned.elements.slice(), type),
    release: (share) => {
      share.release();
    },
  });
};
