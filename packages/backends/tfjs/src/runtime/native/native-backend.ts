/** tfjs-node's backend, as far as it differs from others: it calls operations of TensorFlow by their names. */
import { UnsupportedError } from '@node-ode/core';
import type { TfKernelBackend, TfTensorInfo } from '../tf-module.ts';

/** What an operation gives, in TensorFlow's terms. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** An attribute of an operation. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** TensorFlow's numbers for dtypes and for kinds of attributes, and its version. */
export interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_INT: number;
  readonly TF_Version: string;
}

export interface NativeBackend extends TfKernelBackend {
  readonly isGPUPackage: boolean;
  readonly isUsingGpuDevice: boolean;
  readonly binding: Binding;
  executeSingleOutput(op: string, attributes: readonly OpAttribute[], inputs: readonly TfTensorInfo[]): TfTensorInfo;
}

/** Whether a backend is tfjs-node's, or tfjs-node-gpu's. */
export const isNativeBackend = (backend: object): backend is NativeBackend =>
  'isGPUPackage' in backend &&
  'isUsingGpuDevice' in backend &&
  'binding' in backend &&
  'executeSingleOutput' in backend;

/** How tfjs-node makes a tensor of a result: private to it, the same in all its versions since 1.0. */
interface Maker {
  readonly tensorMap: { set(dataId: object, data: TensorMetadata & { values: null; refCount: number }): void };
  createOutputTensor(metadata: TensorMetadata): TfTensorInfo;
}

const isMaker = (backend: object): backend is Maker => 'tensorMap' in backend && 'createOutputTensor' in backend;

/**
 * The same backend, whose kernels give plain handles. Its own give tensors that tfjs's engine counts until they are disposed of there:
 * called without the engine, they would be counted for ever.
 *
 * @throws UnsupportedError if this version makes its tensors in another way.
 */
export function withoutTensors<T extends NativeBackend>(backend: T): T {
  if (!isMaker(backend)) {
    throw new UnsupportedError('tfjs', 'this version of tfjs-node makes its tensors in an unknown way', {
      expected: '@tensorflow/tfjs-node or @tensorflow/tfjs-node-gpu 4.22',
    });
  }
  const { tensorMap, binding } = backend;
  const dtypes = new Map([
    [binding.TF_FLOAT, 'float32'],
    [binding.TF_INT32, 'int32'],
    [binding.TF_BOOL, 'bool'],
  ]);
  const createOutputTensor = ({ id, shape, dtype }: TensorMetadata): TfTensorInfo => {
    const name = dtypes.get(dtype);
    if (name === undefined) throw new UnsupportedError('tfjs', `TensorFlow gave a tensor of its dtype ${dtype}`);
    const dataId = {};
    tensorMap.set(dataId, { shape, dtype, id, values: null, refCount: 1 });
    return { dataId, shape, dtype: name };
  };
  return Object.create(backend, { createOutputTensor: { value: createOutputTensor } }) as T;
}
