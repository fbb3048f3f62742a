/** Convolution as products with the unfolded images, for dtypes that the provider's convolutions do not have: f64. */
import type { NodeOf, Shape } from '@node-ode/core';
import type { Emitter, Operand } from '../contract.ts';
import { requireKernel } from '../kernels.ts';
import { int, range, reshape } from '../shaping.ts';

interface Convolution {
  readonly x: Operand;
  readonly kernel: Operand;
  readonly params: NodeOf<'conv2d'>['params'];
  /** Of the result. */
  readonly shape: Shape;
}

/** Kernels [groups, O / groups, K] times columns [N, groups, K, H'·W'], where K = C / groups·kh·kw. */
export function unfoldedConvolution(emitter: Emitter, { x, kernel, params, shape }: Convolution): string {
  requireKernel(emitter, 'conv2d', 'MatMul', x.type.dtype);
  const { groups } = params;
  const [samples = 0, outputs = 0, ...windows] = shape;
  const positions = (windows[0] ?? 0) * (windows[1] ?? 0);
  const [, inputs = 0, height = 0, width = 0] = kernel.type.shape;
  const terms = inputs * height * width;
  const columns = reshape(emitter, unfolded(emitter, x, [height, width], params, windows), [
    samples,
    groups,
    terms,
    positions,
  ]);
  const matrices = reshape(emitter, kernel.name, [groups, outputs / groups, terms]);
  return reshape(emitter, emitter.emit('MatMul', [matrices, columns]), shape);
}

/** The element of each window at each of its positions, [N, C, kh·kw, H'·W']. */
function unfolded(
  emitter: Emitter,
  x: Operand,
  [height, width]: readonly [number, number],
  { strides, padBefore, padAfter, dilations }: Convolution['params'],
  windows: Shape,
): string {
  const [samples = 0, channels = 0] = x.type.shape;
  const padded = emitter.lower('pad', [x], { before: [0, 0, ...padBefore], after: [0, 0, ...padAfter], value: 0 });
  const taps = range(0, height).flatMap((row) =>
    range(0, width).map((column) => {
      const starts = [row * dilations[0], column * dilations[1]];
      const ends = starts.map((start, axis) => start + ((windows[axis] ?? 0) - 1) * (strides[axis] ?? 1) + 1);
      const lists = [starts, ends, [2, 3], strides].map((list) => emitter.ints(list));
      const tap = emitter.emit('Slice', [padded.name, ...lists]);
      return reshape(emitter, tap, [samples, channels, 1, (windows[0] ?? 0) * (windows[1] ?? 0)]);
    }),
  );
  const [first = ''] = taps;
  return taps.length === 1 ? first : emitter.emit('Concat', taps, { axis: int(2) });
}
