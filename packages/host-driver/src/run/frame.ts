/** The registers of a run, what it has on the device, and what it counts. */
import { hostArray, type TensorData } from '@node-ode/core';
import type { DeviceValue, Transfers } from '../device.ts';
import { nextTask } from './next-task.ts';
import { bytesOf, dataOf, elementsIn, isHeld } from './registers.ts';
import type { Entry, Held, HostRegisters, Register, Resource, Slot, Upload } from './registers.ts';

/** What the registers of a program are. */
export interface FrameLayout {
  /** What numbers and arrays are when a run begins: constants are there. */
  readonly initial: HostRegisters;
  /** How many resources there are. */
  readonly resources: number;
  /** Values of the host's that the device takes, each at its place. */
  readonly uploads: readonly Upload[];
  /** Names of the graphs that are counted. */
  readonly called: readonly string[];
}

/** Milliseconds for which a run may keep the event loop waiting. */
const longestTurn = 16;

/**
 * The registers of one run, and what it counts. When that has ended, another may have them, and what the host has put on the
 * device: the next run wants most of it as it is.
 */
export class Frame<V extends DeviceValue> implements HostRegisters {
  readonly numbers: Float64Array;
  readonly arrays: (TensorData | undefined)[];
  readonly resources: (Resource<V> | undefined)[];
  readonly device: Transfers<V>;
  signal: AbortSignal | undefined;
  /** Executions of each called graph. */
  readonly calls: Float64Array;
  tapeEntries = 0;
  peakBytes = 0;
  #bytes = 0;
  /** Bytes of the uploads: counted all the time, as a run finds those of the one before. */
  readonly #uploadBytes: number;
  /** Values of the host's on the device, and what each was made of. */
  readonly #uploads: (Held<V> | undefined)[];
  readonly #sources: (number | TensorData | undefined)[];
  #turned = 0;
  readonly #initial: HostRegisters;

  constructor(device: Transfers<V>, { initial, resources, uploads, called }: FrameLayout) {
    this.device = device;
    this.#initial = initial;
    this.numbers = initial.numbers.slice();
    this.arrays = initial.arrays.slice();
    this.resources = new Array<Resource<V> | undefined>(resources).fill(undefined);
    this.#uploads = new Array<Held<V> | undefined>(uploads.length).fill(undefined);
    this.#sources = new Array<number | TensorData | undefined>(uploads.length).fill(undefined);
    this.#uploadBytes = uploads.reduce((sum, { bytes }) => sum + bytes, 0);
    this.calls = new Float64Array(called.length);
  }

  /** Begins a run. */
  begin(signal: AbortSignal | undefined): void {
    this.signal = signal;
    this.numbers.set(this.#initial.numbers);
    this.calls.fill(0);
    this.tapeEntries = 0;
    this.peakBytes = this.#uploadBytes;
    this.#bytes = this.#uploadBytes;
    this.#turned = performance.now();
  }

  /** Ends a run that gave its results: lets go of what registers still hold. Uploads stay. */
  end(): void {
    for (let i = 0; i < this.resources.length; i++) this.clear(i);
    for (let i = 0; i < this.arrays.length; i++) this.arrays[i] = this.#initial.arrays[i];
    this.signal = undefined;
  }

  /** Lets go of everything: no other run has the frame. */
  dispose(): void {
    this.end();
    for (let i = 0; i < this.#uploads.length; i++) this.#forget(i);
  }

  /** Takes over a value, with one reference. */
  hold(value: V, bytes: number, isBorrowed = false): Held<V> {
    this.#bytes += bytes;
    if (this.#bytes > this.peakBytes) this.peakBytes = this.#bytes;
    return { kind: 'tensor', value, bytes, isBorrowed, refs: 1 };
  }

  /** Lets go of a reference. */
  release(resource: Resource<V>): void {
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
  drop(entry: Entry<V>): void {
    if (isHeld(entry)) this.release(entry);
  }

  /** Counts a tape of so many entries. */
  countTape(entries: number): void {
    if (entries > this.tapeEntries) this.tapeEntries = entries;
  }

  /**
   * A value of the host's on the device. The frame keeps it, with a reference of its own, and uploads it again when it has
   * changed: in its place, if nobody else has a reference and the device can. Arrays are never written to, so that another one is
   * another object.
   */
  uploaded({ slot, place, bytes }: Upload): Held<V> {
    const { bank, index } = slot.register;
    const source = bank === 'number' ? this.numbers[index] : this.arrays[index];
    const known = this.#uploads[place];
    if (known !== undefined && Object.is(source, this.#sources[place])) return known;
    const { shape, dtype } = slot.type;
    const array = hostArray(elementsIn(this, slot), shape, dtype);
    if (known?.refs === 1 && this.device.overwrite?.(known.value, array) === true) {
      this.#sources[place] = source;
      return known;
    }
    this.#forget(place);
    const value = this.device.toValue(array);
    this.#sources[place] = source;
    return (this.#uploads[place] = { kind: 'tensor', value, bytes, isBorrowed: false, refs: 1 });
  }

  /** What a value on the device was made of, if it is an upload, which stays the frame's. */
  sourceOf(held: Held<V>): number | TensorData | undefined {
    return held.refs === 1 ? undefined : this.#sources[this.#uploads.indexOf(held)];
  }

  /** Lets go of an upload. What was counted stays counted for its place: whoever else has the value counts from here on. */
  #forget(place: number): void {
    const held = this.#uploads[place];
    if (held === undefined) return;
    this.#uploads[place] = undefined;
    this.#bytes += held.bytes;
    this.release(held);
  }

  /** Puts elements where the host finds them. */
  fetch({ bank, index }: Register, data: TensorData): void {
    if (bank === 'number') this.numbers[index] = data[0]!;
    else this.arrays[index] = data;
  }

  /** Takes a register's contents for a tape. */
  take({ bank, index }: Register): Entry<V> {
    if (bank === 'number') return this.numbers[index];
    if (bank === 'array') return this.arrays[index];
    const held = this.resources[index] as Held<V>;
    this.resources[index] = undefined;
    return held;
  }

  /** Puts a tape's entry into a register: with a reference of its own, or, if it is taken, with the tape's. */
  put({ register: { bank, index }, type }: Slot, entry: Entry<V>, isTaken: boolean): void {
    if (isHeld(entry)) {
      if (!isTaken) entry.refs++;
      this.resources[index] = entry;
    } else if (bank === 'number') {
      this.numbers[index] = entry as number;
    } else if (bank === 'array') {
      this.arrays[index] = entry as TensorData;
    } else {
      const { shape, dtype } = type;
      const value = this.device.toValue(hostArray(dataOf(entry, type), shape, dtype));
      this.resources[index] = this.hold(value, bytesOf(type));
    }
  }

  /** Something to wait for if the event loop has not turned for a while: nobody could abort the run otherwise. */
  turn(): Promise<void> | undefined {
    if (performance.now() - this.#turned < longestTurn) return undefined;
    return nextTask().then(() => {
      this.#turned = performance.now();
      this.signal?.throwIfAborted();
    });
  }
}
