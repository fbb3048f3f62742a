/** Where a convolution's elements lie: in each of its tensors, a row or a column of a matrix is an offset. */
import { ExecutionError } from '@node-ode/core';
import type { TfKernelArguments } from '../../../runtime/tf-module.ts';
import { isNumbers } from '../attributes.ts';
import type { Frame } from './frame.ts';

/**
 * A convolution of one group is kernel[output, tap] times image[tap, window], where a tap is an input channel and a place in the
 * kernel, and a window a sample and a place in the result; padding is part of the image.
 */
export interface Layout {
  readonly groups: number;
  readonly frame: Frame;
  /** How far apart groups are. */
  readonly apart: { readonly image: number; readonly kernel: number; readonly result: number };
  readonly image: { readonly taps: Int32Array; readonly windows: Int32Array };
  readonly kernel: { readonly outputs: Int32Array; readonly taps: Int32Array };
  readonly result: { readonly outputs: Int32Array; readonly windows: Int32Array };
}

/**
 * Of the attributes: `image`, `kernel` and `result` are the shapes [N, G·C, H, W], [G·O, C, kh, kw] and [N, G·O, H', W'], the others
 * are the convolution's parameters.
 */
export function layoutOf(attributes: TfKernelArguments['attrs'], operation: string): Layout {
  const list = (name: string): readonly number[] => {
    const found = attributes?.[name];
    if (isNumbers(found)) return found;
    throw new ExecutionError(operation, `no ${name}`, { expected: 'numbers' });
  };
  const groups = attributes?.['groups'];
  if (typeof groups !== 'number') throw new ExecutionError(operation, 'no groups', { expected: 'a number' });
  const [samples = 0, channels = 0, height = 0, width = 0] = list('image');
  const [allOutputs = 0, inputs = 0, ...window] = list('kernel');
  const [rows = 0, columns = 0] = list('result').slice(2);
  const [above = 0, before = 0] = list('padBefore');
  const [below = 0, behind = 0] = list('padAfter');
  const [strideDown = 1, strideAcross = 1] = list('strides');
  const [down = 1, across = 1] = list('dilations');
  const [tall, wide] = [above + height + below, before + width + behind];
  const area = tall * wide;
  const places = rows * columns;
  const outputs = allOutputs / groups;
  const taps = [inputs, ...window];
  const tapCount = taps.reduce((count, extent) => count * extent, 1);
  return {
    groups,
    frame: { planes: samples * channels, height, width, tall, wide, above, before },
    apart: { image: inputs * area, kernel: outputs * tapCount, result: outputs * places },
    image: {
      taps: offsets(taps, [area, down * wide, across]),
      windows: offsets([samples, rows, columns], [channels * area, strideDown * wide, strideAcross]),
    },
    kernel: { outputs: offsets([outputs], [tapCount]), taps: offsets([tapCount], [1]) },
    result: { outputs: offsets([outputs], [places]), windows: offsets([samples, places], [allOutputs * places, 1]) },
  };
}

/** Where the elements of axes are that go by these steps, the last axis first. */
const offsets = (extents: readonly number[], steps: readonly number[]): Int32Array =>
  extents.reduce((outer, extent, axis) => {
    const all = new Int32Array(outer.length * extent);
    for (let i = 0; i < all.length; i++) all[i] = outer[Math.floor(i / extent)]! + (i % extent) * steps[axis]!;
    return all;
  }, Int32Array.of(0));
