/** Cases of convolutions and pooling: images are [samples, channels, height, width]. */
import {
  array,
  inferTypes,
  tensorType,
  value,
  type Application,
  type AveragePoolParams,
  type ConvParams,
  type HostArray,
  type PoolParams,
  type WindowParams,
} from '@node-ode/core';
import { floats, type CasesOf, type Draw, type PrimitiveCase } from './draw.ts';

type Four = readonly [number, number, number, number];

/** A convolution: its images, its kernels, and what is not plain about how they meet. */
interface Convolution {
  readonly note: string;
  readonly x: Four;
  readonly kernel: Four;
  readonly params?: Partial<ConvParams>;
}

const convolutions: readonly Convolution[] = [
  { note: '3×3 on one plane', x: [1, 1, 3, 3], kernel: [1, 1, 3, 3] },
  {
    note: '3×3 that keeps the extents',
    x: [2, 3, 6, 6],
    kernel: [4, 3, 3, 3],
    params: { padBefore: [1, 1], padAfter: [1, 1] },
  },
  {
    note: '3×3 of more channels than a vector has lanes',
    x: [3, 17, 7, 5],
    kernel: [19, 17, 3, 3],
    params: { padBefore: [1, 1], padAfter: [1, 1] },
  },
  { note: '1×1', x: [2, 9, 5, 4], kernel: [6, 9, 1, 1] },
  { note: '1×1 with strides', x: [2, 4, 7, 6], kernel: [5, 4, 1, 1], params: { strides: [2, 3] } },
  { note: 'one column', x: [2, 2, 5, 1], kernel: [3, 2, 3, 1], params: { padBefore: [1, 0], padAfter: [1, 0] } },
  {
    note: 'strides that leave rows over',
    x: [2, 3, 8, 9],
    kernel: [4, 3, 3, 2],
    params: { strides: [2, 3], padBefore: [1, 0], padAfter: [1, 0] },
  },
  { note: 'strides beyond the kernel', x: [1, 2, 9, 7], kernel: [2, 2, 2, 1], params: { strides: [4, 3] } },
  { note: 'unlike padding', x: [1, 2, 5, 4], kernel: [2, 2, 3, 4], params: { padBefore: [0, 3], padAfter: [2, 1] } },
  {
    note: 'dilation',
    x: [2, 2, 9, 8],
    kernel: [3, 2, 3, 2],
    params: { dilations: [2, 3], padBefore: [1, 0], padAfter: [2, 1] },
  },
  {
    note: 'strides and dilation',
    x: [1, 2, 11, 10],
    kernel: [2, 2, 3, 3],
    params: { strides: [3, 2], dilations: [2, 3], padBefore: [2, 2], padAfter: [1, 2] },
  },
  {
    note: 'two groups',
    x: [2, 6, 5, 5],
    kernel: [8, 3, 3, 3],
    params: { groups: 2, padBefore: [1, 1], padAfter: [1, 1] },
  },
  {
    note: 'depthwise',
    x: [2, 5, 6, 7],
    kernel: [5, 1, 3, 3],
    params: { groups: 5, padBefore: [1, 1], padAfter: [1, 1] },
  },
  {
    note: 'depthwise with strides, two outputs a channel',
    x: [2, 3, 7, 6],
    kernel: [6, 1, 3, 3],
    params: { groups: 3, strides: [2, 2] },
  },
  {
    note: 'a kernel larger than the image',
    x: [2, 2, 2, 3],
    kernel: [2, 2, 5, 4],
    params: { padBefore: [2, 1], padAfter: [2, 2] },
  },
  { note: 'a kernel as large as the image', x: [2, 3, 4, 5], kernel: [6, 3, 4, 5] },
  {
    note: 'padding beyond the kernel',
    x: [1, 2, 2, 3],
    kernel: [2, 2, 2, 1],
    params: { padBefore: [3, 2], padAfter: [2, 3] },
  },
  { note: 'no samples', x: [0, 2, 4, 4], kernel: [3, 2, 3, 3] },
];

const flush: WindowParams = { strides: [1, 1], padBefore: [0, 0], padAfter: [0, 0], dilations: [1, 1] };

/** The shape that the rule of a primitive gives. */
function resultShape(application: Pick<Application, 'op' | 'params'>, ...shapes: readonly Four[]): Four {
  const inputs = shapes.map((shape) => value(tensorType(shape, 'f32')));
  const [type] = inferTypes({ ...application, inputs } as Application);
  return (type?.kind === 'tensor' ? type.shape : []) as readonly number[] as Four;
}

/** What the operands of the three convolutions are chosen from. */
interface Operands {
  readonly x: Four;
  readonly kernel: Four;
  readonly y: Four;
  readonly params: ConvParams;
}

const convolved =
  <Params>(
    paramsOf: (operands: Operands) => Params,
    shapesOf: (operands: Operands) => readonly Four[],
  ): ((draw: Draw) => readonly PrimitiveCase<Params>[]) =>
  (draw) =>
    convolutions.map(({ note, x, kernel, params: given }) => {
      const params: ConvParams = { ...flush, groups: 1, ...given };
      const operands = { x, kernel, params, y: resultShape({ op: 'conv2d', params }, x, kernel) };
      const inputs = shapesOf(operands).map((shape) => draw.array(shape, -1, 1));
      return { note, params: paramsOf(operands), inputs, slack: 40 };
    });

