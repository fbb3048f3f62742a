import {
  array,
  asTensors,
  concat,
  conv2d as convolve,
  OptionError,
  random,
  ShapeError,
  toNested,
  valueAndGrad,
  vjp,
  type ArgumentOf,
  type HostArray,
  type Shape,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, elements, expectClose, f64, noise, run, runHost, type HostOf } from '../../test/harness.ts';
import { batchNorms, groupNorms, timeConvolutions } from '../../test/image-reference.ts';
import { full } from '../initializers/initializer.ts';
import { batchNorm, type BatchNormState } from './batch-norm.ts';
import { convTranspose2d } from './conv-transpose2d.ts';
import { conv2d } from './conv2d.ts';
import type { Conv2dParams } from './convolution.ts';
import { groupNorm } from './group-norm.ts';
import type { NormParams } from './normalization.ts';
import { timeConv2d } from './time-conv2d.ts';
import { flatten, globalAveragePool2d } from './to-features.ts';

const dtype = 'f64';

/** The integers that tools/references/images.py makes. */
function pattern(shape: Shape, factor: number, modulus: number): HostArray {
  const length = shape.reduce((a, b) => a * b, 1);
  const data = Array.from({ length }, (_, i) => ((factor * i + 3) % modulus) - Math.floor(modulus / 2));
  return array(data, { shape, dtype });
}

const image = (shape: Shape): HostArray => pattern(shape, 7, 17);
const kernel = (shape: Shape): HostArray => pattern(shape, 5, 11);
const unequal = (shape: Shape): HostArray => pattern(shape, 37, 211);

/** The result of f, and the cotangents of its arguments for the reference's cotangent of the result. */
const withGradients = <X>(f: (x: X) => Tensor, shape: Shape, x: ArgumentOf<X>): Promise<HostOf<{ y: Tensor; d: X }>> =>
  runHost(
    (tree: X, ct: Tensor) => {
      const { value, pullback } = vjp(f, tree);
      expect(value.shape).toEqual(shape);
      return { y: value, d: pullback(ct) };
    },
    x,
    pattern(shape, 3, 13),
  );

/** Elements within 1e-13 of the largest one's size: sums of a few dozen numbers of that size. */
function expectNear({ data }: HostArray, expected: readonly number[]): void {
  const size = Math.max(1, ...expected.map(Math.abs));
  expectClose(Array.from(data), expected, 1e-13 * size);
}

interface Leaves {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
}

