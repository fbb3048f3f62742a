/**
 * Convolutions in WGSL, element by element, where tfjs's kernel can't: it fails with up to four output channels in front of the
 * image, and has no groups.
 */
import { sizeOf, type ConvParams, type WindowParams } from '@node-ode/core';
import type { KernelBuilder, Lowering, OptionalLowering, Register } from '../contract.ts';
import { imageComposites, imageLowerings } from '../images/index.ts';
import { extentsOf, windowCounts } from '../images/windows.ts';
import { code, type Code } from './code.ts';
import { filled } from './movement.ts';
import { wgsl } from './program.ts';

/** With this many output channels tfjs's kernel asks for tiles that do not fit. */
const mostFailing = 4;

/** Whether tfjs's kernel fails with this one, [O, C / groups, kh, kw]. */
export const isTooNarrow = (kernel: Register): boolean => kernel.shape[0]! <= mostFailing;

export const conv2d: Lowering<'conv2d'> = (builder, inputs, node) => {
  const [x, kernel] = inputs as readonly [Register, Register];
  const { params } = node;
  if (params.groups === 1 && !isTooNarrow(kernel)) return imageLowerings.conv2d(builder, inputs, node);
  return direct(builder, x, kernel, params);
};

export const conv2dKernelGrad: OptionalLowering<'conv2dKernelGrad'> = (builder, inputs, node) => {
  const [x, ct] = inputs as readonly [Register, Register];
  const { groups, dilations } = node.params;
  const isPlain = groups === 1 && dilations[0] === 1 && dilations[1] === 1;
  if (isPlain) return imageComposites.conv2dKernelGrad?.(builder, inputs, node);
  return directKernelGrad(builder, x, ct, node.params);
};

/** Where element (i, j) of a window lies in the image, and whether it is in it. */
const place = (
  { strides, dilations, padBefore }: WindowParams,
  [height, width]: readonly [number, number],
): Code => code`
let row = top * ${strides[0]} + i * ${dilations[0]} - ${padBefore[0]};
let column = left * ${strides[1]} + j * ${dilations[1]} - ${padBefore[1]};
let inside = row >= 0 && row < ${height} && column >= 0 && column < ${width};`;

function direct(builder: KernelBuilder, x: Register, kernel: Register, params: ConvParams): Register {
  const [samples = 0, channels = 0] = x.shape;
  const [outputs = 0, inputs = 0, kh = 0, kw = 0] = kernel.shape;
  const [height, width] = extentsOf(x.shape);
  const [rows, columns] = windowCounts([height, width], [kh, kw], params);
  const shape = [samples, outputs, rows, columns];
  if (sizeOf(x.shape) === 0 || sizeOf(kernel.shape) === 0) return filled(builder, 0, shape, 'float32');
  const body = code`
let left = index % ${columns};
let top = index / ${columns} % ${rows};
let output = index / ${columns * rows} % ${outputs};
let sample = index / ${columns * rows * outputs};
let first = sample * ${channels} + output / ${outputs / params.groups} * ${inputs};
var sum = 0.0f;
for (var c = 0; c < ${inputs}; c++) {
  for (var i = 0; i < ${kh}; i++) {
    for (var j = 0; j < ${kw}; j++) {${place(params, [height, width])}
      if (inside) {
        sum += A[((first + c) * ${height} + row) * ${width} + column] * B[((output * ${inputs} + c) * ${kh} + i) * ${kw} + j];
      }
    }
  }
}
result[index] = sum;`;
  return wgsl(builder, [x, kernel], body, { shape, dtype: 'float32' });
}

type KernelGradParams = Parameters<Lowering<'conv2dKernelGrad'>>[2]['params'];

function directKernelGrad(builder: KernelBuilder, x: Register, ct: Register, params: KernelGradParams): Register {
  const { groups, size } = params;
  const [samples = 0, channels = 0, height = 0, width = 0] = x.shape;
  const [, outputs = 0, rows = 0, columns = 0] = ct.shape;
  const inputs = channels / groups;
  const shape = [outputs, inputs, ...size];
  if (sizeOf(x.shape) === 0 || sizeOf(ct.shape) === 0) return filled(builder, 0, shape, 'float32');
  const body = code`
let j = index % ${size[1]};
let i = index / ${size[1]} % ${size[0]};
let c = index / ${size[0] * size[1]} % ${inputs};
let output = index / ${size[0] * size[1] * inputs};
let channel = output / ${outputs / groups} * ${inputs} + c;
var sum = 0.0f;
for (var sample = 0; sample < ${samples}; sample++) {
  for (var top = 0; top < ${rows}; top++) {
    for (var left = 0; left < ${columns}; left++) {${place(params, [height, width])}
      if (inside) {
        sum += A[((sample * ${channels} + channel) * ${height} + row) * ${width} + column]
          * B[((sample * ${outputs} + output) * ${rows} + top) * ${columns} + left];
      }
    }
  }
}
result[index] = sum;`;
  return wgsl(builder, [x, ct], body, { shape, dtype: 'float32' });
}
