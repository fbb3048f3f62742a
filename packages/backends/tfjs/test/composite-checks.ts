/** Composites with lowerings of their own, by each of their ways, held to the reference engine on a backend. */
import { array, random, sizeOf, type HostArray, type Shape } from '@node-ode/core';
import { expect, it } from 'vitest';
import { expectReference, run, singleNode } from './lowered.ts';

const rng = random(3);
export const normal = (shape: Shape, scale = 1): HostArray =>
  array(
    Array.from({ length: sizeOf(shape) }, () => scale * rng.normal()),
    { shape },
  );
export const scalar = (x: number): HostArray => array([x], { shape: [] });
const withoutOurs = (kernel: string): boolean => !kernel.startsWith('NodeOde');
export function testComposites(name: string): void {
  const shapes: readonly Shape[] = [[], [3], [20, 2], [33, 65], [2, 3, 4, 5]];

  it.each([undefined, withoutOurs])('sums stages with one step size (%s)', async (has) => {
    for (const shape of shapes) {
      for (const n of [1, 2, 3, 4, 7, 9]) {
        const coefficients = Array.from({ length: n }, (_, i) => (i === 0 ? 1 : rng.normal()));
        const weights = coefficients.map((_, i) => scalar(i === 0 ? 1 : 0.25));
        const terms = coefficients.map(() => normal(shape));
        await expectReference(name, 'linearCombination', { coefficients }, [...weights, ...terms], 1, has);
      }
    }
  });

  it.each([undefined, withoutOurs])('sums stages with a step size for each sample (%s)', async (has) => {
    const coefficients = [1, 0.5, -2, 3, 0.125];
    const weights = coefficients.map((_, i) => (i === 0 ? scalar(1) : normal([4])));
    const terms = coefficients.map(() => normal([4, 3, 2]));
    await expectReference(name, 'linearCombination', { coefficients }, [...weights, ...terms], 1, has);
  });

  it.each([undefined, withoutOurs])('keeps what is not finite in its element (%s)', async (has) => {
    const coefficients = [1, 0.5, -2];
    const terms = [[1, NaN, 1, 1], [1, 1, Infinity, 1], normal([4]).data].map((data) => array(Array.from(data)));
    const args = [scalar(1), scalar(0.1), scalar(0.1), ...terms];
    await expectReference(name, 'linearCombination', { coefficients }, args, 1, has);
  });

  it.each([undefined, withoutOurs])('has the error norm of one leaf and of several (%s)', async (has) => {
    const leaf = (shape: Shape, rtol: HostArray, atol: HostArray): readonly HostArray[] => [
      normal(shape, 1e-4),
      normal(shape),
      normal(shape),
      rtol,
      atol,
    ];
    const [rtol, atol] = [scalar(1e-3), scalar(1e-6)];
    const small = (shape: Shape): HostArray => array(new Float32Array(sizeOf(shape)).fill(1e-3), { shape });
    for (const leaves of [
      [leaf([20, 2], rtol, atol)],
      [leaf([], rtol, atol), leaf([7], rtol, atol)],
      [leaf([4, 3], small([4, 3]), small([4, 3]))],
      [leaf([4, 3], small([3]), small([4, 1]))],
    ]) {
      await expectReference(name, 'errorNorm', {}, leaves.flat(), 1, has);
    }
  });

  it('has an error norm that is not finite where a leaf is not', async () => {
    const [tolerance, ones] = [scalar(1e-3), array([1, 1])];
    const norm = async (e: HostArray, y1: HostArray): Promise<number> => {
      const args = [e, ones, y1, tolerance, tolerance];
      return (await run(singleNode('errorNorm', {}, args), args, name))[0]!.data[0]!;
    };
    expect(await norm(array([NaN, 0]), ones)).toBeNaN();
    expect(await norm(array([Infinity, 0]), ones)).toBe(Infinity);
    expect(await norm(array([1e-3, 0]), array([1, NaN]))).toBeNaN();
  });

  it.each([undefined, withoutOurs])('tells of every element of every leaf that it is not finite (%s)', async (has) => {
    const shapesOfLeaves: readonly Shape[] = [[3, 3], [], [0, 4], [7], [2, 1, 2]];
    const asked = async (change: (leaves: readonly HostArray[]) => void): Promise<void> => {
      const leaves = shapesOfLeaves.map((shape) => normal(shape));
      change(leaves);
      await expectReference(name, 'allFinite', {}, leaves, 0, has);
    };
    await asked(() => undefined);
    await asked(([a, b]) => [a!, b!].forEach(({ data }) => data.fill(3e38)));
    for (const [leaf, shape] of shapesOfLeaves.entries()) {
      for (let at = 0; at < sizeOf(shape); at++) {
        for (const bad of [NaN, Infinity, -Infinity]) await asked((leaves) => leaves[leaf]!.data.fill(bad, at, at + 1));
      }
    }
    await expectReference(name, 'allFinite', {}, [], 0, has);
    await expectReference(name, 'allFinite', {}, [normal([0])], 0, has);
    await expectReference(name, 'allFinite', {}, [normal([3, 2])], 0, has);
  });

  it('has softplus, softmax and means', async () => {
    const x = array([-200, -90, -15, -13, -1, -1e-3, 0, 1, 12, 14, 200, NaN, Infinity, -Infinity]);
    await expectReference(name, 'softplus', {}, [x]);
    for (const axis of [0, 1]) await expectReference(name, 'softmax', { axis }, [normal([5, 7], 10)]);
    await expectReference(name, 'softmax', { axis: 1 }, [
      array([NaN, 1, Infinity, 2, -Infinity, 0], { shape: [3, 2] }),
    ]);
    for (const axes of [[], [0], [1, 2], [0, 1, 2]]) {
      for (const keepDims of [false, true])
        await expectReference(name, 'mean', { axes, keepDims }, [normal([3, 4, 5])]);
    }
  });
}
