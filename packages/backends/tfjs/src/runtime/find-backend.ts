/** Finds a backend in the user's tfjs, and what may be wrong with it. */
import { OptionError, UnsupportedError } from '@node-ode/core';
import { ownKernels, refusedKernels } from '../kernels/own-kernels.ts';
import { faultsOf } from './faults.ts';
import { guardOf } from './guard.ts';
import { nativeDevice, type NativeDeviceOptions } from './native/device.ts';
import { isNativeBackend, withoutTensors } from './native/native-backend.ts';
import { withPlainOutputs } from './plain-outputs.ts';
import type { TfRuntime } from './runtime.ts';
import type { TfKernelBackend, TfModule } from './tf-module.ts';

/** Backends whose elements are there at once. Those of others, known or not, are waited for. */
const readsAtOnce: ReadonlySet<string> = new Set(['cpu', 'wasm', 'tensorflow']);

/** Which package registers each backend. */
const packages: Readonly<Record<string, string>> = {
  cpu: '@tensorflow/tfjs-backend-cpu',
  wasm: '@tensorflow/tfjs-backend-wasm',
  webgl: '@tensorflow/tfjs-backend-webgl',
  webgpu: '@tensorflow/tfjs-backend-webgpu',
  tensorflow: '@tensorflow/tfjs-node',
};

/** What helps where a backend did not start. */
const remedies: Readonly<Record<string, string>> = {
  wasm: "Its binary is loaded from beside the bundle: say where it is with setWasmPaths('/path/to/') of @tensorflow/tfjs-backend-wasm, before tfjs().",
  webgpu: 'There was no adapter for navigator.gpu: look at the driver, or use another backend.',
};

/**
 * A backend of tfjs that is ready; by default the current one. tfjs's own current backend stays as it is, unless there is none
 * yet and none is named.
 *
 * @throws OptionError for a name that is no backend's; UnsupportedError if no backend is registered, if the one did not start, or
 * if its kernels are not in the registry of this copy of tfjs; ExecutionError if tfjs-node-gpu computes on the CPU, or rounds products
 * to TF32 unasked.
 */
export async function findRuntime(
  tf: TfModule,
  wanted: string | undefined,
  native: NativeDeviceOptions = {},
): Promise<TfRuntime> {
  const names = tf.engine().backendNames();
  if (names.length === 0) {
    throw new UnsupportedError('tfjs', 'no backend is registered in this tfjs', {
      expected: 'a backend',
      advice: `Import the package of one before: import '@tensorflow/tfjs-backend-cpu' (or ${others('cpu')}).`,
    });
  }
  if (wanted !== undefined && !names.includes(wanted)) throw missing(wanted, names);
  const name = wanted ?? (await currentName(tf));
  const backend = await started(tf, name);
  // Kernels of a backend that never was the current one have not been set up.
  for (const kernel of tf.getKernelsForBackend(name)) kernel.setupFunc?.(backend);
  demandKernels(tf, name);
  const guard = guardOf(backend);
  const faults = faultsOf(backend);
  return {
    name,
    ...(isNativeBackend(backend)
      ? { backend: withoutTensors(backend), device: (await nativeDevice(tf, backend, native)).description }
      : { backend: withPlainOutputs(backend, name) }),
    fetchesWait: !readsAtOnce.has(name),
    kernelOf: (kernel) => {
      if (refusedKernels[name]?.has(kernel) === true) return undefined;
      return ownKernels[name]?.[kernel] ?? tf.getKernel(kernel, name) ?? undefined;
    },
    version: tf.version_core,
    ...(guard === undefined ? {} : { guard }),
    ...(faults === undefined ? {} : { faults }),
  };
}

const others = (known: string): string =>
  Object.entries(packages)
    .flatMap(([name, packageName]) => (name === known ? [] : [packageName]))
    .join(', ');

function missing(wanted: string, names: readonly string[]): OptionError {
  const packageName = packages[wanted];
  // The package registers nothing where the browser or Node has no WebGPU.
  const globals =
    wanted === 'webgpu'
      ? " It registers the backend only where there is navigator.gpu: in Node set the globals of the package 'webgpu' before that import."
      : '';
  return new OptionError('tfjs', `backend = '${wanted}'`, {
    expected: `one that is registered: ${names.join(', ')}`,
    ...(packageName === undefined
      ? {}
      : { advice: `Import the package of that backend before: import '${packageName}'.${globals}` }),
  });
}

/** The name of the current backend. Where there is none yet, tfjs starts the best one that it can. */
async function currentName(tf: TfModule): Promise<string> {
  try {
    await tf.ready();
  } catch (cause) {
    throw new UnsupportedError('tfjs', `none of tfjs's backends ${tf.engine().backendNames().join(', ')} could start`, {
      advice: 'Import another backend, or name one: tfjs({ tf, backend }).',
      cause,
    });
  }
  return tf.getBackend();
}

/** Starts that are under way: tfjs forgets one when another begins. */
let underWay: Promise<unknown> = Promise.resolve();

function started(tf: TfModule, name: string): Promise<TfKernelBackend> {
  const start = underWay.then(async (): Promise<TfKernelBackend> => {
    const { registry } = tf.engine();
    // One that the user has begun to start.
    if (registry[name] === undefined && tf.getBackend() === name) await tf.ready();
    const found = registry[name] ?? tf.findBackend(name);
    if (found != null) return found;
    // It starts, and waits for something; this does not make it the current one.
    await tf.ready();
    const late = registry[name];
    if (late != null) return late;
    throw new UnsupportedError(
      'tfjs',
      `tfjs's backend '${name}' could not start; tfjs has written why to the console`,
      {
        expected: 'a backend that starts',
        advice: remedies[name] ?? 'Use another backend.',
      },
    );
  });
  underWay = start.catch(() => undefined);
  return start;
}

/** Kernels that every backend has. */
const common = ['Identity', 'Reshape', 'Add', 'Cast'] as const;

function demandKernels(tf: TfModule, name: string): void {
  const absent = common.filter((kernel) => tf.getKernel(kernel, name) == null);
  if (absent.length === 0) return;
  throw new UnsupportedError('tfjs', `tfjs's backend '${name}' has no kernel ${absent.join(', ')} in this tfjs`, {
    expected: 'a backend with its kernels',
    advice: `There may be two copies of tfjs: npm ls @tensorflow/tfjs-core shows them, npm dedupe makes them one. Pass the copy for which ${packages[name] ?? 'the backend'} registers its kernels.`,
  });
}
