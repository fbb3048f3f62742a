/**
 * Reference-counted buffers and tapes. Every live byte is counted once, however many values share its buffer, and a freed
 * buffer waits on the shelf of its dtype and length for the next value like it.
 */
import { allocate, bytesPerElement, type DType, type TensorData } from '@node-ode/core';

/** Elements of a tensor, row-major, shared by `refs` owners. Whoever is its only owner may write to it. */
export interface Buffer {
  readonly kind: 'buffer';
  readonly data: TensorData;
  readonly shelf: Shelf;
  refs: number;
}

/** The value of a tape: one buffer an entry. An entry that was taken back is undefined. */
export interface TapeBuffer {
  readonly kind: 'tape';
  readonly entries: (Buffer | undefined)[];
  refs: number;
}

/** What a graph value is while it lives. */
export type Resource = Buffer | TapeBuffer;

/** Freed buffers of one dtype and length. */
export interface Shelf {
  readonly dtype: DType;
  readonly length: number;
  readonly bytes: number;
  readonly free: Buffer[];
}

/** Where a plan keeps one value: it owns one reference to what it holds. */
export interface Slot {
  value: Resource | undefined;
}

/** Freed bytes that are kept for reuse; beyond them, freed buffers go to the garbage collector. */
const freeLimit = 64 * 2 ** 20;

/** Allocation and counting. `poison` overwrites freed buffers, so that a use after the end of a value shows. */
export class Memory {
  /** Bytes of the buffers that are alive. */
  live = 0;
  /** The largest `live` since `begin`. */
  peak = 0;
  readonly #poison: boolean;
  readonly #shelves = new Map<DType, Map<number, Shelf>>();
  #freeBytes = 0;

  constructor(poison: boolean) {
    this.#poison = poison;
  }

  /** Starts a run with `bytes` alive. */
  begin(bytes: number): void {
    this.live = bytes;
    this.peak = bytes;
  }

  /** The shelf of a dtype and length. */
  shelf(dtype: DType, length: number): Shelf {
    let lengths = this.#shelves.get(dtype);
    if (lengths === undefined) this.#shelves.set(dtype, (lengths = new Map<number, Shelf>()));
    let shelf = lengths.get(length);
    if (shelf === undefined) {
      lengths.set(length, (shelf = { dtype, length, bytes: length * bytesPerElement(dtype), free: [] }));
    }
    return shelf;
  }

  /** A buffer with one owner. Its elements are whatever the last value left: the caller writes all of them. */
  take(shelf: Shelf): Buffer {
    const { bytes } = shelf;
    this.live += bytes;
    if (this.live > this.peak) this.peak = this.live;
    const buffer = shelf.free.pop();
    if (buffer === undefined) return { kind: 'buffer', data: allocate(shelf.dtype, shelf.length), shelf, refs: 1 };
    this.#freeBytes -= bytes;
    buffer.refs = 1;
    return buffer;
  }

  /** Fills a slot with a fresh buffer; gives the elements to write. */
  fill(slot: Slot, shelf: Shelf): TensorData {
    const buffer = this.take(shelf);
    slot.value = buffer;
    return buffer.data;
  }

  /** Gives up one reference; the last one frees. */
  release(resource: Resource): void {
    if (--resource.refs > 0) return;
    if (resource.kind === 'tape') {
      for (const entry of resource.entries) if (entry !== undefined) this.release(entry);
      return;
    }
    const { shelf } = resource;
    this.live -= shelf.bytes;
    if (this.#poison) resource.data.fill(shelf.dtype === 'f32' || shelf.dtype === 'f64' ? NaN : 85);
    if (this.#freeBytes + shelf.bytes > freeLimit) return;
    this.#freeBytes += shelf.bytes;
    shelf.free.push(resource);
  }

  /** Empties a slot. */
  drop(slot: Slot): void {
    const { value } = slot;
    if (value === undefined) return;
    slot.value = undefined;
    this.release(value);
  }

  /** Lets go of all freed buffers. */
  clear(): void {
    for (const lengths of this.#shelves.values()) for (const shelf of lengths.values()) shelf.free.length = 0;
    this.#freeBytes = 0;
  }
}

/** The elements in a slot that holds a tensor. */
export const dataOf = (slot: Slot): TensorData => (slot.value as Buffer).data;
