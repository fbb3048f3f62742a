/** The embedded engine of @node-ode: graphs compiled into WebAssembly SIMD modules. */
export { wasm, type WasmOptions } from './wasm.ts';
export type { WasmBackend, WasmMemory, WasmThreads } from './runtime/backend.ts';
export type { Footprint, WasmExecutable } from './runtime/executable.ts';