describe('conv2d', () => {
  const layer = conv2d(2, 4, [3, 2], { padding: 1, strides: [2, 1], groups: 2, dtype });
  const params = layer.init(random(1));
  type P = TensorsOf<Conv2dParams>;

  it("is core's convolution plus the bias of each channel", async () => {
    const x = noise([3, 2, 5, 4]);
    const byHand = ({ weight, bias }: P, y: Tensor): Tensor =>
      convolve(y, weight, { padding: 1, strides: [2, 1], groups: 2 }).add(bias!.reshape([1, 4, 1, 1]));
    expect(await elements((p: P, y: Tensor) => layer.apply(p, y), params, x)).toEqual(
      await elements(byHand, params, x),
    );
  });

  it("starts as PyTorch's: weight and bias uniform on ±1/√(inputs · height · width)", () => {
    const { weight, bias } = conv2d(4, 400, 5).init(random(1));
    expect([weight.shape, weight.dtype, bias?.shape]).toEqual([[400, 4, 5, 5], 'f32', [400]]);
    for (const { data } of [weight, bias!]) {
      expect(Math.max(...data)).toBeLessThanOrEqual(Math.fround(0.1));
      expect(Math.max(...data)).toBeGreaterThan(0.099);
      expect(Math.min(...data)).toBeLessThan(-0.099);
    }
    // Of 8 channels in 4 groups a unit sees 2.
    const grouped = conv2d(8, 400, 5, { groups: 4 }).init(random(1));
    expect(Math.max(...grouped.weight.data)).toBeGreaterThan(0.99 / Math.sqrt(50));
  });

  it('takes initialisers, and no bias', async () => {
    const plain = conv2d(1, 1, 2, { bias: false, weightInit: full(2), dtype });
    const own = plain.init(random(0));
    expect(Object.keys(own)).toEqual(['weight']);
    expect(
      await run(
        (p: P, x: Tensor) => plain.apply(p, x),
        own,
        f64([
          [
            [
              [1, 2],
              [3, 4],
            ],
          ],
        ]),
      ),
    ).toEqual([[[[20]]]]);
  });

  it('has the gradient of central differences', async () => {
    await checkGradient(({ p, x }: { p: P; x: Tensor }) => layer.apply(p, x).tanh().square().sum(), {
      p: params,
      x: noise([2, 2, 4, 3]),
    });
  });

  it('refuses what does not fit', async () => {
    expect(() => conv2d(0, 2, 3)).toThrow('conv2d: inChannels is 0; expected an integer of at least 1.');
    expect(() => conv2d(1, 2, [3, 0])).toThrow(
      'conv2d: kernelSize is [3,0]; expected a positive integer, or two: [height, width].',
    );
    // From JavaScript.
    expect(() => conv2d(1, 2, [3, 3, 3] as never)).toThrow('conv2d: kernelSize is [3,3,3]');
    expect(() => conv2d(1, 2, undefined as never)).toThrow('conv2d: kernelSize is undefined');
    expect(() => conv2d(4, 6, 3, { groups: 4 })).toThrow(OptionError);
    expect(() => conv2d(4, 6, 3, { groups: 4 })).toThrow(
      'conv2d: 4 groups of 4 and 6 channels; expected groups that divide the channels.',
    );
    const result = run((p: P, x: Tensor) => layer.apply(p, x), params, noise([3, 5, 4]));
    await expect(result).rejects.toThrow(ShapeError);
    await expect(result).rejects.toThrow(
      'conv2d: an input f64[3,5,4]; expected images [samples, 2, height, width]. Channels are the second axis',
    );
  });
});

describe('convTranspose2d', () => {
  const layer = convTranspose2d(4, 2, 3, { strides: 2, padding: 1, outputPadding: 1, groups: 2, dtype });
  const params = layer.init(random(1));
  type P = TensorsOf<Conv2dParams>;

  it('turns the extents of a strided convolution round', async () => {
    expect([params.weight.shape, params.bias?.shape]).toEqual([[4, 1, 3, 3], [2]]);
    const y = await runHost((p: P, x: Tensor) => layer.apply(p, x), params, noise([3, 4, 5, 4]));
    expect(y.shape).toEqual([3, 2, 10, 8]);
  });

  it('has the gradient of central differences', async () => {
    await checkGradient(({ p, x }: { p: P; x: Tensor }) => layer.apply(p, x).tanh().square().sum(), {
      p: params,
      x: noise([1, 4, 2, 2]),
    });
  });

  it('refuses what does not fit', async () => {
    expect(() => convTranspose2d(4, 3, 3, { groups: 2 })).toThrow('convTranspose2d: 2 groups of 4 and 3 channels');
    await expect(run((p: P, x: Tensor) => layer.apply(p, x), params, noise([1, 3, 2, 2]))).rejects.toThrow(
      'convTranspose2d: an input f64[1,3,2,2]; expected images [samples, 4, height, width].',
    );
  });
});

