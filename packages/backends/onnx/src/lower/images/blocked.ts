/**
 * Convolutions with ONNX Runtime's blocked kernels, the operator set `com.microsoft.nchwc`: about as fast as a product of the
 * same size. Channels lie in blocks, [N, C / block, H, W, block]; `ReorderInput` and `ReorderOutput` make that of NCHW and back.
 * ONNX Runtime takes these kernels by itself for filters that are constants; ours are trained.
 */
import type { NodeOf, Shape } from '@node-ode/core';
import type { Attributes, Emitter, Operand } from '../contract.ts';
import { filled, int, ints, reshape } from '../shaping.ts';

/** The operator set of the blocked kernels. */
export const blockedDomain = 'com.microsoft.nchwc';

type Params = NodeOf<'conv2dInputGrad'>['params'];
/** Of the height and of the width. */
type Pair = Params['size'];

interface Forward {
  readonly x: Operand;
  readonly kernel: Operand;
  readonly params: NodeOf<'conv2d'>['params'];
  /** Of the result. */
  readonly shape: Shape;
}

/** Images [N, C, H, W] convolved with kernels [O, C, kh, kw]; undefined where another form is faster, or the only one. */
export function blockedConvolution(emitter: Emitter, { x, kernel, params, shape }: Forward): string | undefined {
  const [outputs = 0, inputs = 0, height = 1, width = 1] = kernel.type.shape;
  if (params.groups !== 1 || !paysForImages(emitter, x, [outputs, inputs], shape)) return undefined;
  const taps = reshape(emitter, kernel.name, [outputs, inputs, height * width]);
  const filters = blockedFilters(emitter, { ...kernel, name: taps }, false);
  return convolved(emitter, { images: blockedImages(emitter, x), filters, outputs, window: params });
}

interface InputGradient {
  readonly ct: Operand;
  readonly kernel: Operand;
  readonly params: NodeOf<'conv2dInputGrad'>['params'];
}

/** The cotangent convolved with the kernels turned by half a turn, inputs and outputs in each other's places. */
export function blockedInputGradient(emitter: Emitter, { ct, kernel, params }: InputGradient): string | undefined {
  const { strides, dilations, groups, size } = params;
  const [outputs = 0, inputs = 0, height = 1, width = 1] = kernel.type.shape;
  const reach: Pair = [(height - 1) * dilations[0], (width - 1) * dilations[1]];
  const padBefore: Pair = [reach[0] - params.padBefore[0], reach[1] - params.padBefore[1]];
  const after = (axis: 0 | 1): number => size[axis] + reach[axis] - padBefore[axis] - (ct.type.shape[2 + axis] ?? 0);
  const padAfter: Pair = [after(0), after(1)];
  // With strides there were zeros between the cotangent's elements; where padding is below zero, some are left out.
  const isPlain = strides.every((stride) => stride === 1) && [...padBefore, ...padAfter].every((n) => n >= 0);
  const shape = [ct.type.shape[0] ?? 0, inputs, ...size];
  if (!isPlain || groups !== 1 || !paysForImages(emitter, ct, [inputs, outputs], shape)) return undefined;
  const taps = height * width;
  const backwards = [[-1], [-taps - 1], [2], [-1]].map((list) => emitter.ints(list));
  const turned = emitter.emit('Slice', [reshape(emitter, kernel.name, [outputs, inputs, taps]), ...backwards]);
  return convolved(emitter, {
    images: blockedImages(emitter, ct),
    filters: blockedFilters(emitter, { ...kernel, name: turned }, true),
    outputs: inputs,
    window: { strides: [1, 1], padBefore, padAfter, dilations },
  });
}

interface KernelGradient {
  readonly x: Operand;
  readonly ct: Operand;
  readonly params: NodeOf<'conv2dKernelGrad'>['params'];
}

/**
 * One image whose channels are the samples, convolved with the cotangent. Its columns are [W, C], one behind the other, and the
 * filters spread over them by C: so a row of the result holds every tap of every channel, and the kernels run along it.
 * Columns of zeros stand for padding, as the kernels are slow at the edges.
 */
export function blockedKernelGradient(emitter: Emitter, { x, ct, params }: KernelGradient): string | undefined {
  const { strides, padBefore, dilations, groups, size } = params;
  const [samples = 0, channels = 0, height = 0, width = 0] = x.type.shape;
  const [, outputs = 0, ...windows] = ct.type.shape as readonly [number, number, number, number];
  if (groups !== 1 || dilations[1] !== 1 || !pays(emitter, x, [samples, outputs], 1.5)) return undefined;
  // What the windows cover, less what is there.
  const after = (axis: 0 | 1): number => {
    const covered = (windows[axis] - 1) * strides[axis] + (size[axis] - 1) * dilations[axis] + 1;
    return Math.max(0, covered - padBefore[axis] - (x.type.shape[2 + axis] ?? 0));
  };
  const padAfter: Pair = [after(0), after(1)];
  const found = (axis: 0 | 1): number => {
    const room = padBefore[axis] + (x.type.shape[2 + axis] ?? 0) + padAfter[axis] - (windows[axis] - 1) * strides[axis];
    return Math.floor((room - 1) / dilations[axis]) + 1;
  };
  const [rows, columns] = [found(0), found(1)];

  const block = emitter.target.channelBlock;
  const blocks = rounded(samples, block) / block;
  const rowsOfChannels = emitter.emit('Transpose', [x.name], { perm: ints([0, 2, 3, 1]) });
  const image: Operand = emitter.operand(reshape(emitter, rowsOfChannels, [1, samples, height, width * channels]), {
    ...x.type,
    shape: [1, samples, height, width * channels],
  });
  const zeros = (count: number): readonly string[] =>
    count === 0 ? [] : [filled(emitter, 0, [blocks, height, count * channels * block], x.type.dtype)];
  const inner = reshape(emitter, blockedImages(emitter, image), [blocks, height, width * channels * block]);
  const parts = [...zeros(padBefore[1]), inner, ...zeros(padAfter[1])];
  const padded = parts.length === 1 ? inner : emitter.emit('Concat', parts, { axis: int(2) });
  const across = (padBefore[1] + width + padAfter[1]) * channels;

  const kernels = convolved(emitter, {
    images: reshape(emitter, padded, [1, blocks * block, height, across]),
    filters: filtersOfSamples(emitter, ct),
    outputs,
    window: {
      strides: [dilations[0], 1],
      padBefore: [padBefore[0], 0],
      padAfter: [padAfter[0], 0],
      dilations: [strides[0], strides[1] * channels],
    },
  });
  const shape = [outputs, rows, columns, channels];
  const all = emitter.operand(reshape(emitter, kernels, shape), { ...x.type, shape });
  // What the last stride did not reach made taps of its own.
  const kept = emitter.lower('slice', [all], { starts: [0, 0, 0, 0], sizes: [outputs, ...size, channels] });
  return emitter.emit('Transpose', [kept.name], { perm: ints([0, 3, 1, 2]) });
}

