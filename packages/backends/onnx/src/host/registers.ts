/** Where a program's values are while it runs: numbers and small arrays on the host, tensors on the device, tapes. */
import { allocate, bytesPerElement, hostArray, sizeOf, type TensorData, type TensorType } from '@node-ode/core';
import type { OrtValue, Runtime } from '../runtime/contract.ts';

/** A tensor on the device, disposed of when the last register or tape that holds it lets go. */
export interface Held {
  readonly kind: 'tensor';
  readonly value: OrtValue;
  readonly bytes: number;
  /** Belongs to the caller: never disposed of. */
  readonly isBorrowed: boolean;
  refs: number;
}

/** What one place of a tape holds; undefined once it was taken. */
export type Entry = number | TensorData | Held | undefined;

/** A list that grows while a program runs. */
export interface Tape {
  readonly kind: 'tape';
  readonly entries: Entry[];
  refs: number;
}

/** What has to be let go of. */
export type Resource = Held | Tape;

/** Where a value is: a number, a small array, or a resource. */
export interface Register {
  readonly bank: 'number' | 'array' | 'resource';
  readonly index: number;
}

/** Bytes of a tensor. */
export const bytesOf = ({ shape, dtype }: TensorType): number => sizeOf(shape) * bytesPerElement(dtype);

const isHeld = (entry: Entry): entry is Held => typeof entry === 'object' && 'refs' in entry;

/** How values pass between the host and the device. */
export type Transfers = Pick<Runtime, 'toValue' | 'toHost'>;

/** A register with the type of what it holds. */
export interface Slot {
  readonly register: Register;
  readonly type: TensorType;
}

/** What the host has. */
export interface HostRegisters {
  readonly numbers: Float64Array;
  readonly arrays: (TensorData | undefined)[];
}

/** The elements of a value that the host has. */
export function elementsIn({ numbers, arrays }: HostRegisters, { register, type }: Slot): TensorData {
  if (register.bank === 'array') return arrays[register.index]!;
  const data = allocate(type.dtype, 1);
  data[0] = numbers[register.index]!;
  return data;
}

/** The registers of one run, and what it counts. */
export class Frame implements HostRegisters {
  readonly numbers: Float64Array;
  readonly arrays: (TensorData | undefined)[];
  readonly resources: (Resource | undefined)[];
  readonly runtime: Transfers;
  readonly signal: AbortSignal | undefined;
  /** Executions of each called graph. */
  readonly calls: Float64Array;
  tapeEntries = 0;
  peakBytes = 0;
  #bytes = 0;

  constructor(
    runtime: Transfers,
    signal: AbortSignal | undefined,
    initial: HostRegisters,
    counts: { readonly resources: number; readonly calls: number },
  ) {
    this.runtime = runtime;
    this.signal = signal;
    this.numbers = initial.numbers.slice();
    this.arrays = initial.arrays.slice();
    this.resources = new Array<Resource | undefined>(counts.resources).fill(undefined);
    this.calls = new Float64Array(counts.calls);
  }

  /** Takes over a value, with one reference. */
  hold(value: OrtValue, bytes: number, isBorrowed = false): Held {
    this.#bytes += bytes;
    if (this.#bytes > this.peakBytes) this.peakBytes = this.#bytes;
    return { kind: 'tensor', value, bytes, isBorrowed, refs: 1 };
  }

  /** Lets go of a reference. */
  release(resource: Resource): void {
    if (--resource.refs > 0) return;
    if (resource.kind === 'tape') {
      for (const entry of resource.entries) if (isHeld(entry)) this.release(entry);
      return;
    }
    this.#bytes -= resource.bytes;
    if (!resource.isBorrowed) resource.value.dispose();
  }

  /** Empties a register. */
  clear(index: number): void {
    const resource = this.resources[index];
    if (resource === undefined) return;
    this.resources[index] = undefined;
    this.release(resource);
  }

  /** Lets go of an entry that no tape wants. */
  drop(entry: Entry): void {
    if (isHeld(entry)) this.release(entry);
  }

  /** Counts a tape of so many entries. */
  countTape(entries: number): void {
    if (entries > this.tapeEntries) this.tapeEntries = entries;
  }

  /** Lets go of everything that registers still hold: of a run that failed. */
  clearAll(): void {
    for (let i = 0; i < this.resources.length; i++) this.clear(i);
  }

  /** A value of the host's, on the device. */
  upload(slot: Slot): Held {
    return this.hold(this.toValue(slot), bytesOf(slot.type));
  }

  /** A value of the host's, for a segment to read. */
  toValue(slot: Slot): OrtValue {
    const { shape, dtype } = slot.type;
    return this.runtime.toValue(hostArray(elementsIn(this, slot), shape, dtype));
  }

  /** Puts elements where the host finds them. */
  fetch({ bank, index }: Register, data: TensorData): void {
    if (bank === 'number') this.numbers[index] = data[0]!;
    else this.arrays[index] = data;
  }

  /** Takes a register's contents for a tape. */
  take({ bank, index }: Register): Entry {
    if (bank === 'number') return this.numbers[index];
    if (bank === 'array') return this.arrays[index];
    const held = this.resources[index] as Held;
    this.resources[index] = undefined;
    return held;
  }

  /** Puts a tape's entry into a register: with a reference of its own, or, if it is taken, with the tape's. */
  put({ register: { bank, index }, type }: Slot, entry: Entry, isTaken: boolean): void {
    if (isHeld(entry)) {
      if (!isTaken) entry.refs++;
      this.resources[index] = entry;
    } else if (bank === 'number') {
      this.numbers[index] = entry as number;
    } else if (bank === 'array') {
      this.arrays[index] = entry as TensorData;
    } else {
      const { shape, dtype } = type;
      const value = this.runtime.toValue(hostArray(dataOf(entry, type), shape, dtype));
      this.resources[index] = this.hold(value, bytesOf(type));
    }
  }
}

/** The elements of an entry that the host has. */
export function dataOf(entry: Entry, { dtype }: TensorType): TensorData {
  if (typeof entry !== 'number') return entry as TensorData;
  const data = allocate(dtype, 1);
  data[0] = entry;
  return data;
}