describe('timeConv2d', () => {
  it.each(timeConvolutions)('is PyTorch of [x, t], bit for bit: $name', async (reference) => {
    const { x, t, outputs, window, options, shape } = reference;
    const inputs = x[1]!;
    const layer = timeConv2d(inputs, outputs, window, { ...options, dtype });
    const { y, d } = await withGradients(
      (leaves: Leaves & { readonly t: Tensor }) => layer.apply(leaves, leaves.t, leaves.x),
      shape,
      {
        x: image(x),
        t: pattern(t, 2, 5),
        weight: kernel([outputs, inputs + 1, ...window]),
        bias: unequal([outputs]),
      },
    );
    expect([y, d.x, d.t, d.weight, d.bias].map(({ data }) => Array.from(data))).toEqual([
      reference.y,
      reference.dx,
      reference.dt,
      reference.dweight,
      reference.dbias,
    ]);
  });

  it('is the convolution of [x, t], t a JavaScript number, without a bias too', async () => {
    const layer = timeConv2d(2, 3, 3, { padding: 'same', dilations: [1, 2], bias: false, dtype });
    const params = layer.init(random(3));
    expect([params.weight.shape, Object.keys(params)]).toEqual([[3, 3, 3, 3], ['weight']]);
    const x = noise([2, 2, 4, 6]);
    const byConcat = ({ weight }: TensorsOf<Conv2dParams>, y: Tensor): Tensor =>
      convolve(concat([y, y.slice([0, 0, 0, 0], [2, 1, 4, 6]).mul(0).add(0.75)], 1), weight, {
        padding: 'same',
        dilations: [1, 2],
      });
    const apply = (p: TensorsOf<Conv2dParams>, y: Tensor): Tensor => layer.apply(p, 0.75, y);
    expectClose(await elements(apply, params, x), await elements(byConcat, params, x), 1e-14);
  });

  it('refuses a time that is neither a scalar nor one of each sample', async () => {
    const layer = timeConv2d(2, 2, 1, { dtype });
    const apply = (p: TensorsOf<Conv2dParams>, t: Tensor, y: Tensor): Tensor => layer.apply(p, t, y);
    await expect(run(apply, layer.init(random(0)), noise([2]), noise([3, 2, 1, 1]))).rejects.toThrow(
      'timeConv2d: t is f64[2] and x is f64[3,2,1,1]; expected a scalar t',
    );
    await expect(run(apply, layer.init(random(0)), noise([]), noise([3, 3, 1, 1]))).rejects.toThrow(
      'timeConv2d: an input f64[3,3,1,1]; expected images [samples, 2, height, width].',
    );
  });
});

describe('groupNorm', () => {
  it.each(groupNorms)("is PyTorch's, with its gradients: $name", async (reference) => {
    const { x, groups, epsilon, shape } = reference;
    const channels = x[1]!;
    const layer = groupNorm(groups, channels, { epsilon, dtype });
    const { y, d } = await withGradients((leaves: Leaves) => layer.apply(leaves, leaves.x), shape, {
      x: image(x),
      weight: kernel([channels]),
      bias: unequal([channels]),
    });
    expectNear(y, reference.y);
    expectNear(d.x, reference.dx);
    expectNear(d.weight, reference.dweight);
    expectNear(d.bias, reference.dbias);
  });

  it('starts with ones and zeros, and leaves them out when asked', async () => {
    expect(Object.values(groupNorm(1, 2).init(random(0))).map(toNested)).toEqual([
      [1, 1],
      [0, 0],
    ]);
    const plain = groupNorm(1, 2, { scale: false, bias: false, dtype });
    expect(plain.init(random(0))).toEqual({});
    const y = await elements((x: Tensor) => plain.apply({}, x), f64([[1, 3]]));
    expectClose(y, [-1 / Math.sqrt(1 + 1e-5), 1 / Math.sqrt(1 + 1e-5)], 1e-15);
  });

  it('refuses what does not fit', async () => {
    expect(() => groupNorm(3, 4)).toThrow(
      'groupNorm: 3 groups of 4 channels; expected groups that divide the channels.',
    );
    expect(() => groupNorm(0, 4)).toThrow('groupNorm: groups is 0');
    expect(() => groupNorm(1, 4, { epsilon: -1 })).toThrow(OptionError);
    const layer = groupNorm(2, 4, { dtype });
    for (const shape of [[2, 3, 4, 4], [4]]) {
      await expect(
        run((p: TensorsOf<NormParams>, x: Tensor) => layer.apply(p, x), layer.init(random(0)), noise(shape)),
      ).rejects.toThrow(`groupNorm: an input f64[${shape.join(',')}]; expected [samples, 4, …].`);
    }
  });
});

