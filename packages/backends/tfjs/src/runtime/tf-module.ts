/**
 * What is used of tfjs: few members, so that `@tensorflow/tfjs-core`, `@tensorflow/tfjs` and `@tensorflow/tfjs-node` all fit. Functions
 * are written as methods: what they take may be narrower in tfjs's own types.
 */

/** A tensor of tfjs's backends: a handle, whose elements others may share. */
export interface TfTensorInfo {
  readonly dataId: object;
  readonly shape: number[];
  readonly dtype: string;
}

/** Elements as tfjs's backends read and write them. */
export type TfElements = Float32Array | Int32Array | Uint8Array;

/** A kernel's operands by name, or a list of them. */
export type TfKernelInputs = Record<string, TfTensorInfo | undefined> | TfTensorInfo[];

/** What a kernel is called with. */
export interface TfKernelArguments {
  readonly inputs: TfKernelInputs;
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly backend: object;
}

/** A kernel in tfjs's registry. */
export interface TfKernelConfig {
  readonly kernelName: string;
  readonly backendName: string;
  kernelFunc(args: TfKernelArguments): TfTensorInfo | TfTensorInfo[];
  setupFunc?(backend: object): void;
}

/** A backend of tfjs. */
export interface TfKernelBackend {
  write(values: TfElements, shape: number[], dtype: string): object;
  read(dataId: object): Promise<unknown>;
  readSync(dataId: object): unknown;
  /** Lets go of one reference; the last one frees the memory. */
  disposeData(dataId: object): boolean;
  incRef(dataId: object): void;
  /** How many references there are. */
  refCount(dataId: object): number;
  numDataIds(): number;
}

/** tfjs's engine, as far as backends are found in it. */
export interface TfEngine {
  backendNames(): string[];
  readonly registry: { readonly [name: string]: TfKernelBackend };
}

/** The module that a user hands in: `import * as tf from '@tensorflow/tfjs-core'`, or `@tensorflow/tfjs-node`. */
export interface TfModule {
  readonly version_core: string;
  ready(): Promise<void>;
  getBackend(): string;
  findBackend(name: string): TfKernelBackend | null;
  getKernel(kernelName: string, backendName: string): TfKernelConfig | undefined;
  getKernelsForBackend(backendName: string): TfKernelConfig[];
  engine(): TfEngine;
}

/** Versions of tfjs that this engine works with. */
export const supportedVersions = '4.22 or later, below 5';
