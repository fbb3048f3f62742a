/** Composites that tfjs has kernels for, or that take fewer or cheaper calls in one piece than in their parts. */
import { sizeOf } from '@node-ode/core';
import { allFinite } from './all-finite.ts';
import type { CompositeLowerings, Register } from './contract.ts';
import { errorNorm } from './error-norm.ts';
import { imageComposites } from './images/index.ts';
import { linearCombination } from './linear-combination.ts';
import { sum } from './reduction.ts';

export const compositeLowerings: CompositeLowerings = {
  // Our own sum divides as well; `webgpu` and TensorFlow have a kernel.
  mean: (builder, inputs, { params, outputs }) => {
    const [x] = inputs as readonly [Register];
    const type = outputs[0]?.type;
    const { axes, keepDims } = params;
    if (axes.length === 0 || sizeOf(x.shape) === 0 || type?.kind !== 'tensor') return undefined;
    const divisor = sizeOf(axes.map((axis) => x.shape[axis]!));
    const own = sum(builder, x, params, { kernel: 'Mean', divisor });
    if (own !== undefined || builder.backendName === 'cpu' || !builder.has('Mean')) return own;
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
  allFinite,
  ...imageComposites,
};
