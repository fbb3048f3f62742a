/** The factory of the engine. */
import { OptionError, UnsupportedError } from '@node-ode/core';
import { nativeComposites, planGraph } from './compile/index.ts';
import { ModuleBuilder } from './encoder/module.ts';
import { wasmBackend, type WasmBackend } from './runtime/backend.ts';
import { largestHeapBytes, pageBytes } from './runtime/heap.ts';
import { processors } from './threads/host.ts';

/** More would wait for each other. */
const mostThreads = 64;

/** Options of the wasm engine. */
export interface WasmOptions {
  /**
   * Bound on the engine's memory in bytes: arrays, intermediate values and tapes together. From 65536 (one page) to 4 GiB,
   * rounded down to whole pages; 4 GiB by default. Memory is taken as it is needed.
   */
  readonly maximumBytes?: number;
  /**
   * Threads that share large products and convolutions, the calling one included: from 1 to 64, or 'auto' for as many as the
   * host runs at the same time. 1 by default. Results are the same to the last bit. Where memory can't be shared there is one thread, and
   * `backend.threads.obstacle` says why.
   */
  readonly threads?: number | 'auto';
}

/**
 * The embedded engine: f32, f64, i32 and bool, each graph compiled into one WebAssembly SIMD module. It runs in the calling
 * thread, and on others beside it if asked to, in Node and in browsers, with one memory for everything that the backend holds.
 *
 * @throws OptionError for a bound or a number of threads outside its range; UnsupportedError where WebAssembly or its SIMD instructions are
 * missing.
 * @example
 * import { array } from '@node-ode/core';
 * import { wasm } from '@node-ode/backend-wasm';
 *
 * const backend = await wasm({ maximumBytes: 2 ** 30 });
 * const x = await backend.upload(array([1, 2, 3]));
 * console.log(await x.read(), backend.memory.liveBytes);
 */
export async function wasm(options: WasmOptions = {}): Promise<WasmBackend> {
  const { maximumBytes = largestHeapBytes, threads = 1 } = options;
  if (!(Number.isInteger(maximumBytes) && maximumBytes >= pageBytes && maximumBytes <= 2 ** 32)) {
    throw new OptionError('wasm', `maximumBytes = ${maximumBytes}`, {
      expected: `an integer from ${pageBytes} (one page) to ${2 ** 32} (4 GiB)`,
    });
  }
  if (threads !== 'auto' && !(Number.isInteger(threads) && threads >= 1 && threads <= mostThreads)) {
    throw new OptionError('wasm', `threads = ${String(threads)}`, {
      expected: `an integer from 1 to ${mostThreads}, or 'auto'`,
    });
  }
  requireSimd();
  const limits = { maximumBytes, threads: threads === 'auto' ? Math.min(await processors(), mostThreads) : threads };
  return wasmBackend({ planGraph, composites: nativeComposites }, limits);
}

function requireSimd(): void {
  const advice = 'Use Node 20 or a browser from 2023 on, or another engine: reference() runs everywhere.';
  if (typeof WebAssembly === 'undefined') {
    throw new UnsupportedError('wasm', 'this host has no WebAssembly', { advice });
  }
  const probe = new ModuleBuilder({ module: 'env', name: 'memory', initial: 1, maximum: 1 });
  probe.function('probe', [], []).v128(new Uint8Array(16)).op('drop');
  if (!WebAssembly.validate(probe.encode())) {
    throw new UnsupportedError('wasm', "this host's WebAssembly has no SIMD instructions", { advice });
  }
}
