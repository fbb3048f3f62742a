/**
 * Images are [samples, channels, height, width] here, and [samples, height, width, channels] to most of tfjs's kernels. Those that
 * read ours as they are save a copy on the way in and one on the way out.
 */
import type { Pair, Shape } from '@node-ode/core';
import type { KernelBuilder, Register } from '../contract.ts';
import { reshape, transpose } from '../shaping.ts';

/** tfjs's names for where the channels are. */
export type DataFormat = 'NCHW' | 'NHWC';

/** What the backend's convolutions read, without a copy where there is a choice: `webgpu`'s read images with their channels first. */
export const formatOf = ({ backendName }: KernelBuilder): DataFormat => (backendName === 'webgpu' ? 'NCHW' : 'NHWC');

/** Images as kernels of a format read them. */
export const toFormat = (builder: KernelBuilder, x: Register, format: DataFormat): Register =>
  format === 'NCHW' ? x : transpose(builder, x, [0, 2, 3, 1]);

/** Images as kernels of a format gave them, with the channels first. */
export const fromFormat = (builder: KernelBuilder, x: Register, format: DataFormat): Register =>
  format === 'NCHW' ? x : transpose(builder, x, [0, 3, 1, 2]);

/** The shape [N, C, H, W] in a format. */
export const shapeIn = ([samples = 0, channels = 0, height = 0, width = 0]: Shape, format: DataFormat): Shape =>
  format === 'NCHW' ? [samples, channels, height, width] : [samples, height, width, channels];

/** Padding as tfjs takes it, one pair for each axis. */
export function padding(before: Pair, after: Pair, format: DataFormat): readonly (readonly [number, number])[] {
  const [height, width] = [
    [before[0], after[0]],
    [before[1], after[1]],
  ] as const;
  const none = [0, 0] as const;
  return format === 'NCHW' ? [none, none, height, width] : [none, height, width, none];
}

/** Each channel of each sample as an image of one channel [N·C, H, W, 1], which is the same in either format. */
export const planes = (builder: KernelBuilder, x: Register): Register => {
  const [samples = 0, channels = 0, height = 0, width = 0] = x.shape;
  return reshape(builder, x, [samples * channels, height, width, 1]);
};
