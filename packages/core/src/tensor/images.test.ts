import { describe, expect, it } from 'vitest';
import { averagePools, convolutions, maxPools, transposedConvolutions } from '../../test/image-reference.ts';
import {
  backend,
  evaluate,
  expectClose,
  expectGradient,
  expectSecondGradient,
  f32,
  f64,
  flatten,
  refusal,
  uniform,
} from '../../test/support.ts';
import { array, type HostArray } from '../array.ts';
import { jvp } from '../differentiate/jvp.ts';
import { grad, vjp } from '../differentiate/vjp.ts';
import { sizeOf, type Shape } from '../graph/graph.ts';
import { lower } from '../passes/lower.ts';
import { compile } from '../runtime/compile.ts';
import { traceFunction } from '../runtime/trace-function.ts';
import { avgPool2d, conv2d, convTranspose2d, maxPool2d } from './images.ts';
import { asTensor, type Tensor } from './tensor.ts';

type Function1 = (x: Tensor) => Tensor;
type Function2 = (x: Tensor, kernel: Tensor) => Tensor;

/** The integers that tools/references/images.py makes. */
function pattern(shape: Shape, factor: number, modulus: number): HostArray {
  const data = Array.from({ length: sizeOf(shape) }, (_, i) => ((factor * i + 3) % modulus) - Math.floor(modulus / 2));
  return array(data, { shape, dtype: 'f64' });
}

const image = (shape: Shape): HostArray => pattern(shape, 7, 17);
const kernel = (shape: Shape): HostArray => pattern(shape, 5, 11);
const unequal = (shape: Shape): HostArray => pattern(shape, 37, 211);

/** The result of f, and the cotangents of its arguments for the reference's cotangent of the result. */
async function withGradients(
  f: (...xs: readonly Tensor[]) => Tensor,
  shape: Shape,
  ...xs: readonly HostArray[]
): Promise<readonly (readonly number[])[]> {
  const results = await evaluate((inputs: readonly Tensor[]) => {
    const { value, pullback } = vjp((leaves: readonly Tensor[]) => f(...leaves), inputs);
    expect(value.shape).toEqual(shape);
    return [value, ...pullback(asTensor(pattern(shape, 3, 13)))];
  }, xs);
  return results.map(flatten);
}

const of1 =
  (f: Function1) =>
  (...xs: readonly Tensor[]): Tensor =>
    f(xs[0] as Tensor);

const of2 =
  (f: Function2) =>
  (...xs: readonly Tensor[]): Tensor =>
    f(xs[0] as Tensor, xs[1] as Tensor);

describe('against PyTorch, bit for bit: sums of products of small integers', () => {
  it.each(convolutions)('conv2d: $name', async ({ x, kernel: k, options, shape, y, dx, dkernel }) => {
    const f = of2((a, b) => conv2d(a, b, options));
    expect(await withGradients(f, shape, image(x), kernel(k))).toEqual([y, dx, dkernel]);
  });

  it.each(transposedConvolutions)(
    'convTranspose2d: $name',
    async ({ x, kernel: k, options, shape, y, dx, dkernel }) => {
      const f = of2((a, b) => convTranspose2d(a, b, options));
      expect(await withGradients(f, shape, image(x), kernel(k))).toEqual([y, dx, dkernel]);
    },
  );

  it.each(maxPools)('maxPool2d: $name', async ({ x, window, options, shape, y, dx }) => {
    const f = of1((a) => maxPool2d(a, window, options));
    expect(await withGradients(f, shape, unequal(x))).toEqual([y, dx]);
  });

  // Means divide: equal to the last digits.
  it.each(averagePools)('avgPool2d: $name', async ({ x, window, options, shape, y, dx }) => {
    const f = of1((a) => avgPool2d(a, window, options));
    expectClose(await withGradients(f, shape, image(x)), [y, dx], 1e-15, 1e-14);
  });
});

