/** The factory of the engine. */
import { onnxBackend, type OnnxBackend } from './runtime/backend.ts';
import type { OnnxOptions } from './runtime/options.ts';
import { prepare } from './runtime/prepare.ts';
import { programs } from './runtime/programs.ts';

/**
 * The ONNX Runtime engine: graphs as ONNX models, run on `cpu`, `cuda` or `webgpu` by onnxruntime-node, or by
 * onnxruntime-web where it is handed in. A provider that does not work here is found now: a small model is run on it.
 *
 * @throws OptionError naming an option that is unknown or out of range; UnsupportedError if ONNX Runtime is not installed, or
 * if the provider is missing, with what to install; ExecutionError if the device fails.
 * @example
 * import { array } from '@node-ode/core';
 * import { onnx } from '@node-ode/backend-onnx';
 *
 * const backend = await onnx({ provider: 'cpu', threads: 2 });
 * const x = await backend.upload(array([1, 2, 3]));
 * console.log(backend.name, await x.read()); // onnx-cpu
 */
export async function onnx(options: OnnxOptions = {}): Promise<OnnxBackend> {
  const { module, settings, optimized } = await prepare(options);
  return onnxBackend(module, settings, optimized, programs(settings.loops));
}

/** Options of one provider. */
type OptionsOf<P extends 'cpu' | 'cuda' | 'webgpu'> = Omit<Extract<OnnxOptions, { readonly provider?: P }>, 'provider'>;

/**
 * The engine on the CPU: `onnx({ provider: 'cpu' })`, by a name for programs that have names only.
 *
 * @throws as `onnx` does.
 * @example
 * const backend = await onnxCpu({ threads: 2 });
 */
export const onnxCpu = (options: OptionsOf<'cpu'> = {}): Promise<OnnxBackend> => onnx({ ...options, provider: 'cpu' });

/**
 * The engine on CUDA: `onnx({ provider: 'cuda' })`.
 *
 * @throws as `onnx` does.
 * @example
 * const backend = await onnxCuda();
 */
export const onnxCuda = (options: OptionsOf<'cuda'> = {}): Promise<OnnxBackend> =>
  onnx({ ...options, provider: 'cuda' });

/**
 * The engine on WebGPU: `onnx({ provider: 'webgpu' })`.
 *
 * @throws as `onnx` does.
 * @example
 * const backend = await onnxWebgpu();
 */
export const onnxWebgpu = (options: OptionsOf<'webgpu'> = {}): Promise<OnnxBackend> =>
  onnx({ ...options, provider: 'webgpu' });
