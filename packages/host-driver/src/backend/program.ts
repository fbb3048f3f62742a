/** What a graph is compiled into, whatever runs it. */
import type { RunCounters, TensorData } from '@node-ode/core';
import type { DeviceValue } from '../device.ts';

/** Where a part of a compiled graph runs. */
export interface Placement {
  /**
   * `model`: nodes in one model of the engine's; `segment`: nodes that a device runs one after the other; `host`: scalar
   * arithmetic and control flow in JavaScript.
   */
  readonly part: 'model' | 'segment' | 'host';
  /** What runs it: an engine's provider or device; `javascript` for the host. */
  readonly provider: string;
  /** Primitives in it, each once. */
  readonly operations: readonly string[];
  /** Nodes in it, those of subgraphs included. */
  readonly nodes: number;
}

/**
 * A result that the host has: it is brought to the device when somebody wants it there.
 *
 * @example
 * new HostResult(Float32Array.of(0.5), () => device.toValue(array(0.5)));
 */
export class HostResult<V extends DeviceValue> {
  /** Nobody writes to them. */
  readonly elements: TensorData;
  /** A value of the caller's to dispose of. */
  readonly toValue: () => V;

  constructor(elements: TensorData, toValue: () => V) {
    this.elements = elements;
    this.toValue = toValue;
  }
}

/** A compiled graph. */
export interface Program<V extends DeviceValue> {
  readonly placement: readonly Placement[];
  /**
   * Runs the graph on one value for each input. The results are the caller's to dispose of; an input may be among them, and
   * one value several times. Values that the run made for itself are disposed of when it ends, however it ends; only what the
   * host has put on the device may stay, for the next run, until the program is disposed of.
   */
  run(inputs: readonly V[], signal?: AbortSignal): Promise<readonly (V | HostResult<V>)[]>;
  /** Counters of the last run, where they are known. */
  readonly counters?: () => RunCounters | undefined;
  dispose(): void | Promise<void>;
}
