import { array, grad, OptionError, TreeError, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, elements, expectClose, f64, noise, run, runHost } from '../../test/harness.ts';
import { clipByGlobalNorm, clipByValue, globalNorm } from './clip.ts';

const tree = { a: f64([3, 0]), b: [f64([[4], [12]])] as const };
type T = { readonly a: Tensor; readonly b: readonly [Tensor] };
type H = typeof tree;

const gradient = grad((x: Tensor) => globalNorm(x));

const both = ({ a, b }: H): number[] => [...a.data, ...b[0].data];

describe('globalNorm', () => {
  it('is the Euclidean norm over all leaves', async () => {
    expect(await run((x: T) => globalNorm(x), tree)).toBe(13);
    expect(await run((x: T) => globalNorm(x), { a: f64([0, 0]), b: [f64([[0], [0]])] })).toBe(0);
    const random = { x: noise([20, 3], 1), y: noise([5], 2) };
    const squares = [...random.x.data, ...random.y.data].reduce((sum, x) => sum + x * x, 0);
    expectClose(await elements((x: { x: Tensor; y: Tensor }) => globalNorm(x), random), [Math.sqrt(squares)], 1e-14);
  });

  it('neither overflows nor underflows where its square would', async () => {
    const f32 = (x: number) => ({ v: array([3 * x, 4 * x]) });
    for (const scale of [1e30, 1e-30]) {
      const [norm = NaN] = await elements((x: { v: Tensor }) => globalNorm(x), f32(scale));
      expect(Math.abs(norm / (5 * scale) - 1)).toBeLessThan(1e-6);
    }
  });

  it('is f64 if any leaf is, and passes over empty leaves', async () => {
    const [mixed = NaN] = await elements((x: Tensor[]) => globalNorm(x), [array([3]), f64([1e-9]), f64([])]);
    expect(mixed).toBe(3);
    const only = await runHost((x: Tensor[]) => globalNorm(x), [f64([])]);
    expect([only.dtype, only.data[0]]).toEqual(['f64', 0]);
  });

  it('has the gradient of central differences, and 0 at 0', async () => {
    await checkGradient((x: T) => globalNorm(x), { a: f64([0.3, -1]), b: [f64([[2], [0.5]])] as const });
    const { a } = await runHost((x: { a: Tensor }) => ({ a: gradient(x.a) }), { a: f64([0, 0]) });
    expect([...a.data]).toEqual([0, 0]);
  });

  it('refuses a tree without leaves', async () => {
    await expect(run(() => globalNorm([]))).rejects.toThrow(TreeError);
    await expect(run(() => globalNorm([]))).rejects.toThrow(
      'globalNorm: the tree has no leaves; expected at least one tensor.',
    );
  });
});

describe('clipByGlobalNorm', () => {
  const clip = async (x: H, max: number): Promise<number[]> =>
    both(await runHost((t: T) => clipByGlobalNorm(t, max), x));

  it('scales what is longer to the bound', async () => {
    expectClose(await clip(tree, 6.5), [1.5, 0, 2, 6], 1e-15);
  });

  it('leaves what is shorter, bit for bit, and zeros', async () => {
    const irregular = { a: f64([0.1, 0.2]), b: [f64([[0.3], [1 / 3]])] as const };
    expect(await clip(irregular, 0.7)).toEqual(both(irregular));
    expect(await clip({ a: f64([0, 0]), b: [f64([[0], [0]])] }, 1)).toEqual([0, 0, 0, 0]);
  });

  it('makes all NaN of one NaN or infinity', async () => {
    for (const broken of [NaN, Infinity, -Infinity]) {
      expect(await clip({ ...tree, a: f64([1, broken]) }, 1)).toEqual([NaN, NaN, NaN, NaN]);
    }
  });

  it('keeps the dtype of each leaf', async () => {
    const [a, b] = await runHost((t: [Tensor, Tensor]) => clipByGlobalNorm(t, 1), [array([3]), f64([4])]);
    expect([a?.dtype, b?.dtype]).toEqual(['f32', 'f64']);
  });

  it('refuses a bound that is not positive', async () => {
    for (const bound of [0, -1, NaN, Infinity]) await expect(clip(tree, bound)).rejects.toThrow(OptionError);
    await expect(clip(tree, 0)).rejects.toThrow('clipByGlobalNorm: maxNorm is 0; expected a finite positive number.');
  });
});

describe('clipByValue', () => {
  it('moves each element into the bounds; NaN stays', async () => {
    expect(await run((x: Tensor) => clipByValue(x, 2), f64([-3, -2, 0.5, 2.5, Infinity, NaN]))).toEqual([
      -2,
      -2,
      0.5,
      2,
      2,
      NaN,
    ]);
    expect(both(await runHost((x: T) => clipByValue(x, 4), tree))).toEqual([3, 0, 4, 4]);
  });

  it('refuses a limit that is not positive', async () => {
    await expect(run((x: Tensor) => clipByValue(x, 0), f64(1))).rejects.toThrow(
      'clipByValue: limit is 0; expected a positive number.',
    );
  });
});
