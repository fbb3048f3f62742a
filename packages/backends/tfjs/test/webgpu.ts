/** tfjs's WebGPU backend in Node, and primitives applied on it one by one. */
import {
  hostArray,
  inferTypes,
  tensorType,
  value,
  type Application,
  type Backend,
  type HostArray,
  type Node,
  type TensorData,
} from '@node-ode/core';
import { webGpuInNode } from '@node-ode/e2e/webgpu';
import { tfDevice } from '../src/runtime/device.ts';
import { findRuntime } from '../src/runtime/find-backend.ts';
import type { TfRuntime } from '../src/runtime/runtime.ts';
import { segmentBackend } from './segment-backend.ts';

/** tfjs with its WebGPU backend. */
export async function tfWithWebGpu() {
  await webGpuInNode();
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-webgpu');
  return tf;
}

/** The backend, as segments use it. */
export const webGpuRuntime = async (): Promise<TfRuntime> => findRuntime(await tfWithWebGpu(), 'webgpu');

/** Straight-line graphs on it. */
export const webGpuSegments = async (): Promise<Backend> => segmentBackend(tfDevice(await webGpuRuntime()));

/** The elements of a primitive's result. */
export type Apply = (op: Node['op'], inputs: readonly HostArray[], params?: object) => Promise<TensorData>;

/** Applies primitives on a backend. */
export const applyOn =
  (backend: Backend): Apply =>
  async (op, arrays, params = {}) => {
    const inputs = arrays.map(({ shape, dtype }) => value(tensorType(shape, dtype)));
    const application = { op, inputs, params } as Application;
    const outputs = inferTypes(application).map(value);
    const executable = await backend.compile({
      name: op,
      inputs,
      nodes: [{ ...application, outputs } as Node],
      outputs,
    });
    const given = await Promise.all(arrays.map((array) => backend.upload(array)));
    const [result] = await executable.run(given);
    const { data } = await result!.read();
    for (const array of [...given, result!]) array.dispose();
    await executable.dispose();
    return data;
  };

export const f32 = (data: readonly number[], shape: readonly number[] = [data.length]): HostArray =>
  hostArray(Float32Array.from(data), shape, 'f32');
export const i32 = (data: readonly number[], shape: readonly number[] = [data.length]): HostArray =>
  hostArray(Int32Array.from(data), shape, 'i32');
