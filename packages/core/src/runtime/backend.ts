/** The contract of an engine: one function, `compile(graph)`, plus moving arrays in and out. It knows nothing about ODEs. */
import type { DType } from '../graph/dtype.ts';
import type { Graph, Shape } from '../graph/graph.ts';
import type { CompositePrimitive } from '../graph/primitives.ts';
import type { HostArray } from '../array.ts';

/** An array that lives in an engine. Only the backend that made it can read it. */
export interface DeviceArray {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Name of the backend that owns it. */
  readonly backend: string;
  /** Copies the elements to the host. */
  read(): Promise<HostArray>;
  /** Frees the engine's memory; reading or running on it afterwards is an error. Calling it twice is not. */
  dispose(): void;
}

/** What an engine can do. */
export interface BackendCapabilities {
  readonly dtypes: readonly DType[];
  /** Composite primitives that the backend lowers itself; the others reach it decomposed. */
  readonly composites: readonly CompositePrimitive[];
}

/** What one run cost, as far as the engine counts it. */
export interface RunCounters {
  /** Executions of each called subgraph, by the graph's name. */
  readonly calls: Readonly<Record<string, number>>;
  /** Largest number of bytes alive at once during the run, inputs included. */
  readonly peakBytes: number;
  /** Entries of the longest tape. */
  readonly tapeEntries: number;
}

export interface RunOptions {
  /** Inputs, by position, whose memory the run may reuse. They must not be used afterwards, unless the run fails. */
  readonly donate?: readonly number[];
  /** Aborts between runs, or inside one where the engine can. */
  readonly signal?: AbortSignal;
}

/** A compiled graph. */
export interface Executable {
  /** Runs the graph on one device array for each graph input; gives one for each output. */
  run(inputs: readonly DeviceArray[], options?: RunOptions): Promise<readonly DeviceArray[]>;
  /** The same without a promise, where the engine can. */
  readonly runSync?: (inputs: readonly DeviceArray[], options?: RunOptions) => readonly DeviceArray[];
  /** Counters of the last run, where the engine counts. */
  readonly counters?: () => RunCounters | undefined;
  dispose(): void;
}

/** An engine, as a value made by a factory: `reference()`, `await wasm()`. */
export interface Backend {
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  /**
   * Compiles a lowered graph: closed, without `customVjp` and `stopGradient`, its inputs and outputs tensors.
   * Throws `UnsupportedError` naming an operation or a dtype that the engine does not have.
   */
  compile(graph: Graph): Promise<Executable>;
  upload(array: HostArray): Promise<DeviceArray>;
  download(array: DeviceArray): Promise<HostArray>;
  dispose(): Promise<void>;
}
