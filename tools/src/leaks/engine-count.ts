/** What engines count themselves: bytes of the wasm engine, tensors of a backend of tfjs. */
import { loadTfjsNode } from '@node-ode/backend-tfjs';
import type { Backend } from '@node-ode/core';
import { findTfjsNode } from '@node-ode/e2e/tfjs-node';

/** A count, or nothing where the engine has none. */
export type EngineCount = () => number | undefined;

/** What the engine of this name counts, of all that is alive in it. */
export async function engineCount(name: string, backend: Backend): Promise<EngineCount> {
  if (hasMemory(backend)) return () => backend.memory.liveBytes;
  if (name.startsWith('tfjs-'))
    return tensorsOf(await tfModule(name), name.startsWith('tfjs-node') ? 'tensorflow' : name.slice('tfjs-'.length));
  return () => undefined;
}

const hasMemory = (backend: Backend): backend is Backend & { readonly memory: { readonly liveBytes: number } } =>
  'memory' in backend &&
  typeof backend.memory === 'object' &&
  backend.memory !== null &&
  'liveBytes' in backend.memory &&
  typeof backend.memory.liveBytes === 'number';

async function tfModule(name: string): Promise<object> {
  if (!name.startsWith('tfjs-node')) return import('@tensorflow/tfjs-core');
  const build = name === 'tfjs-node-gpu' ? 'tfjs-node-gpu' : 'tfjs-node';
  const found = findTfjsNode(build);
  if ('reason' in found) throw new Error(found.reason);
  return loadTfjsNode({ gpu: build === 'tfjs-node-gpu', from: `${found.folder}/` });
}

/** Values that tfjs's backend holds: the engine calls its kernels directly, so that `tf.memory()` is not told of all. */
function tensorsOf(tf: object, name: string): EngineCount {
  return () => {
    const backend = method(tf, 'findBackend')?.(name);
    const count = typeof backend === 'object' && backend !== null ? method(backend, 'numDataIds')?.() : undefined;
    return typeof count === 'number' ? count : undefined;
  };
}

/** A method of something whose type is not known here. */
function method(owner: object, name: string): ((...args: readonly string[]) => unknown) | undefined {
  const found: unknown = Reflect.get(owner, name);
  return typeof found === 'function' ? (...args) => Reflect.apply(found, owner, args) as unknown : undefined;
}
