/** What an engine on tfjs does with its backend, in the order in which it does it. */
import type { TfElements, TfKernelArguments, TfKernelConfig, TfTensorInfo } from '@node-ode/backend-tfjs';

/** A kernel was called. */
export interface CallEvent {
  readonly kind: 'call';
  readonly kernel: TfKernelConfig['kernelFunc'];
  /** By name, or by position in a list. */
  readonly operands: readonly (readonly [name: string, operand: TfTensorInfo])[];
  readonly isList: boolean;
  readonly attributes: TfKernelArguments['attrs'];
  /** As the kernel is given it: the engine may have put something before tfjs's own. */
  readonly backend: TfKernelArguments['backend'];
  readonly results: readonly object[];
}

/** Numbers were brought to the backend, perhaps in the place of those that a tensor had. */
export interface UploadEvent {
  readonly kind: 'upload';
  readonly id: object;
  readonly values: TfElements;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** Numbers were taken from the backend. */
export interface ReadEvent {
  readonly kind: 'read';
  readonly id: object;
  /** Whether they were there at once. */
  readonly isSync: boolean;
  readonly values: TfElements;
}

/** A share in a tensor was given up. */
export interface DisposeEvent {
  readonly kind: 'dispose';
  readonly id: object;
}

export type KernelEvent = CallEvent | UploadEvent | ReadEvent | DisposeEvent;
