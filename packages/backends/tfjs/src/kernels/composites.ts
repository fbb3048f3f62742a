/** Composites that tfjs has kernels for, or that take fewer or cheaper calls in one piece than in their parts. */
import { sizeOf } from '@node-ode/core';
import type { CompositeLowerings, Register } from './contract.ts';
import { errorNorm } from './error-norm.ts';
import { imageComposites } from './images/index.ts';
import { linearCombination } from './linear-combination.ts';

export const compositeLowerings: CompositeLowerings = {
  // On `cpu` the kernel divides every element; `wasm`, `webgpu` and TensorFlow have it in one call.
  mean: (builder, inputs, { params, outputs }) => {
    const [x] = inputs as readonly [Register];
    const type = outputs[0]?.type;
    const { axes, keepDims } = params;
    const isDecomposed = builder.backendName === 'cpu' || axes.length === 0 || sizeOf(x.shape) === 0;
    if (isDecomposed || type?.kind !== 'tensor' || !builder.has('Mean')) return undefined;
    return builder.call('Mean', { x }, { axis: axes, keepDims }, { shape: type.shape, dtype: 'float32' });
  },
  // Right on both to 2e-7 of the result from −15 to 20, NaN and infinities too; of other backends nothing is known.
  softplus: (builder, inputs) => {
    const [x] = inputs as readonly [Register];
    if (!['cpu', 'wasm'].includes(builder.backendName)) return undefined;
    return builder.call('Softplus', { x }, {}, { shape: x.shape, dtype: 'float32' });
  },
  // tfjs's kernels take the last axis.
  softmax: (builder, inputs, { params }) => {
    const [logits] = inputs as readonly [Register];
    const { shape } = logits;
    if (params.axis !== shape.length - 1 || sizeOf(shape) === 0 || !builder.has('Softmax')) return undefined;
    return builder.call('Softmax', { logits }, { dim: params.axis }, { shape, dtype: 'float32' });
  },
  linearCombination,
  errorNorm,
  ...imageComposites,
};
