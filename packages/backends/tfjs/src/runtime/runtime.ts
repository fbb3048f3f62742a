/** A backend of tfjs, as segments use it. */
import type { Faults } from './faults.ts';
import type { Guard } from './guard.ts';
import type { TfKernelBackend, TfKernelConfig } from './tf-module.ts';

export interface TfRuntime {
  /** tfjs's name of the backend. */
  readonly name: string;
  readonly backend: TfKernelBackend;
  /** Whether elements can only be read by waiting for them. */
  readonly fetchesWait: boolean;
  /** Version of tfjs-core. */
  readonly version: string;
  /** What it computes on, where tfjs's backend does not say so itself. */
  readonly device?: string;
  /** The kernel of a name; undefined if the backend has none. */
  kernelOf(kernel: string): TfKernelConfig | undefined;
  /** Runs something and tells of errors that the device reports afterwards, where it does: what kernels gave is wrong then. */
  readonly guard?: Guard;
  /** What the device reports of other runs. */
  readonly faults?: Faults;
}
