/** From options to a runtime that is known to work. */
import { OptionError } from '@node-ode/core';
import { optimizedModels, type OptimizedModels } from './optimized-models.ts';
import { checkOptions, checkRuntime, type OnnxOptions, type Settings } from './options.ts';
import { importRuntime, isNative, type OrtModule } from './ort.ts';
import { probe } from './probe.ts';

/** ONNX Runtime with the settings that it is used with. */
export interface Prepared {
  readonly module: OrtModule;
  readonly settings: Settings;
  readonly optimized: OptimizedModels | undefined;
}

/**
 * Checks options, imports the runtime, and runs a small model on the provider.
 *
 * @throws OptionError naming an option that is unknown or out of range; UnsupportedError if ONNX Runtime is not installed, or
 * if the provider is missing, with what to install; ExecutionError if the device fails.
 */
export async function prepare(options: OnnxOptions): Promise<Prepared> {
  const settings = checkOptions(options);
  const module = options.runtime ?? (await importRuntime());
  checkRuntime(settings, module);
  const { threads } = options;
  if (threads !== undefined && !isNative(module)) {
    if (threads === 0) {
      throw new OptionError('onnx', 'threads = 0 with onnxruntime-web', { expected: 'a positive integer' });
    }
    module.env.wasm.numThreads = threads;
  }
  const optimized = settings.cacheFolder === undefined ? undefined : await optimizedModels(settings.cacheFolder);
  await probe(module, settings);
  return { module, settings, optimized };
}
