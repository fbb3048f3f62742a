/** A backend of tfjs, as segments use it. */
import type { Ownership } from './ownership.ts';
import type { TfKernelBackend, TfKernelConfig } from './tf-module.ts';

export interface TfRuntime extends Ownership {
  /** tfjs's name of the backend. */
  readonly name: string;
  readonly backend: TfKernelBackend;
  /** Whether elements can only be read by waiting for them. */
  readonly fetchesWait: boolean;
  /** Version of tfjs-core. */
  readonly version: string;
  /** The kernel of a name; undefined if the backend has none. */
  kernelOf(kernel: string): TfKernelConfig | undefined;
}
