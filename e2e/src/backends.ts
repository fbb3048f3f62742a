/** The backends that the runner knows: each imported when it is asked for, so that one that is missing harms no other. */
import { OptionError, type Backend } from '@node-ode/core';

/** How a backend is made, if it has the choice. */
export interface BackendOptions {
  /** Threads that it may use; 1 by default. */
  readonly threads?: number;
}

/** What a backend may say of itself. */
export interface About {
  /** The library that it is built on, with its version. */
  readonly runtime?: string;
  /** What it computes on. */
  readonly device?: string;
}

/** Makes a backend, or rejects with the reason why it is not available here. */
export type BackendFactory = (options?: BackendOptions) => Promise<Backend & About>;

/** A backend that can not run on this machine. */
export interface Unavailable {
  readonly name: string;
  readonly reason: string;
}

/** Every backend by the name that `--backend` takes. */
export const backends: Readonly<Record<string, BackendFactory>> = {
  reference: async () => (await import('@node-ode/backend-reference')).reference(),
  wasm: async ({ threads = 1 } = {}) => (await import('@node-ode/backend-wasm')).wasm({ threads }),
  'onnx-cpu': async () => (await import('@node-ode/backend-onnx')).onnx({ provider: 'cpu' }),
  'onnx-cuda': async () => (await import('@node-ode/backend-onnx')).onnx({ provider: 'cuda' }),
  'onnx-webgpu': async () => (await import('@node-ode/backend-onnx')).onnx({ provider: 'webgpu' }),
  'tfjs-cpu': async () => (await import('./tfjs/open.ts')).tfjsCpu(),
  'tfjs-wasm': async () => (await import('./tfjs/open.ts')).tfjsWasm(),
  'tfjs-webgpu': async () => (await import('./tfjs/open.ts')).tfjsWebGpu(),
  'tfjs-node': async () => (await import('./tfjs/native.ts')).openNative('tfjs-node'),
  'tfjs-node-gpu': async () => (await import('./tfjs/native.ts')).openNative('tfjs-node-gpu'),
};

/**
 * The factory of a backend.
 *
 * @throws OptionError listing the known names if this is none of them.
 */
export function backendFactory(
  name: string,
  known: Readonly<Record<string, BackendFactory>> = backends,
): BackendFactory {
  const factory = Object.hasOwn(known, name) ? known[name] : undefined;
  if (factory !== undefined) return factory;
  throw new OptionError('e2e', `backend '${name}'`, { expected: `one of ${Object.keys(known).join(', ')}` });
}

/** The backend, or why it is not available. */
export async function openBackend(name: string, factory: BackendFactory): Promise<(Backend & About) | Unavailable> {
  try {
    return await factory();
  } catch (error) {
    return { name, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** What a backend says of itself, and nothing else of it. */
export const aboutOf = ({ runtime, device }: About): About => ({
  ...(runtime === undefined ? {} : { runtime }),
  ...(device === undefined ? {} : { device }),
});

/** Tells what opening a backend gave. */
export const isUnavailable = <T extends object>(opened: T | Unavailable): opened is Unavailable => 'reason' in opened;