const cases: readonly (readonly [name: string, f: Function2, x: Shape, kernel: Shape])[] = [
  ['3×3', (x, k) => conv2d(x, k, { padding: 1 }), [2, 2, 3, 4], [2, 2, 3, 3]],
  ['strides', (x, k) => conv2d(x, k, { strides: [2, 3], padding: [1, 0] }), [1, 2, 6, 5], [2, 2, 3, 2]],
  ["'same' and dilation", (x, k) => conv2d(x, k, { dilations: 2, padding: 'same' }), [1, 1, 4, 5], [1, 1, 2, 3]],
  ['depthwise', (x, k) => conv2d(x, k, { groups: 2, strides: 2 }), [1, 2, 5, 4], [4, 1, 2, 3]],
  [
    'a window that never meets the image',
    (x, k) => conv2d(x, k, { strides: 9, padding: { before: 6, after: 0 } }).add(x.sum()),
    [1, 1, 2, 2],
    [1, 1, 2, 2],
  ],
  [
    'transposed',
    (x, k) => convTranspose2d(x, k, { strides: 2, padding: 1, outputPadding: 1 }),
    [1, 2, 2, 3],
    [2, 1, 3, 3],
  ],
  [
    "transposed, 'same'",
    (x, k) => convTranspose2d(x, k, { strides: [2, 3], padding: 'same' }),
    [1, 1, 2, 2],
    [1, 1, 3, 2],
  ],
];

// Integers, all different: no two change places within the differences' step.
const pools: readonly (readonly [name: string, f: Function1, x: Shape])[] = [
  ['maxPool2d', (x) => maxPool2d(x, 2), [2, 1, 4, 4]],
  ['maxPool2d, overlapping', (x) => maxPool2d(x, 3, { strides: [2, 1], padding: 'same' }), [1, 2, 4, 3]],
  ['avgPool2d', (x) => avgPool2d(x, 2), [2, 1, 4, 4]],
  [
    'avgPool2d, padding not counted',
    (x) => avgPool2d(x, 3, { strides: 2, padding: 1, countIncludePad: false }),
    [1, 2, 4, 3],
  ],
];

describe('derivatives against central differences', () => {
  it.each(cases)('of %s', async (_, f, x, k) => {
    await expectGradient(of2(f), [uniform(1, x), uniform(2, k)]);
  });

  it.each(cases)('second ones of %s', async (_, f, x, k) => {
    await expectSecondGradient(
      of2((a, b) => f(a, b).square()),
      [uniform(3, x), uniform(4, k)],
      { tolerance: 1e-7 },
    );
  });

  it.each(pools)('of %s', async (_, f, x) => {
    await expectGradient(of1(f), [unequal(x)]);
  });

  it.each(pools)('second ones of %s', async (_, f, x) => {
    await expectSecondGradient(
      of1((a) => f(a).square().mul(a.sum())),
      [unequal(x)],
      { tolerance: 1e-7 },
    );
  });
});

describe('convTranspose2d', () => {
  it('is the transpose of conv2d: ⟨conv2d(x, k), y⟩ = ⟨x, convTranspose2d(y, k)⟩', async () => {
    const options = { strides: 2, padding: 1, dilations: [1, 2], groups: 2 } as const;
    const [left, right] = await evaluate(
      (x: Tensor, k: Tensor, y: Tensor) => [
        conv2d(x, k, options).mul(y).sum(),
        convTranspose2d(y, k, options).mul(x).sum(),
      ],
      uniform(1, [2, 4, 5, 7]),
      uniform(2, [6, 2, 3, 2]),
      uniform(3, [2, 6, 3, 4]),
    );
    expectClose(left, right, 1e-13);
  });

  it("with padding 'same' multiplies the extents by the strides", async () => {
    const shapes = [
      [
        [2, 3],
        [3, 3],
      ],
      [
        [3, 2],
        [1, 2],
      ],
      [
        [1, 1],
        [5, 4],
      ],
    ] as const;
    for (const [strides, window] of shapes) {
      await evaluate(
        (x: Tensor, k: Tensor) => {
          const y = convTranspose2d(x, k, { strides, padding: 'same' });
          expect(y.shape).toEqual([1, 1, 4 * strides[0], 3 * strides[1]]);
          expect(conv2d(y, k, { strides, padding: 'same' }).shape).toEqual([1, 1, 4, 3]);
          return y;
        },
        uniform(1, [1, 1, 4, 3]),
        uniform(2, [1, 1, ...window]),
      );
    }
  });
});

