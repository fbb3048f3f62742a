/** Where a page finds the files of packages that load them themselves. */

/** tfjs's WebAssembly binaries. */
export const tfjsWasmFolder = '/tfjs-backend-wasm/';
