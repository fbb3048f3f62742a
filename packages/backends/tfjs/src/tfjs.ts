/** The factory of the engine. */
import { checkOptions, type TfjsOptions } from './option-rules.ts';
import { tfjsBackend, type TfjsBackend } from './runtime/backend.ts';
import { findRuntime } from './runtime/find-backend.ts';

/**
 * The TensorFlow.js engine: graphs on the kernels of whichever backend of tfjs is handed in, from pure JavaScript to
 * `@tensorflow/tfjs-node-gpu`. Tensors stay in that backend; loops, branches and scalars are driven from JavaScript. tfjs's own
 * current backend is left as it is.
 *
 * @throws OptionError naming an option that is unknown, or what is handed in instead of tfjs; UnsupportedError if no backend is
 * registered or the one can't start, with what to do; ExecutionError if tfjs-node-gpu finds no GPU to compute on, or the GPU rounds
 * products to TF32 and `tf32` is not set.
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * import '@tensorflow/tfjs-backend-cpu';
 * import { array } from '@node-ode/core';
 * import { tfjs } from '@node-ode/backend-tfjs';
 *
 * const backend = await tfjs({ tf, backend: 'cpu' });
 * const x = await backend.upload(array([1, 2, 3]));
 * console.log(backend.name, await x.read()); // tfjs-cpu
 */
export async function tfjs(options: TfjsOptions): Promise<TfjsBackend> {
  checkOptions(options);
  return tfjsBackend(await findRuntime(options.tf, options.backend, options));
}
