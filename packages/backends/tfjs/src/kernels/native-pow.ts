/**
 * TensorFlow's Pow. tfjs-node's kernel converts its operands by `tf.cast`, which takes tensors of tfjs's engine alone; these two have one
 * dtype already.
 */
import type { TfKernelConfig, TfTensorInfo } from '../runtime/tf-module.ts';

/** What is used of tfjs-node's backend. */
interface NativeBackend {
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_FLOAT: number };
  executeSingleOutput(
    name: string,
    attributes: readonly NativeAttribute[],
    inputs: readonly TfTensorInfo[],
  ): TfTensorInfo;
}

interface NativeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: number;
}

const isNative = (backend: object): backend is NativeBackend =>
  'executeSingleOutput' in backend && 'binding' in backend;

export const nativePow: TfKernelConfig = {
  kernelName: 'Pow',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    if (!isNative(backend) || Array.isArray(inputs)) throw new Error('this is no backend of tfjs-node');
    const { TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
    return backend.executeSingleOutput(
      'Pow',
      [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }],
      [inputs['a']!, inputs['b']!],
    );
  },
};
