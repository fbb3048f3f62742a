/** Convolution by tfjs's `Conv2D`, and by `DepthwiseConv2dNative` where every channel is a group of its own. */
import type { ConvParams, WindowParams } from '@node-ode/core';
import type { KernelBuilder, Lowering, Register } from '../contract.ts';
import { filled, range, reshape, slice, transpose } from '../shaping.ts';
import { formatOf, fromFormat, padding, shapeIn, toFormat } from './layout.ts';
import { extentsOf, isOnes, windowCounts } from './windows.ts';

/** What tfjs's fused kernel adds and applies behind a convolution. */
export interface Epilogue {
  /** One element for each output channel. */
  readonly bias: Register;
  readonly activation: string;
}

interface Convolution {
  /** [N, C, H, W] */
  readonly x: Register;
  /** [O, C / groups, kh, kw] */
  readonly kernel: Register;
  readonly params: ConvParams;
}

export const conv2d: Lowering<'conv2d'> = (builder, inputs, { params }) => {
  const [x, kernel] = inputs as readonly [Register, Register];
  return convolution(builder, { x, kernel, params });
};

function convolution(builder: KernelBuilder, given: Convolution): Register {
  const { x, kernel, params } = given;
  if (x.shape[1] === 0) return filled(builder, 0, shapeOf(given));
  if (params.groups === 1) return ungrouped(builder, given);
  return isDepthwise(builder, given) ? depthwise(builder, x, kernel, params) : groupByGroup(builder, given);
}

/** The shape [N, O, H', W'] of the result. */
const shapeOf = ({ x, kernel, params }: Convolution): readonly number[] => [
  x.shape[0] ?? 0,
  kernel.shape[0] ?? 0,
  ...windowCounts(extentsOf(x.shape), extentsOf(kernel.shape), params),
];

/** A convolution in one group, with what follows it in the same kernel if there is an epilogue. */
export function ungrouped(builder: KernelBuilder, given: Convolution, epilogue?: Epilogue): Register {
  const { x, kernel, params } = given;
  const format = formatOf(builder);
  const operands = { x: toFormat(builder, x, format), filter: transpose(builder, kernel, [2, 3, 1, 0]) };
  const attributes = windowAttributes(params, format);
  const result = { shape: shapeIn(shapeOf(given), format), dtype: 'float32' } as const;
  const y =
    epilogue === undefined
      ? builder.call('Conv2D', operands, attributes, result)
      : builder.call(
          'FusedConv2D',
          { ...operands, bias: epilogue.bias },
          { ...attributes, activation: epilogue.activation },
          result,
        );
  return fromFormat(builder, y, format);
}

export const windowAttributes = (
  { strides, dilations, padBefore, padAfter }: WindowParams,
  format: 'NCHW' | 'NHWC',
): Readonly<Record<string, unknown>> => ({
  strides,
  dilations,
  pad: padding(padBefore, padAfter, format),
  dataFormat: format,
});

/** tfjs refuses strides with dilations in places; TensorFlow has them apart, and strides of one length only. */
function isDepthwise(builder: KernelBuilder, { x, kernel, params }: Convolution): boolean {
  const { groups, strides, dilations } = params;
  if (kernel.shape[1] !== 1 || groups !== x.shape[1] || !builder.has('DepthwiseConv2dNative')) return false;
  if (builder.backendName === 'tensorflow') return isOnes(dilations) && strides[0] === strides[1];
  return isOnes(strides) || isOnes(dilations);
}

/** Kernels [C·m, 1, kh, kw] are tfjs's [kh, kw, C, m]. */
function depthwise(builder: KernelBuilder, x: Register, kernel: Register, params: ConvParams): Register {
  const format = builder.backendName === 'webgpu' ? 'NCHW' : 'NHWC';
  const [outputs = 0, , ...window] = kernel.shape;
  const filters = reshape(builder, kernel, [params.groups, outputs / params.groups, ...window]);
  const y = builder.call(
    'DepthwiseConv2dNative',
    { x: toFormat(builder, x, format), filter: transpose(builder, filters, [2, 3, 0, 1]) },
    windowAttributes(params, format),
    { shape: shapeIn(shapeOf({ x, kernel, params }), format), dtype: 'float32' },
  );
  return fromFormat(builder, y, format);
}

function groupByGroup(builder: KernelBuilder, { x, kernel, params }: Convolution): Register {
  const { groups } = params;
  const [samples = 0, channels = 0, ...extents] = x.shape;
  const [outputs = 0, inputs = 0, ...window] = kernel.shape;
  const [wide, deep] = [channels / groups, outputs / groups];
  const parts = range(groups).map((group) =>
    ungrouped(builder, {
      x: slice(builder, x, [0, group * wide, 0, 0], [samples, wide, ...extents]),
      kernel: slice(builder, kernel, [group * deep, 0, 0, 0], [deep, inputs, ...window]),
      params: { ...params, groups: 1 },
    }),
  );
  return builder.lower('concat', parts, { axis: 1 });
}
