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

function nativeOf(kernelName: string, backend: object): NativeBackend {
  if (isNativeBackend(backend)) return backend;
  throw new UnsupportedError(kernelName, "the backend is none of tfjs-node's");
}

/** A kernel of two operands of one dtype, which the operation's name follows. */
const ofTwo = (kernelName: string, op: (dtype: string) => string): TfKernelConfig => ({
  kernelName,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    const { a, b } = inputs as { readonly a: TfTensorInfo; readonly b: TfTensorInfo };
    const native = nativeOf(kernelName, backend);
    const attribute: OpAttribute = { name: 'T', type: native.binding.TF_ATTR_TYPE, value: typeOf(native, a.dtype) };
    return native.executeSingleOutput(op(a.dtype), [attribute], [a, b]);
  },
});

/** The mean along axes. */
const mean: TfKernelConfig = {
  kernelName: 'Mean',
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { x } = inputs as { readonly x: TfTensorInfo };
    const { axis, keepDims } = attrs as { readonly axis: readonly number[]; readonly keepDims: boolean };
    const native = nativeOf('Mean', backend);
    const { TF_ATTR_BOOL, TF_ATTR_TYPE } = native.binding;
    const attributes: readonly OpAttribute[] = [
      { name: 'keep_dims', type: TF_ATTR_BOOL, value: keepDims },
      { name: 'T', type: TF_ATTR_TYPE, value: typeOf(native, x.dtype) },
      { name: 'Tidx', type: TF_ATTR_TYPE, value: typeOf(native, 'int32') },
    ];
    const shape = [axis.length];
    const axes: TfTensorInfo = { dataId: native.write(Int32Array.from(axis), shape, 'int32'), shape, dtype: 'int32' };
    try {
      return native.executeSingleOutput('Mean', attributes, [x, axes]);
    } finally {
      native.disposeData(axes.dataId);
    }
  },
};

export const tensorflowKernels: Readonly<Record<string, TfKernelConfig>> = {
  // tfjs-node's own convert their operands by operations on tensors of the engine.
  Pow: ofTwo('Pow', () => 'Pow'),
  Mean: mean,
  // It has the remainder with the sign of the first operand, which tfjs-node has no kernel for.
  NodeOdeTruncateMod: ofTwo('NodeOdeTruncateMod', () => 'TruncateMod'),
  // TensorFlow's quotient of integers has another name; TruncateDiv does the same, and says nothing of a division by zero.
  RealDiv: ofTwo('RealDiv', (dtype) => (dtype === 'int32' ? 'Div' : 'RealDiv')),
};

/**
 * Kernels of tfjs-node that are made of operations on tensors of tfjs's engine, which handles are not. Nothing is lost: each of their
 * parts is an operation of TensorFlow of its own, the fused ones too.
 */
export const tensorflowRefuses: ReadonlySet<string> = new Set([
  'ClipByValue',
  'FusedBatchNorm',
  'FusedConv2D',
  'FusedDepthwiseConv2D',
  'Prelu',
  'Step',
  '_FusedMatMul',
]);
