/** The factory of the engine. */
import { OptionError } from '@node-ode/core';
import { onnxBackend, type OnnxBackend } from './runtime/backend.ts';
import { optimizedModels } from './runtime/optimized-models.ts';
import { checkOptions, checkRuntime, type OnnxOptions } from './runtime/options.ts';
import { importRuntime, isNative } from './runtime/ort.ts';
import { probe } from './runtime/probe.ts';
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
  const settings = checkOptions(options);
  const runtime = options.runtime ?? (await importRuntime());
  checkRuntime(settings, runtime);
  const { threads } = options;
  if (threads !== undefined && !isNative(runtime)) {
    if (threads === 0) {
      throw new OptionError('onnx', 'threads = 0 with onnxruntime-web', { expected: 'a positive integer' });
    }
    runtime.env.wasm.numThreads = threads;
  }
  const optimized = settings.cacheFolder === undefined ? undefined : await optimizedModels(settings.cacheFolder);
  await probe(runtime, settings);
  return onnxBackend(runtime, settings, optimized, programs(settings.loops));
}
