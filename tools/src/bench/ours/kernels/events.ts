/** What an engine on tfjs does with its backend, in the order in which it does it. */
import type { BackendValues, DataId, DataType, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';

export type KernelArguments = Parameters<KernelFunc>[0];

/** A kernel was called. */
export interface CallEvent {
  readonly kind: 'call';
  readonly kernel: KernelFunc;
  /** By name, or by position in a list. */
  readonly operands: readonly (readonly [name: string, operand: TensorInfo])[];
  readonly isList: boolean;
  readonly attributes: KernelArguments['attrs'];
  readonly results: readonly DataId[];
}

/** Numbers were brought to the backend. */
export interface UploadEvent {
  readonly kind: 'upload';
  readonly id: DataId;
  readonly values: BackendValues | null;
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** Numbers were taken from the backend. */
export interface ReadEvent {
  readonly kind: 'read';
  readonly id: DataId;
  /** Whether they were there at once. */
  readonly isSync: boolean;
  readonly values: BackendValues;
}

/** A share in a tensor was given up. */
export interface DisposeEvent {
  readonly kind: 'dispose';
  readonly id: DataId;
}

export type KernelEvent = CallEvent | UploadEvent | ReadEvent | DisposeEvent;
