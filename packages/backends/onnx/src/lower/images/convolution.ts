/** Convolution and its two gradients, each in the form that is fastest where it runs; what was measured is in the README. */
import type { NodeOf, TensorType } from '@node-ode/core';
import { elementTypeOf } from '../../model/ir.ts';
import type { Attributes, Emitter, Lowering, Operand } from '../contract.ts';
import { hasKernel, type Kernel } from '../kernels.ts';
import { int, ints, reshape } from '../shaping.ts';
import { blockedConvolution, blockedInputGradient, blockedKernelGradient } from './blocked.ts';
import { unlessEmpty } from './unless-empty.ts';
import { unfoldedConvolution } from './unfolded.ts';

type Convolution = 'conv2d' | 'conv2dInputGrad' | 'conv2dKernelGrad';

export const convolutionRules: { readonly [P in Convolution]: Lowering<P> } = {
  conv2d: unlessEmpty((emitter, { params, outputs }, operands) => {
    const [x, kernel] = operands as readonly [Operand, Operand];
    const { shape } = outputs[0]?.type as TensorType;
    const blocked = blockedConvolution(emitter, { x, kernel, params, shape });
    if (blocked !== undefined) return blocked;
    if (has(emitter, 'Conv', x)) return emitter.emit('Conv', [x.name, kernel.name], attributesOf(params));
    return unfoldedConvolution(emitter, { x, kernel, params, shape });
  }),
  conv2dInputGrad: unlessEmpty((emitter, node, operands) => {
    const [ct, kernel] = operands as readonly [Operand, Operand];
    const { params } = node;
    const blocked = blockedInputGradient(emitter, { ct, kernel, params });
    if (blocked !== undefined) return blocked;
    if (!has(emitter, 'ConvTranspose', ct)) return emitter.decompose(node, operands);
    const { strides, padBefore, padAfter, dilations, size } = params;
    // Rows and columns that the last stride did not reach.
    const rest = ([0, 1] as const).map((axis) => {
      const [windows = 0, window = 0] = [ct, kernel].map(({ type }) => type.shape[2 + axis]);
      const reached = (windows - 1) * strides[axis] + (window - 1) * dilations[axis] + 1;
      return size[axis] - (reached - padBefore[axis] - padAfter[axis]);
    });
    return emitter.emit('ConvTranspose', [ct.name, kernel.name], {
      ...attributesOf(params),
      output_padding: ints(rest),
    });
  }),
  conv2dKernelGrad: unlessEmpty((emitter, node, operands) => {
    const [x, ct] = operands as readonly [Operand, Operand];
    const { params } = node;
    const blocked = blockedKernelGradient(emitter, { x, ct, params });
    if (blocked !== undefined) return blocked;
    if (emitter.provider !== 'cpu' || !has(emitter, 'Conv', x)) return emitter.decompose(node, operands);
    return kernelGradientByVolume(emitter, x, ct, params);
  }),
};

const has = ({ provider }: Emitter, kernel: Kernel, { type }: Operand): boolean =>
  hasKernel(provider, kernel, elementTypeOf(type.dtype));

const attributesOf = ({ strides, padBefore, padAfter, dilations, groups }: NodeOf<'conv2d'>['params']): Attributes => ({
  strides: ints(strides),
  pads: ints([...padBefore, ...padAfter]),
  dilations: ints(dilations),
  group: int(groups),
});

/**
 * The kernel's gradient as a convolution of one volume: samples are its channels, channels its depth, and the result's cotangent
 * is the kernels. To the CPU it is one product [O, N·H'·W']·[N·H'·W', C·kh·kw], where images of samples for channels would be
 * C small ones.
 */
function kernelGradientByVolume(
  emitter: Emitter,
  x: Operand,
  ct: Operand,
  { strides, padBefore, padAfter, dilations, groups, size }: NodeOf<'conv2dKernelGrad'>['params'],
): string {
  const [samples = 0, channels = 0, ...extents] = x.type.shape;
  const [, outputs = 0, ...windows] = ct.type.shape;
  const inputs = channels / groups;
  const grouped = (): string =>
    emitter.emit('Transpose', [reshape(emitter, x.name, [samples, groups, inputs, ...extents])], {
      perm: ints([1, 0, 2, 3, 4]),
    });
  const volume = reshape(emitter, groups === 1 ? x.name : grouped(), [1, groups * samples, inputs, ...extents]);
  const swapped = emitter.emit('Transpose', [ct.name], { perm: ints([1, 0, 2, 3]) });
  const kernels = emitter.emit('Conv', [volume, reshape(emitter, swapped, [outputs, samples, 1, ...windows])], {
    strides: ints([1, ...dilations]),
    pads: ints([0, ...padBefore, 0, ...padAfter]),
    dilations: ints([1, ...strides]),
    group: int(groups),
  });
  // What the last stride did not reach makes windows of its own.
  const found = ([0, 1] as const).map((axis) => {
    const room = (extents[axis] ?? 0) + padBefore[axis] + padAfter[axis] - strides[axis] * ((windows[axis] ?? 0) - 1);
    return Math.floor((room - 1) / dilations[axis]) + 1;
  });
  const whole = emitter.operand(kernels, { ...x.type, shape: [1, outputs, inputs, ...found] });
  const kept = emitter.lower('slice', [whole], { starts: [0, 0, 0, 0, 0], sizes: [1, outputs, inputs, ...size] });
  return reshape(emitter, kept.name, [outputs, inputs, ...size]);
}