describe('maxPool2d', () => {
  it('shares the derivative equally between ties, as max does', async () => {
    const x = f64([
      [
        [
          [1, 3, 0, 0],
          [3, 2, 0, 0],
        ],
      ],
    ]);
    const weighted = (a: Tensor): Tensor =>
      maxPool2d(a, 2)
        .mul(f64([8, 4]))
        .sum();
    expect(await evaluate((a: Tensor) => grad(weighted)(a), x)).toEqual([
      [
        [
          [0, 4, 1, 1],
          [4, 0, 1, 1],
        ],
      ],
    ]);
    const directions = [0, 1, 2, 3].map((k) =>
      f64([[[0, 1].map((i) => [0, 1, 2, 3].map((l) => (k === l ? i + 1 : 0)))]]),
    );
    const along = (a: Tensor, vs: readonly Tensor[]) => vs.map((v) => jvp(weighted, a, v).tangent);
    expect(await evaluate(along, x, directions)).toEqual([8, 4, 3, 3]);
  });

  it('is NaN where an element is, and −∞ where all are', async () => {
    const x = f64([
      [
        [
          [NaN, 3, -Infinity],
          [1, 2, -Infinity],
        ],
      ],
    ]);
    expect(await evaluate((a: Tensor) => maxPool2d(a, [2, 1]), x)).toEqual([[[[NaN, 3, -Infinity]]]]);
  });
});

it("'same' padding gives ⌈extent / stride⌉ windows, what is odd behind", async () => {
  const sums = (x: Tensor, k: Tensor): Tensor => conv2d(x, k, { padding: 'same', strides: [1, 2] });
  const x = f64([[[[1, 2, 3, 4]]]]);
  expect(await evaluate(sums, x, f64([[[[1, 1, 1]]]]))).toEqual([[[[6, 7]]]]);
  expect(await evaluate(sums, x, f64([[[[1, 1]]]]))).toEqual([[[[3, 7]]]]);
});

it('takes host arrays as images or as kernels, and a batch of none', async () => {
  const ones = f64([[[[1, 1]]]]);
  expect(await evaluate((x: Tensor) => conv2d(x, ones), f64([[[[1, 2, 3]]]]))).toEqual([[[[3, 5]]]]);
  expect(await evaluate((k: Tensor) => conv2d(ones, k), ones)).toEqual([[[[2]]]]);
  expect(await evaluate(() => maxPool2d(f64([[[[1, 2, 3]]]]), [1, 2], { strides: 1 }))).toEqual([[[[2, 3]]]]);
  expect(await evaluate(() => avgPool2d(f64([[[[1, 2, 3]]]]), [1, 2], { strides: 1 }))).toEqual([[[[1.5, 2.5]]]]);
  const none = array([], { shape: [0, 1, 1, 3], dtype: 'f64' });
  const gradient = (x: Tensor, k: Tensor): Tensor => grad((b: Tensor) => conv2d(x, b).sum())(k);
  expect(await evaluate(gradient, none, ones)).toEqual([[[[0, 0]]]]);
});

it('sums f32 products in double precision on the reference engine', async () => {
  const row = f32([[[[1e8, 1, -1e8]]]]);
  const program = compile(backend, (x: Tensor, k: Tensor) => conv2d(x, k));
  expect((await (await program(row, f32([[[[1, 1, 1]]]]))).read()).data).toEqual(Float32Array.of(1));
});

