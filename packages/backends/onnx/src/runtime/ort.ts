/** What is used of ONNX Runtime's JavaScript API: `onnxruntime-node` and `onnxruntime-web` both have it. */
import { UnsupportedError } from '@node-ode/core';
import type { NamedValues, OrtValue } from './contract.ts';
import { importByName } from './node-host.ts';

/** Element types that this engine uses, by the runtime's names. */
export type OrtType = 'float32' | 'float64' | 'int32' | 'bool';

/** Data of such tensors; a bool is one byte. */
export type OrtData = Float32Array | Float64Array | Int32Array | Uint8Array;

/** Options of a session, as far as this engine sets them. */
export interface OrtSessionOptions {
  readonly executionProviders?: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[];
  readonly intraOpNumThreads?: number;
  readonly interOpNumThreads?: number;
  readonly executionMode?: 'sequential' | 'parallel';
  readonly graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'all';
  readonly enableCpuMemArena?: boolean;
  readonly optimizedModelFilePath?: string;
  readonly enableProfiling?: boolean;
  readonly profileFilePrefix?: string;
  readonly logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  readonly preferredOutputLocation?: Readonly<Record<string, 'cpu' | 'gpu-buffer'>>;
  readonly extra?: Record<string, unknown>;
}

/** `ort.InferenceSession`. */
export interface OrtSession {
  run(feeds: NamedValues): Promise<NamedValues>;
  release(): Promise<void>;
  endProfiling(): void;
}

/** ONNX Runtime's module, as `import('onnxruntime-node')` or `import('onnxruntime-web')` gives it. */
export interface OrtModule {
  readonly InferenceSession: { create(model: Uint8Array, options?: OrtSessionOptions): Promise<OrtSession> };
  readonly Tensor: new (type: OrtType, data: OrtData, dims: readonly number[]) => OrtValue;
  readonly env: {
    /** `node` is there in onnxruntime-node, `web` in onnxruntime-web. */
    readonly versions: { readonly common: string; readonly node?: string; readonly web?: string };
    /** Flags of onnxruntime-web. Threads are chosen before the first session is made, and for all of them. */
    readonly wasm: { numThreads?: number };
  };
}

/** Versions of the peer packages that this engine works with. */
export const supportedVersions = '>=1.30.0 <2';

/** Whether the module is onnxruntime-node: native, with files and threads of its own. */
export const isNative = ({ env }: OrtModule): boolean => env.versions.node !== undefined;

/** The package and version of a module: `onnxruntime-node 1.30.0`. */
export function describeRuntime({ env: { versions } }: OrtModule): string {
  if (versions.node !== undefined) return `onnxruntime-node ${versions.node}`;
  return versions.web === undefined ? `onnxruntime ${versions.common}` : `onnxruntime-web ${versions.web}`;
}

/**
 * Imports `onnxruntime-node`, which is an optional peer.
 *
 * @throws UnsupportedError that says what to install, if it is not there or can't be loaded.
 */
export async function importRuntime(load: (name: string) => Promise<unknown> = importByName): Promise<OrtModule> {
  let module: unknown;
  try {
    module = await load('onnxruntime-node');
  } catch (cause) {
    const isMissing = /cannot find (package|module) ['"]onnxruntime-node|failed to (load|resolve)/i.test(String(cause));
    throw new UnsupportedError(
      'onnx',
      isMissing
        ? "the package 'onnxruntime-node' is not installed"
        : `the package 'onnxruntime-node' could not be loaded (${messageOf(cause)})`,
      {
        expected: `onnxruntime-node ${supportedVersions}`,
        advice: `Install it with: npm install onnxruntime-node@1 (see "CPU" in the README of @node-ode/backend-onnx). In a browser: onnx({ runtime: await import('onnxruntime-web') }).`,
        cause,
      },
    );
  }
  // A CommonJS package may come with its exports under `default` alone.
  const found = [module, (module as { readonly default?: unknown }).default].find(isOrtModule);
  if (found !== undefined) return found;
  throw new UnsupportedError('onnx', "the package 'onnxruntime-node' has no InferenceSession", {
    expected: `onnxruntime-node ${supportedVersions}`,
  });
}

/** Whether a value has what is used of ONNX Runtime. */
export const isOrtModule = (value: unknown): value is OrtModule =>
  typeof value === 'object' &&
  value !== null &&
  ['InferenceSession', 'Tensor', 'env'].every((key) => (value as Readonly<Record<string, unknown>>)[key] != null);

/** What an error says, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).trim();
