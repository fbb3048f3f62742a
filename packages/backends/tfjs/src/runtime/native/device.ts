/** Where tfjs's backend `tensorflow` computes: TensorFlow's library says little of it, and falls back to the CPU without an error. */
import { OptionError } from '@node-ode/core';
import type { TfKernelBackend, TfModule } from '../tf-module.ts';
import { missingLibraries, ranOnCpu } from './cuda.ts';
import { isNativeBackend } from './native-backend.ts';
import { gpuNames, nodeProcess } from './node-host.ts';
import { roundedToTf32, roundsToTf32 } from './tf32.ts';

/** The device that computes. */
export interface NativeDevice {
  readonly package: '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';
  /** Version of TensorFlow's library. */
  readonly libtensorflow: string;
  readonly device: 'cpu' | 'gpu';
  /** In words, with the GPU's name: `libtensorflow 2.9.1 on the GPU (NVIDIA A100-SXM4-40GB)`. */
  readonly description: string;
}

export interface NativeDeviceOptions {
  /** Whether a GPU may round matrix products to TF32; false by default. */
  readonly tf32?: boolean;
}

/** Facts about the machine. */
export interface Evidence {
  /** CUDA's libraries that are not found. */
  missingLibraries(): Promise<readonly string[]>;
  /** Names of the GPUs. */
  gpuNames(): Promise<readonly string[]>;
}

const thisMachine: Evidence = {
  missingLibraries: async () => {
    const process = await nodeProcess();
    return process === undefined ? [] : missingLibraries(process);
  },
  gpuNames: () => gpuNames(),
};

/**
 * The device of tfjs's backend `tensorflow`.
 *
 * @throws ExecutionError if the CUDA build computes on the CPU, saying what is missing, or if the GPU rounds products to TF32
 * and `tf32` is not set; OptionError if the backend is none of TensorFlow's library.
 */
export async function nativeDevice(
  tf: Pick<TfModule, 'getKernel'>,
  backend: TfKernelBackend,
  { tf32 = false }: NativeDeviceOptions = {},
  evidence: Evidence = thisMachine,
): Promise<NativeDevice> {
  if (!isNativeBackend(backend)) {
    throw new OptionError('tfjs', "the backend 'tensorflow' is none of tfjs-node's", {
      expected: 'that of @tensorflow/tfjs-node or @tensorflow/tfjs-node-gpu 4.22 or later',
    });
  }
  const { isGPUPackage, isUsingGpuDevice, binding } = backend;
  const name = isGPUPackage ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  const library = `libtensorflow ${binding.TF_Version}`;
  const of = { package: name, libtensorflow: binding.TF_Version } as const;
  if (!isUsingGpuDevice) {
    if (isGPUPackage) throw ranOnCpu(await evidence.missingLibraries(), await evidence.gpuNames());
    return { ...of, device: 'cpu', description: `${library} on the CPU` };
  }
  if (!tf32 && (await roundsToTf32(tf, backend))) throw roundedToTf32();
  const names = [...new Set(await evidence.gpuNames())].join(' or ');
  return { ...of, device: 'gpu', description: `${library} on the GPU${names === '' ? '' : ` (${names})`}` };
}