/** Pooling: images, and how windows lie on them. */
interface Pooling {
  readonly note: string;
  readonly x: Four;
  readonly params: Partial<PoolParams> & Pick<PoolParams, 'window'>;
}

const poolings: readonly Pooling[] = [
  { note: '2×2', x: [2, 3, 6, 8], params: { window: [2, 2], strides: [2, 2] } },
  { note: 'rows left over', x: [1, 2, 7, 5], params: { window: [2, 3], strides: [3, 2] } },
  { note: 'overlapping windows', x: [2, 2, 6, 7], params: { window: [3, 3] } },
  {
    note: 'overlapping windows with padding',
    x: [2, 2, 7, 6],
    params: { window: [3, 2], strides: [2, 1], padBefore: [1, 1], padAfter: [1, 0] },
  },
  {
    note: 'dilation',
    x: [1, 2, 8, 9],
    params: { window: [2, 3], strides: [1, 2], dilations: [3, 2], padBefore: [1, 0], padAfter: [0, 1] },
  },
  { note: 'the whole image', x: [3, 2, 4, 5], params: { window: [4, 5] } },
  { note: 'single elements', x: [2, 1, 3, 3], params: { window: [1, 1], strides: [2, 2] } },
  { note: 'no samples', x: [0, 2, 4, 4], params: { window: [2, 2] } },
];

const pooled =
  <Params extends PoolParams>(
    variants: (params: PoolParams, x: Four) => readonly Params[],
    inputs: (draw: Draw, x: Four, y: Four, params: Params) => readonly HostArray[],
  ): ((draw: Draw) => readonly PrimitiveCase<Params>[]) =>
  (draw) =>
    poolings.flatMap(({ note, x, params: given }) =>
      variants({ ...flush, ...given }, x).map((params) => {
        const y = resultShape({ op: 'maxPool2d', params }, x);
        return { note, params, inputs: inputs(draw, x, y, params), slack: 10 };
      }),
    );

/** Both ways to count padding. */
const counted = (params: PoolParams): readonly AveragePoolParams[] =>
  [true, false].map((countIncludePad) => ({ ...params, countIncludePad }));

/** The largest elements of the windows, by the definition. */
function largest(x: HostArray, y: Four, { window, strides, padBefore, dilations }: PoolParams): HostArray {
  const [, , height, width] = x.shape as Four;
  const [, , rows, columns] = y;
  const at = (plane: number, row: number, column: number): number =>
    row < 0 || row >= height || column < 0 || column >= width
      ? -Infinity
      : (x.data[(plane * height + row) * width + column] as number);
  const data = Array.from({ length: y.reduce((size, extent) => size * extent) }, (_, i) => {
    const [plane, a, b] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    let top = -Infinity;
    for (let r = 0; r < window[0]; r++) {
      for (let c = 0; c < window[1]; c++) {
        const row = a * strides[0] + r * dilations[0] - padBefore[0];
        top = Math.max(top, at(plane, row, b * strides[1] + c * dilations[1] - padBefore[1]));
      }
    }
    return top;
  });
  return array(data, { shape: y, dtype: x.dtype });
}

/** Images of few different numbers, so that windows have ties. */
const tied = (draw: Draw, shape: Four): HostArray => {
  const x = draw.array(shape);
  return array(x.data.map(Math.round), { shape, dtype: x.dtype });
};

type ImagePrimitive =
  'conv2d' | 'conv2dInputGrad' | 'conv2dKernelGrad' | 'maxPool2d' | 'maxPool2dGrad' | 'avgPool2d' | 'avgPool2dGrad';

export const images: CasesOf<ImagePrimitive> = {
  conv2d: {
    dtypes: floats,
    cases: convolved(
      ({ params }) => params,
      ({ x, kernel }) => [x, kernel],
    ),
  },
  conv2dInputGrad: {
    dtypes: floats,
    cases: convolved(
      ({ params, x }) => ({ ...params, size: [x[2], x[3]] }),
      ({ y, kernel }) => [y, kernel],
    ),
  },
  conv2dKernelGrad: {
    dtypes: floats,
    cases: convolved(
      ({ params, kernel }) => ({ ...params, size: [kernel[2], kernel[3]] }),
      ({ x, y }) => [x, y],
    ),
  },
  maxPool2d: {
    dtypes: floats,
    cases: (draw) => [
      ...pooled(
        (params) => [params],
        (source, x) => [source.array(x)],
      )(draw),
      {
        note: 'NaN and infinities',
        params: { ...flush, window: [1, 2] },
        inputs: [draw.of([NaN, 1, 2, -Infinity, -Infinity, Infinity, NaN], [1, 1, 1, 7])],
      },
    ],
  },
  maxPool2dGrad: {
    dtypes: floats,
    cases: pooled(
      (params) => [params],
      (draw, shape, y, params) => {
        const x = tied(draw, shape);
        return [x, largest(x, y, params), draw.array(y)];
      },
    ),
  },
  avgPool2d: {
    dtypes: floats,
    cases: pooled(counted, (draw, x) => [draw.array(x)]),
  },
  avgPool2dGrad: {
    dtypes: floats,
    cases: pooled(
      (params, x) => counted(params).map((variant) => ({ ...variant, size: [x[2], x[3]] as const })),
      (draw, _, y) => [draw.array(y)],
    ),
  },
};
