/**
 * The engine on each backend of tfjs by a name of its own, for programs that have names and no modules, such as a command line. What
 * each needs is imported when it is asked for.
 */
import { UnsupportedError } from '@node-ode/core';
import { checkModule } from './runtime/check-module.ts';
import { loadTfjsNode, type TfjsNodeOptions } from './runtime/native/load.ts';
import type { TfjsBackend } from './runtime/backend.ts';
import { tfjs } from './tfjs.ts';

/** By names that bundlers don't follow: what is not installed is missed only where it is asked for. */
const importByName = (name: string): Promise<unknown> => import(/* @vite-ignore */ /* webpackIgnore: true */ name);

async function imported(operation: string, name: string): Promise<unknown> {
  try {
    return await importByName(name);
  } catch (cause) {
    const isMissing = /cannot find (package|module)|failed to (load|resolve)/i.test(String(cause));
    throw new UnsupportedError(
      operation,
      `${name} ${isMissing ? 'is not installed' : `can't be loaded: ${String(cause)}`}`,
      {
        expected: 'that package',
        advice: `Run: npm install ${name}`,
        cause,
      },
    );
  }
}

async function openTfjs(operation: string, backend: 'cpu' | 'wasm' | 'webgpu'): Promise<TfjsBackend> {
  const tf = await imported(operation, '@tensorflow/tfjs-core');
  checkModule(tf);
  await imported(operation, `@tensorflow/tfjs-backend-${backend}`);
  return tfjs({ tf, backend });
}

/**
 * The engine on `@tensorflow/tfjs-backend-cpu`.
 *
 * @throws UnsupportedError if that is not installed.
 * @example
 * const backend = await tfjsCpu();
 */
export const tfjsCpu = (): Promise<TfjsBackend> => openTfjs('tfjsCpu', 'cpu');

/**
 * The engine on `@tensorflow/tfjs-backend-wasm`.
 *
 * @throws UnsupportedError if that is not installed.
 * @example
 * const backend = await tfjsWasm();
 */
export const tfjsWasm = (): Promise<TfjsBackend> => openTfjs('tfjsWasm', 'wasm');

/**
 * The engine on `@tensorflow/tfjs-backend-webgpu`; in Node on Dawn, out of the package `webgpu`, whose globals this process is given.
 *
 * @throws UnsupportedError if one of them is not installed, or there is no adapter.
 * @example
 * const backend = await tfjsWebgpu();
 */
export async function tfjsWebgpu(): Promise<TfjsBackend> {
  if (!hasWebGpu()) await webGpuInNode();
  return openTfjs('tfjsWebgpu', 'webgpu');
}

/**
 * The engine on `@tensorflow/tfjs-node`, TensorFlow's library on the CPU. Options are those of `loadTfjsNode`.
 *
 * @throws as `loadTfjsNode` does.
 * @example
 * const backend = await tfjsNode();
 */
export const tfjsNode = (options: Omit<TfjsNodeOptions, 'gpu'> = {}): Promise<TfjsBackend> =>
  openNative({ ...options, gpu: false });

/**
 * The engine on `@tensorflow/tfjs-node-gpu`, TensorFlow's library on CUDA. Options are those of `loadTfjsNode`.
 *
 * @throws as `loadTfjsNode` does; ExecutionError if there is no GPU.
 * @example
 * const backend = await tfjsNodeGpu({ tf32: true });
 */
export const tfjsNodeGpu = (options: Omit<TfjsNodeOptions, 'gpu'> = {}): Promise<TfjsBackend> =>
  openNative({ ...options, gpu: true });

async function openNative(options: TfjsNodeOptions): Promise<TfjsBackend> {
  const tf = await loadTfjsNode(options);
  return tfjs({ tf, backend: 'tensorflow', ...(options.tf32 === undefined ? {} : { tf32: options.tf32 }) });
}

const hasWebGpu = (): boolean => {
  const navigator: unknown = Reflect.get(globalThis, 'navigator');
  return typeof navigator === 'object' && navigator !== null && 'gpu' in navigator;
};

/** WebGPU where browsers have it. The backend's package registers nothing without. */
async function webGpuInNode(): Promise<void> {
  const module = await imported('tfjsWebgpu', 'webgpu');
  const [create, globals] = ['create', 'globals'].map((name): unknown =>
    typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined,
  );
  if (typeof create !== 'function') {
    throw new UnsupportedError('tfjsWebgpu', 'the package webgpu has no create', { expected: 'webgpu 0.4 or newer' });
  }
  Object.assign(globalThis, globals);
  // Node 20 has no navigator, later ones have one of their own.
  if (!('navigator' in globalThis)) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  const navigator: unknown = Reflect.get(globalThis, 'navigator');
  const gpu: unknown = Reflect.apply(create, undefined, [[]]);
  if (typeof navigator === 'object' && navigator !== null) {
    Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  }
}
