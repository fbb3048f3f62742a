/** ONNX Runtime for a model that is loaded, without an engine around it. */
import type { Runtime } from '../runtime/contract.ts';
import { optimizedModels } from '../runtime/optimized-models.ts';
import { checkOptions, checkRuntime, type OnnxOptions } from '../runtime/options.ts';
import { importRuntime } from '../runtime/ort.ts';
import { probe } from '../runtime/probe.ts';
import { sessions as sessionsOf } from '../runtime/sessions.ts';
import { valuesOf } from '../runtime/values.ts';

/** Opens the runtime that options ask for; `close` releases its sessions. */
export async function openRuntime(
  options: OnnxOptions,
): Promise<{ readonly runtime: Runtime; close(): Promise<void> }> {
  const settings = checkOptions(options);
  const module = options.runtime ?? (await importRuntime());
  checkRuntime(settings, module);
  // ONNX Runtime's own kernels are always there.
  if (settings.provider !== 'cpu') await probe(module, settings);
  const { cacheFolder } = settings;
  const optimized = cacheFolder === undefined ? undefined : await optimizedModels(cacheFolder);
  const sessions = sessionsOf(module, settings, optimized);
  const { toValue, toHost } = valuesOf(module, settings.provider, sessions);
  return { runtime: { open: sessions.open, toValue, toHost }, close: sessions.close };
}