describe('refusals', () => {
  const x = uniform(1, [2, 4, 5, 6]);
  const k = uniform(2, [6, 4, 3, 3]);
  const refused = (f: (a: Tensor, b: Tensor) => Tensor, a = x, b = k): Promise<string> =>
    refusal(() => evaluate(f, a, b));

  it('of shapes that do not fit', async () => {
    expect(await refused((a, b) => conv2d(a, b, { groups: 2 }))).toMatchInlineSnapshot(
      `"ShapeError: conv2d: images of [2, 4, 5, 6] and kernels of [6, 4, 3, 3] in 2 groups; expected images with 8 channels (4 for each group), and output channels that the groups divide. Images are [samples, channels, height, width], kernels [outputs, inputs / groups, height, width]."`,
    );
    expect(await refused((a, b) => conv2d(a, b), uniform(1, [4, 5, 6]))).toMatchInlineSnapshot(
      `"ShapeError: conv2d: the image is f64[4,5,6]; expected four axes: [samples, channels, height, width]. Reshape it: one image is a batch of one."`,
    );
    expect(await refused((a, b) => conv2d(a, b), x, uniform(1, [4, 3, 3]))).toMatchInlineSnapshot(
      `"ShapeError: conv2d: the kernel is f64[4,3,3]; expected four axes: [output channels, input channels / groups, height, width]. Reshape it: one image is a batch of one."`,
    );
    expect(await refused((a, b) => conv2d(a, b, { dilations: 3 }))).toMatchInlineSnapshot(
      `"ShapeError: conv2d: a window that covers [7, 7] of an image of [5, 6]; expected a window within the image with its padding of [0, 0] before and [0, 0] after. Pad the image, or take a smaller window."`,
    );
    expect(await refused((a, b) => conv2d(a, b, { groups: 4 }), x, uniform(1, [6, 1, 3, 3]))).toMatchInlineSnapshot(
      `"ShapeError: conv2d: images of [2, 4, 5, 6] and kernels of [6, 1, 3, 3] in 4 groups; expected images with 4 channels (1 for each group), and output channels that the groups divide. Images are [samples, channels, height, width], kernels [outputs, inputs / groups, height, width]."`,
    );
    expect(await refused((a, b) => convTranspose2d(a, b))).toMatchInlineSnapshot(
      `"ShapeError: convTranspose2d: images f64[2,4,5,6] and kernels f64[6,4,3,3]; expected images [samples, channels, height, width] and kernels [channels, outputs / groups, height, width], groups that divide the channels."`,
    );
    expect(
      await refused((a, b) => convTranspose2d(a, b, { padding: 9 }), x, uniform(2, [4, 6, 3, 3])),
    ).toMatchInlineSnapshot(
      `"ShapeError: convTranspose2d: images of [2, 4, 5, 6] have a result of extents [-11, -10]; expected at least one element. Pad less: padding is taken away from the result."`,
    );
    expect(await refused((a) => maxPool2d(a, 7))).toMatchInlineSnapshot(
      `"ShapeError: maxPool2d: a window that covers [7, 7] of an image of [5, 6]; expected a window within the image with its padding of [0, 0] before and [0, 0] after. Pad the image, or take a smaller window."`,
    );
    expect(await refused((a) => maxPool2d(a, 2, { padding: 2 }))).toMatchInlineSnapshot(
      `"ShapeError: maxPool2d: padding of [2, 2] before and [2, 2] after images of [2, 4, 5, 6] for a window of [2, 2]; expected an element of the image in each window. Pad by less than the window."`,
    );
    expect(await refused((a) => avgPool2d(a, [0, 2]))).toMatchInlineSnapshot(
      `"OptionError: avgPool2d: window is [0, 2]; expected positive integers."`,
    );
  });

  it('of transposed convolutions, by their own name', async () => {
    const k4 = uniform(3, [4, 2, 3, 3]);
    expect(await refused((a) => convTranspose2d(a, k4, { padding: -1 }))).toMatchInlineSnapshot(
      `"OptionError: convTranspose2d: padding before is [-1, -1]; expected integers, none of them negative."`,
    );
    expect(await refused((a) => convTranspose2d(a, k4, { strides: [2, 1.5] }))).toMatchInlineSnapshot(
      `"OptionError: convTranspose2d: strides is [2, 1.5]; expected positive integers."`,
    );
    expect(await refused((a) => convTranspose2d(a, k4, { groups: 3 }))).toMatchInlineSnapshot(
      `"ShapeError: convTranspose2d: images f64[2,4,5,6] and kernels f64[4,2,3,3] in 3 groups; expected images [samples, channels, height, width] and kernels [channels, outputs / groups, height, width], groups that divide the channels."`,
    );
    expect(await refused((a) => convTranspose2d(a.cast('i32'), asTensor(k4).cast('i32')))).toMatchInlineSnapshot(
      `"DTypeError: convTranspose2d: an operand is i32[2,4,5,6]; expected f32 or f64. Convert it with .cast('f32')."`,
    );
  });

  it('of dtypes', async () => {
    expect(await refused((a, b) => conv2d(a, b), x, uniform(1, [6, 4, 3, 3], 0, 1, 'f32'))).toMatchInlineSnapshot(
      `"DTypeError: conv2d: operands are f64[2,4,5,6] and f32[6,4,3,3]; expected one dtype. Convert one of them with .cast(dtype); only JavaScript numbers adapt by themselves."`,
    );
    expect(await refused((a) => maxPool2d(a.cast('i32'), 2))).toMatchInlineSnapshot(
      `"DTypeError: maxPool2d: an operand is i32[2,4,5,6]; expected f32 or f64. Convert it with .cast('f32')."`,
    );
  });

  it('of options', async () => {
    const k4 = uniform(3, [4, 2, 3, 3]);
    expect(await refused((a, b) => conv2d(a, b, { strides: 0 }))).toMatchInlineSnapshot(
      `"OptionError: conv2d: strides is [0, 0]; expected positive integers."`,
    );
    expect(await refused((a, b) => conv2d(a, b, { strides: [1, 1.5] }))).toMatchInlineSnapshot(
      `"OptionError: conv2d: strides is [1, 1.5]; expected positive integers."`,
    );
    expect(await refused((a, b) => conv2d(a, b, { dilations: NaN, padding: 'same' }))).toMatchInlineSnapshot(
      `"OptionError: conv2d: dilations is [NaN, NaN]; expected positive integers."`,
    );
    expect(await refused((a, b) => conv2d(a, b, { padding: -1 }))).toMatchInlineSnapshot(
      `"OptionError: conv2d: padding before is [-1, -1]; expected integers, none of them negative."`,
    );
    expect(await refused((a, b) => conv2d(a, b, { padding: { before: [1, 2], after: -1 } }))).toMatchInlineSnapshot(
      `"OptionError: conv2d: padding after is [-1, -1]; expected integers, none of them negative."`,
    );
    expect(await refused((a, b) => conv2d(a, b, { groups: 0 }))).toMatchInlineSnapshot(
      `"OptionError: conv2d: groups is 0; expected positive integers."`,
    );
    expect(await refused((a) => convTranspose2d(a, k4, { strides: 2, outputPadding: 2 }))).toMatchInlineSnapshot(
      `"OptionError: convTranspose2d: outputPadding is [2, 2]; expected integers from 0, below the strides [2, 2]."`,
    );
    expect(
      await refused((a) => convTranspose2d(a, k4, { padding: 'same', strides: 2, outputPadding: 1 })),
    ).toMatchInlineSnapshot(
      `"OptionError: convTranspose2d: outputPadding is [1, 1]; expected none with padding 'same'."`,
    );
    // From JavaScript.
    const three = { strides: [1, 1, 1] as never };
    expect(await refused((a, b) => conv2d(a, b, three))).toMatchInlineSnapshot(
      `"OptionError: conv2d: strides is [1, 1, 1]; expected a number, or two: [height, width]."`,
    );
    expect(await refused((a, b) => conv2d(a, b, { padding: 'full' as never }))).toMatchInlineSnapshot(
      `"OptionError: conv2d: padding is a string (full); expected a number, or two: [height, width], { before, after }, 'same' or 'valid'."`,
    );
  });
});

it('lowers composites that are made of composites for an engine that keeps none', () => {
  const { graph } = traceFunction(
    (x: Tensor) => grad((a: Tensor) => avgPool2d(a, 2).square().sum())(x),
    [{ shape: [1, 1, 4, 4], dtype: 'f64' }],
  );
  const ops = lower(graph, new Set()).nodes.map(({ op }) => op);
  expect(ops.filter((op) => op === 'conv2d')).toHaveLength(2);
  expect(ops).not.toContain('conv2dInputGrad');
});
