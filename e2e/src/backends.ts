/** The backends that the runner knows: each imported when it is asked for, so that one that is missing harms no other. */
import { OptionError, type Backend } from '@node-ode/core';

/** How a backend is made, if it has the choice. */
export interface BackendOptions {
  /** Threads that it may use; 1 by default. */
  readonly threads?: number;
}

/** Makes a backend, or rejects with the reason why it is not available here. */
export type BackendFactory = (options?: BackendOptions) => Promise<Backend>;

/** A backend that can not run on this machine. */
export interface Unavailable {
  readonly name: string;
  readonly reason: string;
}

/** A package that may be installed beside the runner, with the name of its factory. */
const optional =
  (specifier: string, factory: string, options?: Readonly<Record<string, unknown>>): BackendFactory =>
  async () => {
    const module = await importInstalled(specifier);
    const make = module[factory];
    if (typeof make !== 'function') throw new Error(`package ${specifier} exports no ${factory}()`);
    return (await make(options)) as Backend;
  };

async function importInstalled(specifier: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(/* @vite-ignore */ specifier)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (isMissing(error, specifier)) throw new Error(`package ${specifier} is not installed`, { cause: error });
    if (isNotBundled(error)) throw new Error(`package ${specifier} is not in the page's bundle`, { cause: error });
    throw error;
  }
}

/** Whether an import failed because that package, and not one that it imports, is missing. */
function isMissing(error: unknown, specifier: string): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return (
    (isNotFound || /cannot find (package|module)|failed to (load|resolve) (url|import)/i.test(String(message))) &&
    String(message).includes(specifier)
  );
}

/** Whether an import failed because a browser resolves no package names: the bundle has what is imported by a literal name. */
const isNotBundled = (error: unknown): boolean =>
  error instanceof TypeError && error.message.startsWith('Failed to resolve module specifier');

/** Every backend by the name that `--backend` takes. */
export const backends: Readonly<Record<string, BackendFactory>> = {
  reference: async () => (await import('@node-ode/backend-reference')).reference(),
  wasm: async ({ threads = 1 } = {}) => (await import('@node-ode/backend-wasm')).wasm({ threads }),
  'onnx-cpu': async () => (await import('@node-ode/backend-onnx')).onnx({ provider: 'cpu' }),
  'onnx-cuda': async () => (await import('@node-ode/backend-onnx')).onnx({ provider: 'cuda' }),
  'onnx-webgpu': async () => (await import('@node-ode/backend-onnx')).onnx({ provider: 'webgpu' }),
  'tfjs-cpu': optional('@node-ode/backend-tfjs', 'tfjs', { backend: 'cpu' }),
};

/**
 * The factory of a backend.
 *
 * @throws OptionError listing the known names if this is none of them.
 */
export function backendFactory(
  name: string,
  known: Readonly<Record<string, BackendFactory>> = backends,
): BackendFactory {
  const factory = Object.hasOwn(known, name) ? known[name] : undefined;
  if (factory !== undefined) return factory;
  throw new OptionError('e2e', `backend '${name}'`, { expected: `one of ${Object.keys(known).join(', ')}` });
}

/** The backend, or why it is not available. */
export async function openBackend(name: string, factory: BackendFactory): Promise<Backend | Unavailable> {
  try {
    return await factory();
  } catch (error) {
    return { name, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Tells what opening a backend gave. */
export const isUnavailable = <T extends object>(opened: T | Unavailable): opened is Unavailable => 'reason' in opened;