describe('batchNorm', () => {
  type S = TensorsOf<BatchNormState>;
  type P = TensorsOf<NormParams>;

  it.each(batchNorms)("is PyTorch's, with its gradients and running statistics: $name", async (reference) => {
    const { x, momentum, epsilon, shape } = reference;
    const channels = x[1]!;
    const layer = batchNorm(channels, { momentum, epsilon, dtype });
    const params = { weight: kernel([channels]), bias: unequal([channels]) };
    const second = (v: Tensor): Tensor => v.square().div(8);

    const { y, d } = await withGradients(
      (leaves: Leaves) => layer.train(leaves, asTensors(layer.initialState()), second(leaves.x)).output,
      shape,
      { x: image(x), ...params },
    );
    expectNear(y, reference.y);
    expectNear(d.x, reference.dx);
    expectNear(d.weight, reference.dweight);
    expectNear(d.bias, reference.dbias);

    const statistics = await runHost(
      (p: P, s: S, v: Tensor) => layer.train(p, layer.train(p, s, v).state, second(v)).state,
      params,
      layer.initialState(),
      image(x),
    );
    expectNear(statistics.mean, reference.mean);
    expectNear(statistics.variance, reference.variance);
    const evaluated = await runHost((p: P, s: S, v: Tensor) => layer.evaluate(p, s, v), params, statistics, image(x));
    expectNear(evaluated, reference.evaluated);
  });

  it('takes batches in with a weight of momentum, from mean 0 and variance 1', async () => {
    const layer = batchNorm(1, { momentum: 0.25, dtype });
    const state = layer.initialState();
    expect([toNested(state.mean), toNested(state.variance)]).toEqual([[0], [1]]);
    const train = (p: P, s: S, x: Tensor): S => layer.train(p, s, x).state;
    const next = await runHost(train, layer.init(random(0)), state, f64([[2], [6]])); // mean 4, variance 8
    expect([toNested(next.mean), toNested(next.variance)]).toEqual([[1], [2.75]]);
  });

  it('gives statistics without a derivative', async () => {
    const layer = batchNorm(2, { dtype });
    const slope = await runHost(
      (x: Tensor) => {
        const loss = (v: Tensor): Tensor => {
          const { output, state } = layer.train({}, asTensors(layer.initialState()), v);
          return output.sin().sum().add(state.mean.sum()).add(state.variance.sum());
        };
        const alone = (v: Tensor): Tensor => layer.train({}, asTensors(layer.initialState()), v).output.sin().sum();
        return valueAndGrad(loss)(x).grad.sub(valueAndGrad(alone)(x).grad);
      },
      noise([5, 2]),
    );
    expect(Array.from(slope.data)).toEqual(new Array(10).fill(0));
  });

  it('refuses what does not fit', async () => {
    expect(() => batchNorm(2, { momentum: 1.5 })).toThrow('batchNorm: momentum is 1.5; expected a number in [0, 1].');
    const layer = batchNorm(2, { dtype });
    const train = (p: P, s: S, x: Tensor): Tensor => layer.train(p, s, x).output;
    const args = [layer.init(random(0)), layer.initialState()] as const;
    await expect(run(train, ...args, noise([1, 2]))).rejects.toThrow(
      'batchNorm: a batch f64[1,2]; expected more than one element in each channel',
    );
    await expect(run(train, ...args, noise([4, 3]))).rejects.toThrow(
      'batchNorm: an input f64[4,3]; expected [samples, 2, …].',
    );
  });
});

describe('from images to features', () => {
  it('globalAveragePool2d is the mean of each channel', async () => {
    const x = f64([
      [
        [
          [1, 2],
          [3, 6],
        ],
        [
          [0, 0],
          [0, 4],
        ],
      ],
    ]);
    expect(await run(globalAveragePool2d, x)).toEqual([[3, 1]]);
    await expect(run(globalAveragePool2d, noise([2, 3, 4]))).rejects.toThrow(
      'globalAveragePool2d: an input f64[2,3,4]; expected images [samples, channels, height, width].',
    );
  });

  it('flatten makes one axis of all from one on', async () => {
    const shapeOf = async (shape: Shape, axis?: number): Promise<Shape> =>
      (await runHost((x: Tensor) => flatten(x, axis), noise(shape))).shape;
    expect(await shapeOf([2, 3, 4, 5])).toEqual([2, 60]);
    expect(await shapeOf([2, 3, 4, 5], 2)).toEqual([2, 3, 20]);
    expect(await shapeOf([2, 3], 0)).toEqual([6]);
    expect(await shapeOf([0, 3, 4])).toEqual([0, 12]);
    await expect(shapeOf([3], 1)).rejects.toThrow('flatten: axis 1 of an input f64[3]; expected one of its axes');
  });
});