/** n in whole blocks. */
const rounded = (n: number, block: number): number => Math.ceil(n / block) * block;

/** Whether the runtime has blocked kernels, and filling up blocks adds no more to the work than so many times. */
function pays({ target }: Emitter, { type }: Operand, channels: readonly number[], mostWaste: number): boolean {
  const block = target.channelBlock;
  if (block === 0 || type.dtype !== 'f32') return false;
  return channels.reduce((waste, n) => (waste * rounded(n, block)) / n, 1) <= mostWaste;
}

/** From so many windows on the filters are worth laying out, if that is done each time. */
const fewestWindows = 256;

/**
 * The same where images are convolved with kernels, with a result [N, O, H', W']: on images of 6×6 the blocked kernels take 0.6 of
 * the others' time, from 14×14 on 0.8.
 */
function paysForImages(emitter: Emitter, x: Operand, channels: readonly number[], result: Shape): boolean {
  const [samples = 0, , height = 0, width = 0] = result;
  const windows = height * width;
  return samples * windows >= fewestWindows && pays(emitter, x, channels, windows < 100 ? 1.4 : 1.2);
}

/** Images with their channels in blocks, the last one filled up with zeros. `ReorderInput` takes whole fours of channels. */
function blockedImages(emitter: Emitter, x: Operand): string {
  const missing = rounded(x.type.shape[1] ?? 0, 4) - (x.type.shape[1] ?? 0);
  const padded = emitter.lower('pad', [x], { before: [0, 0, 0, 0], after: [0, missing, 0, 0], value: 0 });
  return emitter.emit('ReorderInput', [padded.name], { channels_last: int(0) }, blockedDomain);
}

/** Filters [O, I, taps], or [I, O, taps] if they are `swapped`, as [O / block, I / block, taps, block of I, block of O]. */
function blockedFilters(emitter: Emitter, { name, type }: Operand, swapped: boolean): string {
  const block = emitter.target.channelBlock;
  const [first = 0, second = 0, height = 1, width = 1] = type.shape;
  const taps = height * width;
  const [rows, columns] = [rounded(first, block), rounded(second, block)];
  const filters = emitter.operand(name, { ...type, shape: [first, second, taps] });
  const whole = emitter.lower('pad', [filters], {
    before: [0, 0, 0],
    after: [rows - first, columns - second, 0],
    value: 0,
  });
  const blocks = reshape(emitter, whole.name, [rows / block, block, columns / block, block, taps]);
  const perm = swapped ? [2, 0, 4, 1, 3] : [0, 2, 4, 3, 1];
  const laidOut = emitter.emit('Transpose', [blocks], { perm: ints(perm) });
  return reshape(emitter, laidOut, [...(swapped ? [columns, rows] : [rows, columns]), height, width]);
}

/** Images [N, O, H, W] as filters whose inputs are the samples. */
function filtersOfSamples(emitter: Emitter, x: Operand): string {
  const block = emitter.target.channelBlock;
  const [samples = 0, channels = 0, height = 1, width = 1] = x.type.shape;
  const [rows, columns] = [rounded(samples, block), rounded(channels, block)];
  const shape: Shape = [samples, columns / block, height * width, block];
  const blocked = emitter.operand(reshape(emitter, blockedImages(emitter, x), shape), { ...x.type, shape });
  const whole = emitter.lower('pad', [blocked], { before: [0, 0, 0, 0], after: [rows - samples, 0, 0, 0], value: 0 });
  const blocks = reshape(emitter, whole.name, [rows / block, block, columns / block, height * width, block]);
  const laidOut = emitter.emit('Transpose', [blocks], { perm: ints([2, 0, 3, 1, 4]) });
  return reshape(emitter, laidOut, [columns, rows, height, width]);
}

interface Blocked {
  readonly images: string;
  readonly filters: string;
  /** Output channels that there are filters for; the rest of the last block is dropped. */
  readonly outputs: number;
  readonly window: Omit<Params, 'groups' | 'size'>;
}

/** A convolution of blocks, as NCHW. */
function convolved(emitter: Emitter, { images, filters, outputs, window }: Blocked): string {
  const { strides, padBefore, padAfter, dilations } = window;
  const attributes: Attributes = {
    strides: ints(strides),
    pads: ints([...padBefore, ...padAfter]),
    dilations: ints(dilations),
  };
  const blocks = emitter.emit('Conv', [images, filters], attributes, blockedDomain);
  return emitter.emit('ReorderOutput', [blocks], { channels: int(outputs), channels_last: int(0) }, blockedDomain);
}
