/** What an author of an engine supplies: a device that holds tensors and runs straight lines of operations on them. */
import type { HostArray, TensorData, TensorType } from '@node-ode/core';
import type { Segment } from './plan/partition.ts';

/** A tensor on the device. */
export interface DeviceValue {
  /** Frees the device's memory. Called once. */
  dispose(): void;
}

/** What a segment gives: a promise only from a device that has to be waited for. */
export type SegmentOutputs<V extends DeviceValue> = readonly (V | TensorData)[] | Promise<readonly (V | TensorData)[]>;

/** A segment that the device can run: its operands and results in the order of its graph's inputs and outputs. */
export interface LoadedSegment<V extends DeviceValue> {
  /**
   * Runs the segment. A result that the host wants (`results[i].isHost`) is given as its elements, in the typed array of its
   * dtype, which nobody writes to afterwards; any other as a value of the caller's to dispose of, each a new one: no operand,
   * and none twice. The operands stay the caller's. A run that fails leaves nothing of its own on the device.
   */
  run(operands: readonly V[]): SegmentOutputs<V>;
  release(): void | Promise<void>;
}

/** How values pass between the host and a device. */
export interface Transfers<V extends DeviceValue> {
  /** A value with these elements, copied. */
  toValue(array: HostArray): V;
  /**
   * Puts the elements of an array in the place of a value's, of the same type, where that costs less than another value. False,
   * and nothing has happened, where it does not, or where something else on the device shares the value's memory. The driver
   * calls it for values of `toValue` that no run reads any more.
   */
  overwrite?(value: V, array: HostArray): boolean;
  /** The elements of a value, copied. A device that has just got them from the host may remember small ones. */
  toHost(value: V, type: TensorType): TensorData | Promise<TensorData>;
}

/**
 * A device: everything about it that loops, branches and scalars driven from JavaScript need to know.
 *
 * @example
 * const device: Device<Vector> = {
 *   name: 'vectors',
 *   fetchesWait: false,
 *   load: ({ graph, results }) => ({ run: (operands) => compute(graph, results, operands), release: () => undefined }),
 *   toValue: ({ data }) => new Vector(Float32Array.from(data)),
 *   toHost: ({ elements }) => elements.slice(),
 * };
 */
export interface Device<V extends DeviceValue> extends Transfers<V> {
  /** Its name, for reports of where things ran: `webgpu`. */
  readonly name: string;
  /**
   * Whether every copy to the host waits for the device: what the host wants of a segment then comes in one vector. It is
   * part of the segment's graph, so that the device need not know.
   */
  readonly fetchesWait: boolean;
  /**
   * Makes a segment ready.
   *
   * @throws UnsupportedError naming an operation or a dtype that the device does not have.
   */
  load(segment: Segment): LoadedSegment<V> | Promise<LoadedSegment<V>>;
}
