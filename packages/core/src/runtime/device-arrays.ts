/** Device arrays: whatever an engine owns on its device, behind the contract. Engines share this. */
import type { HostArray } from '../array.ts';
import type { DType } from '../graph/dtype.ts';
import { tensorType, type Shape, type TensorType } from '../graph/graph.ts';
import type { DeviceArray } from './backend.ts';
import { disposedArray, foreignArray } from './engine-checks.ts';

/** A copy of an array's elements, at once or later. */
type Download = HostArray | Promise<HostArray>;

/** What device arrays need of their engine. */
export interface ArrayOwner<Owned extends object, D extends Download> {
  /** Of the backend. */
  readonly name: string;
  /** Throws once the backend was disposed. */
  demandOpen?(operation: string): void;
  /** The elements, copied. */
  download(owned: Owned, type: TensorType): D;
  /** Called once for each array that is not taken: when it is disposed of, or after its last reference is lost. */
  release(owned: Owned): void;
}

/** Makes device arrays of one backend, and recognises them. */
export interface DeviceArrays<Owned extends object, D extends Download> {
  /** A device array that owns something. */
  make(owned: Owned, shape: Shape, dtype: DType): DeviceArray;
  /**
   * What an array owns, and keeps.
   *
   * @throws ExecutionError if the array was disposed, or belongs to another backend, or the backend was disposed.
   */
  ownedBy(operation: string, array: DeviceArray): Owned;
  /** What an array owned; it is disposed afterwards, without a release. */
  take(operation: string, array: DeviceArray): Owned;
  /** The elements, copied. */
  download(operation: string, array: DeviceArray): D;
}

/** Outlives its array until that is known to be forgotten. */
interface Holder<Owned extends object> {
  /** Nothing, once the array was disposed. */
  owned: Owned | undefined;
}

/**
 * The arrays of one backend.
 *
 * @example
 * const arrays = deviceArrays({
 *   name: 'mine',
 *   download: (data: Float32Array, { shape, dtype }) => hostArray(data.slice(), shape, dtype),
 *   release: () => undefined,
 * });
 * const x = arrays.make(Float32Array.of(1, 2), [2], 'f32');
 */
export function deviceArrays<Owned extends object, D extends Download>(
  owner: ArrayOwner<Owned, D>,
): DeviceArrays<Owned, D> {
  const release = (holder: Holder<Owned>): void => {
    const { owned } = holder;
    if (owned === undefined) return;
    holder.owned = undefined;
    owner.release(owned);
  };
  // JavaScript can't see how much memory an array holds: this is for arrays that are forgotten, not instead of `dispose`.
  const forgotten = new FinalizationRegistry<Holder<Owned>>(release);

  // A private field tells an engine's arrays from others, without a table of those that are alive.
  class OwnedArray implements DeviceArray {
    readonly shape: Shape;
    readonly dtype: DType;
    readonly backend = owner.name;
    readonly #holder: Holder<Owned>;

    readonly read = async (): Promise<HostArray> => {
      const elements: Download = download('read', this);
      return elements;
    };

    readonly dispose = (): void => {
      forgotten.unregister(this);
      release(this.#holder);
    };

    constructor(owned: Owned, shape: Shape, dtype: DType) {
      this.shape = shape;
      this.dtype = dtype;
      this.#holder = { owned };
      forgotten.register(this, this.#holder, this);
    }

    static holderOf(array: DeviceArray): Holder<Owned> | undefined {
      return #holder in array ? array.#holder : undefined;
    }
  }

  const holderOf = (operation: string, array: DeviceArray): Holder<Owned> => {
    const holder = OwnedArray.holderOf(array);
    if (holder === undefined) throw foreignArray(operation, owner.name, array);
    owner.demandOpen?.(operation);
    return holder;
  };
  const ownedBy = (operation: string, array: DeviceArray): Owned => {
    const { owned } = holderOf(operation, array);
    if (owned === undefined) throw disposedArray(operation);
    return owned;
  };
  const download = (operation: string, array: DeviceArray): D =>
    owner.download(ownedBy(operation, array), tensorType(array.shape, array.dtype));

  return {
    make: (owned, shape, dtype) => new OwnedArray(owned, shape, dtype),
    ownedBy,
    take: (operation, array) => {
      const owned = ownedBy(operation, array);
      holderOf(operation, array).owned = undefined;
      array.dispose();
      return owned;
    },
    download,
  };
}
