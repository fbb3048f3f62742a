/** Operations of TensorFlow that tfjs-node's kernels do not reach, or only by tensors of tfjs's engine. */
import type { TfKernelConfig, TfTensorInfo } from '../../runtime/tf-module.ts';
import { listKernels } from './list-operands.ts';
import { nativeOf, typeAttribute } from './native-kernel.ts';

/** A kernel of two operands of one dtype, which the operation's name follows. */
const ofTwo = (kernelName: string, op: (dtype: string) => string): TfKernelConfig => ({
  kernelName,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, backend }) => {
    const { a, b } = inputs as { readonly a: TfTensorInfo; readonly b: TfTensorInfo };
    const native = nativeOf(kernelName, backend);
    return native.executeSingleOutput(op(a.dtype), [typeAttribute(native, 'T', a.dtype)], [a, b]);
  },
});

export const tensorflowKernels: Readonly<Record<string, TfKernelConfig>> = {
  ...listKernels,
  // tfjs-node's own converts its operands by operations on tensors of the engine.
  Pow: ofTwo('Pow', () => 'Pow'),
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
