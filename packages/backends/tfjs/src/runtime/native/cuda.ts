/** What TensorFlow 2.9's CUDA build needs, and what of it a machine lacks. */
import { ExecutionError, type NodeOdeError } from '@node-ode/core';
import type { NodeProcess } from './node-host.ts';

/** What the build is for, as it says itself. */
export const cudaBuild = { cuda: '11.2', cudnn: '8.1' } as const;

/** The libraries that it opens when the first operation is made; without one of them it goes on with the CPU. */
const libraries = [
  'libcuda.so.1',
  'libcudart.so.11.0',
  'libcublas.so.11',
  'libcublasLt.so.11',
  'libcufft.so.10',
  'libcurand.so.10',
  'libcusolver.so.11',
  'libcusparse.so.11',
  'libcudnn.so.8',
] as const;

/** Those that the loader does not find. */
export function missingLibraries(process: Pick<NodeProcess, 'dlopen'>): readonly string[] {
  return libraries.filter((name) => {
    try {
      process.dlopen({ exports: {} }, name);
      return false;
    } catch (error) {
      // One that is found is no addon, which Node complains of.
      return String(error).includes(`${name}: cannot open shared object file`);
    }
  });
}

/** The error for the CUDA build that would compute on the CPU. */
export function ranOnCpu(missing: readonly string[], gpus: readonly string[]): NodeOdeError {
  const needs = `a GPU, with CUDA ${cudaBuild.cuda} and cuDNN ${cudaBuild.cudnn} where the loader finds them`;
  return new ExecutionError('tfjs', `@tensorflow/tfjs-node-gpu computes on the CPU: ${reason(missing, gpus)}`, {
    expected: needs,
    advice: 'Set LD_LIBRARY_PATH before the process starts, or use @tensorflow/tfjs-node, which is the CPU build.',
  });
}

function reason(missing: readonly string[], gpus: readonly string[]): string {
  if (missing.includes('libcuda.so.1'))
    return "there is no NVIDIA GPU here, or no driver for it (libcuda.so.1 isn't found)";
  if (missing.length > 0) return `the loader does not find ${missing.join(', ')}`;
  if (gpus.length === 0) return 'the driver tells of no GPU';
  return `TensorFlow found none that it can use (${gpus.join(', ')}; CUDA_VISIBLE_DEVICES may hide it, or the driver be older than CUDA ${cudaBuild.cuda})`;
}
