/** What the parts of the engine hand to each other: ONNX Runtime's values, and sessions on models. */
import type { HostArray, TensorData, TensorType } from '@node-ode/core';
import type { OnnxModel } from '../model/ir.ts';

/** ONNX Runtime's tensor (`OrtValue`), in JavaScript's memory or in the device's. */
export interface OrtValue {
  readonly type: string;
  readonly dims: readonly number[];
  /** `cpu`, or where else the elements are: `gpu-buffer`. */
  readonly location: string;
  /** The elements, if `location` is `cpu`; throws otherwise. */
  readonly data: unknown;
  dispose(): void;
}

/** Values by the names of a model's inputs or outputs. */
export type NamedValues = Readonly<Record<string, OrtValue>>;

/** A model loaded into the runtime. */
export interface Session {
  run(feeds: NamedValues): Promise<NamedValues>;
  release(): Promise<void>;
}

/** Where the outputs of a session shall lie: all on the device but those named here. */
export interface SessionRequest {
  readonly hostOutputs: ReadonlySet<string>;
}

/** What programs need of the runtime. */
export interface Runtime {
  /**
   * Loads a model for the backend's provider, optimised by the runtime, from the cache folder where there is one.
   *
   * @throws UnsupportedError naming what the provider has no kernel for: nothing falls back to another provider in silence.
   */
  open(model: OnnxModel, request: SessionRequest): Promise<Session>;
  /** A value with these elements, in JavaScript's memory: ONNX Runtime copies it to the device when a session takes it. */
  toValue(array: HostArray): OrtValue;
  /** The elements of a value, copied from wherever it is. */
  toHost(value: OrtValue, type: TensorType): Promise<TensorData>;
}
