/** Operations of TensorFlow that tfjs-node's kernels do not reach, or only by tensors of tfjs's engine. */
import { UnsupportedError } from '@node-ode/core';
import { isNativeBackend, type NativeBackend, type OpAttribute } from '../../runtime/native/native-backend.ts';
import type { TfKernelConfig, TfTensorInfo } from '../../runtime/tf-module.ts';

/** TensorFlow's number for a dtype of tfjs. */
function typeOf({ binding }: NativeBackend, dtype: string): number {
  const types: Readonly<Record<string, number>> = {
    float32: binding.TF_FLOAT,
    int32: binding.TF_INT32,
    bool: binding.TF_BOOL,
  };
  const type = types[dtype];
  if (type === undefined)
    throw new UnsupportedError('tfjs', `a tensor of dtype ${dtype}`, { expected: 'float32, int32 or bool' });
  return type;
}

/** A kernel of two operands of one dtype, which the operation's name follows. */
const ofTwo = (kernelName: string, op: (dtype: string) => string): TfKernelConfig => ({
  kernelName,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    const { a, b } = inputs as { readonly a: TfTensorInfo; readonly b: TfTensorInfo };
    if (!isNativeBackend(backend)) throw new UnsupportedError(kernelName, "the backend is none of tfjs-node's");
    const attribute: OpAttribute = { name: 'T', type: backend.binding.TF_ATTR_TYPE, value: typeOf(backend, a.dtype) };
    return backend.executeSingleOutput(op(a.dtype), [attribute], [a, b]);
  },
});

export const tensorflowKernels: Readonly<Record<string, TfKernelConfig>> = {
  // tfjs-node's own converts its operands by operations on tensors of the engine.
  Pow: ofTwo('Pow', () => 'Pow'),
  // TensorFlow's quotient of integers has another name.
  RealDiv: ofTwo('RealDiv', (dtype) => (dtype === 'int32' ? 'TruncateDiv' : 'RealDiv')),
  NodeOdeTruncateMod: ofTwo('NodeOdeTruncateMod', () => 'TruncateMod'),
};
