/** What an author of an engine supplies: a device that holds tensors and runs straight lines of operations on them. */
import type { HostArray, TensorData, TensorType } from '@node-ode/core';
import type { Segment } from './partition.ts';

/** A tensor on the device. */
export interface DeviceValue {
  /** Frees the device's memory. Called once. */
  dispose(): void;
}

/** A segment that the device can run: its operands and results in the order of its graph's inputs and outputs. */
export interface LoadedSegment<V extends DeviceValue> {
  /**
   * Runs the segment. A result that the host wants is given as its elements, any other as a value of the caller's to dispose of,
   * never one of the operands. The operands stay the caller's. A device that need not wait gives the results themselves.
   */
  run(operands: readonly V[]): readonly (V | TensorData)[] | Promise<readonly (V | TensorData)[]>;
  release(): void | Promise<void>;
}

/** A device: everything about it that loops, branches and scalars driven from JavaScript need to know. */
export interface Device<V extends DeviceValue> {
  /** Its name, for reports of where things ran: `webgpu`. */
  readonly name: string;
  /** Whether every copy to the host waits for the device: what the host wants of a segment then comes in one vector. */
  readonly fetchesWait: boolean;
  /**
   * Makes a segment ready.
   *
   * @throws UnsupportedError naming an operation or a dtype that the device does not have.
   */
  load(segment: Segment): LoadedSegment<V> | Promise<LoadedSegment<V>>;
  /** A value with these elements. */
  toValue(array: HostArray): V;
  /** The elements of a value, copied. */
  toHost(value: V, type: TensorType): TensorData | Promise<TensorData>;
}
