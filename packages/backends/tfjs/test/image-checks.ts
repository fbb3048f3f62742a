/** Convolutions, their gradients and pooling on a backend, held to the reference engine at random shapes. */
import {
  array,
  inferTypes,
  random,
  tensorType,
  value,
  type ConvParams,
  type HostArray,
  type Pair,
  type PoolParams,
  type Random,
  type TensorType,
} from '@node-ode/core';
import { expect, it } from 'vitest';
import { expectReference, run, singleNode } from './lowered.ts';

const between = (rng: Random, least: number, most: number): number => least + rng.integer(most - least + 1);
const pair = (of: () => number): Pair => [of(), of()];
const extentsOf = ([, , height = 0, width = 0]: readonly number[]): Pair => [height, width];

/** Small integers, whose sums are exact in f32; many of them are equal. */
const integers = (rng: Random, shape: readonly number[]): HostArray =>
  array(
    Array.from({ length: shape.reduce((n, extent) => n * extent, 1) }, () => rng.integer(7) - 3),
    { shape },
  );

interface Convolution {
  readonly x: readonly number[];
  readonly kernel: readonly number[];
  readonly params: ConvParams;
}

/** A convolution that exists: the image holds a window. */
function drawn(rng: Random): Convolution {
  const window = pair(() => between(rng, 1, 4));
  const params: ConvParams = {
    strides: rng.integer(2) === 0 ? [1, 1] : pair(() => between(rng, 1, 3)),
    padBefore: pair(() => between(rng, 0, 5)),
    padAfter: pair(() => between(rng, 0, 5)),
    dilations: rng.integer(2) === 0 ? [1, 1] : pair(() => between(rng, 1, 3)),
    groups: between(rng, 1, 3),
  };
  const { groups, padBefore, padAfter, dilations } = params;
  const inputs = rng.integer(2) === 0 ? 1 : between(rng, 1, 4);
  const least = (axis: 0 | 1): number =>
    Math.max(1, dilations[axis] * (window[axis] - 1) + 1 - padBefore[axis] - padAfter[axis]);
  const extents: Pair = [between(rng, least(0), least(0) + 6), between(rng, least(1), least(1) + 6)];
  return {
    x: [between(rng, 1, 3), groups * inputs, ...extents],
    kernel: [groups * between(rng, 1, 3), inputs, ...window],
    params,
  };
}

function resultOf({ x, kernel, params }: Convolution): readonly number[] {
  const inputs = [x, kernel].map((shape) => value(tensorType(shape, 'f32')));
  return (inferTypes({ op: 'conv2d', inputs, params })[0] as TensorType).shape;
}

export function testImages(name: string): void {
  it.each(Array.from({ length: 60 }, (_, seed) => seed))('has the three convolutions at random, %i', async (seed) => {
    const rng = random(seed);
    const { x, kernel, params } = drawn(rng);
    const [images, kernels, ct] = [x, kernel, resultOf({ x, kernel, params })].map((shape) => integers(rng, shape)) as [
      HostArray,
      HostArray,
      HostArray,
    ];
    // Sums of integers are exact: no bound.
    await expectReference(name, 'conv2d', params, [images, kernels], 0);
    await expectReference(name, 'conv2dInputGrad', { ...params, size: extentsOf(x) }, [ct, kernels], 0);
    await expectReference(name, 'conv2dKernelGrad', { ...params, size: extentsOf(kernel) }, [images, ct], 0);
  });

  it.each(Array.from({ length: 60 }, (_, seed) => seed))('pools at random, %i', async (seed) => {
    const rng = random(seed);
    const isTiled = rng.integer(2) === 0;
    const window = pair(() => between(rng, 1, 3));
    const padding = (axis: 0 | 1): number => (isTiled ? 0 : rng.integer(window[axis]));
    const params: PoolParams = {
      window,
      strides: isTiled ? window : pair(() => between(rng, 1, 4)),
      padBefore: [padding(0), padding(1)],
      padAfter: [padding(0), padding(1)],
      dilations: isTiled || rng.integer(2) === 0 ? [1, 1] : pair(() => between(rng, 1, 2)),
    };
    const extents = pair(() => between(rng, 6, 9));
    const x = integers(rng, [between(rng, 1, 3), between(rng, 1, 3), ...extents]);
    const [y] = await run(singleNode('maxPool2d', params, [x]), [x], name);
    const ct = integers(rng, y!.shape);
    await expectReference(name, 'maxPool2d', params, [x], 0);
    await expectReference(name, 'maxPool2dGrad', params, [x, y!, ct]);
    for (const countIncludePad of [false, true]) {
      await expectReference(name, 'avgPool2d', { ...params, countIncludePad }, [x]);
      await expectReference(name, 'avgPool2dGrad', { ...params, countIncludePad, size: extents }, [ct]);
    }
  });

  it('keeps what is not finite in its windows', async () => {
    const x = array([1, NaN, 2, 3, -Infinity, -Infinity, 0, 1, -Infinity, -Infinity, Infinity, 4], {
      shape: [1, 1, 3, 4],
    });
    const params: PoolParams = {
      window: [2, 2],
      strides: [1, 1],
      padBefore: [0, 0],
      padAfter: [1, 0],
      dilations: [1, 1],
    };
    await expectReference(name, 'maxPool2d', params, [x]);
    const [pooled] = await run(singleNode('maxPool2d', params, [x]), [x], name);
    expect(Array.from(pooled!.data)).toEqual([
      NaN,
      NaN,
      3,
      -Infinity,
      Infinity,
      Infinity,
      -Infinity,
      Infinity,
      Infinity,
    ]);
    const kernel = array([1, 2, -1, 1], { shape: [1, 1, 2, 2] });
    await expectReference(name, 'conv2d', { ...params, groups: 1 }, [x, kernel]);
    await expectReference(name, 'avgPool2d', { ...params, countIncludePad: false }, [x]);
  });
}
