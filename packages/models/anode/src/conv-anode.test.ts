import { reference } from '@node-ode/backend-reference';
import {
  array,
  createOde,
  flattenTree,
  isHostArray,
  OptionError,
  random,
  ShapeError,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { euler } from '@node-ode/solver-euler';
import { testModel } from '@node-ode/testkit';
import { describe, expect, it } from 'vitest';
import { convAnode, type ConvAnodeOptions, type ConvAnodeParams, type ImageShape } from './conv-anode.ts';

const backend = reference();
const ode = createOde({ backend, solver: euler(), h: 0.5, dtype: 'f64' });
const image: ImageShape = [2, 4, 3];
const small = { ode, image, extra: 1, filters: 3, outputs: 2, activation: 'softplus' } as const;
const images = (seed: number, count: number, shape: readonly number[] = image): HostArray => {
  const rng = random(seed);
  const length = shape.reduce((a, b) => a * b, count);
  return array(
    Array.from({ length }, () => rng.normal()),
    { shape: [count, ...shape] },
  );
};

// Two Euler steps are smooth: the differences' own error is what is left.
for (const augment of ['zeros', 'learned'] as const) {
  testModel(() => convAnode({ ...small, augment }), {
    input: (rng) => images(rng.integer(99), 2),
    outputShapes: [[2, 2]],
    tolerance: 1e-8,
    elements: 100,
  });
}

const parameters = (options: Omit<ConvAnodeOptions, 'ode' | 'outputs'>): number => {
  const { leaves } = flattenTree('test', convAnode({ ...options, ode, outputs: 10 }).init(random(0)), isHostArray);
  return leaves.reduce((sum, { data }) => sum + data.length, 0);
};

describe('the networks of the paper', () => {
  // Table 1 of the paper counts the parameters of the functions that do not depend on time.
  it.each([
    ['NODE for MNIST', [1, 28, 28], 0, 92, 84395],
    ['ANODE for MNIST', [1, 28, 28], 5, 64, 84816],
    ['NODE for CIFAR-10 and SVHN', [3, 32, 32], 0, 125, 172358],
    ['ANODE for CIFAR-10 and SVHN', [3, 32, 32], 10, 64, 171799],
  ] as const)('%s has its parameters', (_, shape, extra, filters, count) => {
    expect(parameters({ image: shape, extra, filters, time: false })).toBe(count);
  });
});

describe('images', () => {
  type P = TensorsOf<ConvAnodeParams>;

  it('get channels of zeros behind their own, and nothing before the flow', async () => {
    const model = convAnode({ ...small, extra: 2 });
    const x = images(1, 3);
    const lifted = await (
      await ode.compile((p: P, input: Tensor) => model.lift(p, input))(model.init(random(0)), x)
    ).read();
    expect(lifted.shape).toEqual([3, 4, 4, 3]);
    for (let sample = 0; sample < 3; sample++) {
      expect(lifted.data.slice(48 * sample, 48 * sample + 24)).toEqual(x.data.slice(24 * sample, 24 * sample + 24));
      expect(lifted.data.slice(48 * sample + 24, 48 * sample + 48).every((value) => value === 0)).toBe(true);
    }
  });

  it('that do not fit are refused', async () => {
    const model = convAnode(small);
    const apply = ode.compile((p: P, x: Tensor) => model.apply(p, x));
    await expect(apply(model.init(random(0)), images(0, 2, [1, 4, 3]))).rejects.toThrow(ShapeError);
    await expect(apply(model.init(random(0)), images(0, 2, [2, 3, 4]))).rejects.toThrow(
      'convAnode: an input f32[2,2,3,4]; expected images [samples, 2, 4, 3].',
    );
    expect(() => convAnode({ ...small, filters: 0 })).toThrow(OptionError);
    expect(() => convAnode({ ...small, extra: 1.5 })).toThrow('convAnode: extra is 1.5');
    expect(() => convAnode({ ...small, extra: 0, augment: 'learned' })).toThrow(OptionError);
  });
});
