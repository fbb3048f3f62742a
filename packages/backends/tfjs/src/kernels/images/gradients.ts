/** Convolution's gradient for kernels: by tfjs's kernel for it where that is right and fast, by a convolution otherwise. */
import type { ConvParams, NodeOf, Pair } from '@node-ode/core';
import type { OptionalLowering, KernelBuilder, Register } from '../contract.ts';
import { pad, slice, transpose } from '../shaping.ts';
import { windowAttributes } from './convolution.ts';
import { formatOf, shapeIn, toFormat } from './layout.ts';
import { extentsOf, isOnes, isZeros, pairOf, windowCounts } from './windows.ts';

type KernelGradParams = NodeOf<'conv2dKernelGrad'>['params'];

export const conv2dKernelGrad: OptionalLowering<'conv2dKernelGrad'> = (builder, inputs, { params }) => {
  const [x, ct] = inputs as readonly [Register, Register];
  if (params.groups !== 1 || isEmpty(x, ct)) return undefined;
  const hasKernel = filterGradients.has(builder.backendName) && builder.has('Conv2DBackpropFilter');
  return hasKernel && isOnes(params.dilations)
    ? byKernel(builder, x, ct, params)
    : byConvolution(builder, x, ct, params);
};

/** Where `Conv2DBackpropFilter` is better than a convolution; `wasm` has none. */
const filterGradients: ReadonlySet<string> = new Set(['webgpu', 'tensorflow']);

const isEmpty = (...operands: readonly Register[]): boolean => operands.some(({ shape }) => shape.includes(0));

/** TensorFlow's takes no padding of its own, so that images are padded first. */
function byKernel(builder: KernelBuilder, x: Register, ct: Register, params: KernelGradParams): Register {
  const format = formatOf(builder);
  const { padBefore, padAfter, size } = params;
  const padded = builder.backendName === 'tensorflow' ? pad(builder, x, [0, 0, ...padBefore], [0, 0, ...padAfter]) : x;
  const window = padded === x ? params : { ...params, padBefore: [0, 0] as const, padAfter: [0, 0] as const };
  const shape = [...size, x.shape[1] ?? 0, ct.shape[1] ?? 0];
  const gradient = builder.call(
    'Conv2DBackpropFilter',
    { x: toFormat(builder, padded, format), dy: toFormat(builder, ct, format) },
    {
      ...windowAttributes(window, format),
      ...(isZeros(window.padBefore) && isZeros(window.padAfter) ? { pad: 'valid' } : {}),
      filterShape: shape,
    },
    { shape, dtype: 'float32' },
  );
  return transpose(builder, gradient, [3, 2, 0, 1]);
}

/**
 * Images convolved with the result's cotangent: samples in the place of channels, channels in that of samples, strides in that of
 * dilations. Padding ends where the last window does, so that what the last stride did not reach makes no windows.
 */
function byConvolution(builder: KernelBuilder, x: Register, ct: Register, params: KernelGradParams): Register {
  const format = formatOf(builder);
  const { strides, padBefore, dilations, size } = params;
  const channels = x.shape[1] ?? 0;
  const outputs = ct.shape[1] ?? 0;
  const [extents, windows] = [extentsOf(x.shape), extentsOf(ct.shape)];
  const covered = (axis: 0 | 1): number =>
    (windows[axis] - 1) * strides[axis] + (size[axis] - 1) * dilations[axis] + 1 - padBefore[axis];
  const swapped: ConvParams = {
    strides: dilations,
    dilations: strides,
    padBefore,
    padAfter: pairOf((axis) => Math.max(0, covered(axis) - extents[axis])),
    groups: 1,
  };
  const found: Pair = windowCounts(extents, windows, swapped);
  const images = transpose(builder, x, format === 'NCHW' ? [1, 0, 2, 3] : [1, 2, 3, 0]);
  const shape = shapeIn([channels, outputs, ...found], format);
  const all = builder.call(
    'Conv2D',
    { x: images, filter: transpose(builder, ct, [2, 3, 0, 1]) },
    windowAttributes(swapped, format),
    { shape, dtype: 'float32' },
  );
  const kept = slice(builder, all, [0, 0, 0, 0], shapeIn([channels, outputs, ...size], format));
  return transpose(builder, kept, format === 'NCHW' ? [1, 0, 2, 3] : [3, 0, 1, 2]);
}
