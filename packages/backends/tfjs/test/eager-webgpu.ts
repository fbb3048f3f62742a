/** Lowerings run one by one as they are made, on tfjs's WebGPU backend. */
import { hostArray, ExecutionError, type HostArray, type TensorData } from '@node-ode/core';
import { webGpuInNode } from '@node-ode/e2e/webgpu';
import type { KernelBuilder, Lowering, PlainPrimitive, Register, TfDType } from '../src/kernels/contract.ts';
import { runWgsl, wgslKernel } from '../src/kernels/webgpu/program.ts';
import type { TfKernelBackend, TfTensorInfo } from '../src/runtime/tf-module.ts';

/** Applies a lowering to host arrays. */
export type Apply = <P extends PlainPrimitive>(
  lowering: Lowering<P>,
  inputs: readonly HostArray[],
  node?: Parameters<Lowering<P>>[2],
) => Promise<TensorData>;

/** tfjs's WebGPU backend in this process. */
export async function webGpuBackend(): Promise<TfKernelBackend> {
  await webGpuInNode();
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend('webgpu'))) throw new ExecutionError('test', 'tfjs has no WebGPU here');
  return tf.findBackend('webgpu');
}

const dtypes = { f32: 'float32', i32: 'int32', bool: 'bool' } as const;

export function applyOn(backend: TfKernelBackend): Apply {
  return async (lowering, inputs, node) => {
    const tensors: TfTensorInfo[] = [];
    const register = (info: TfTensorInfo, dtype: TfDType): Register => {
      tensors.push(info);
      return { index: tensors.length - 1, shape: info.shape, dtype };
    };
    const builder: KernelBuilder = {
      backendName: 'webgpu',
      has: () => false,
      call: (kernel, operands, attrs, { dtype }) => {
        if (kernel !== wgslKernel || !Array.isArray(operands)) throw new ExecutionError('test', `kernel ${kernel}`);
        const given = operands.map((x: Register) => tensors[x.index]!);
        return register(runWgsl({ inputs: given, attrs, backend }), dtype);
      },
      lower: () => {
        throw new ExecutionError('test', 'another primitive');
      },
      constant: () => {
        throw new ExecutionError('test', 'a constant');
      },
    };
    const registers = inputs.map(({ data, shape, dtype }) => {
      if (dtype === 'f64') throw new ExecutionError('test', 'f64');
      const elements = dtype === 'f32' ? Float32Array.from(data) : Int32Array.from(data);
      const own = [...shape];
      return register({ dataId: backend.write(elements, own, dtypes[dtype]), shape: own, dtype: dtypes[dtype] }, dtypes[dtype]);
    });
    const { index } = lowering(builder, registers, node!);
    const read = await backend.read(tensors[index]!.dataId);
    for (const { dataId } of tensors) backend.disposeData(dataId);
    return read as TensorData;
  };
}

export const f32 = (data: readonly number[], shape: readonly number[] = [data.length]): HostArray =>
  hostArray(Float32Array.from(data), shape, 'f32');
export const i32 = (data: readonly number[], shape: readonly number[] = [data.length]): HostArray =>
  hostArray(Int32Array.from(data), shape, 'i32');
