/** The scaled error norm: the reference engine, values worked out by hand, tolerances of every kind, NaN, extremes. */
import { array, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { arraysOf, operatorsOf } from '../../test/arrays.ts';
import { apply, expectReference, singleNode, type Argument } from '../../test/single-node.ts';
import { emitModel } from './emit-model.ts';

const make = arraysOf(16);
type Float = 'f32' | 'f64';
const known = (splat: number, dtype: Float): Argument => ({ splat, shape: [], dtype });

describe.each(['f32', 'f64'] as const)('of %s', (dtype) => {
  const leaf = (shape: readonly number[], rtol: Argument, atol: Argument): readonly Argument[] => [
    make(shape, dtype),
    make(shape, dtype),
    make(shape, dtype),
    rtol,
    atol,
  ];
  const positive = (shape: readonly number[]): HostArray => {
    const tolerance = make(shape, dtype);
    tolerance.data.forEach((x, i) => (tolerance.data[i] = Math.abs(x) + 0.01));
    return tolerance;
  };
  const holds = (args: readonly Argument[]): Promise<void> => expectReference('errorNorm', {}, args, { slack: 10 });

  it.each([
    [1e-3, 1e-6],
    [1e-2, 0],
    [0, 1e-3],
    [1e-14, 1e-3],
    [1e-6, 1e300],
  ])('tolerances %d and %d that are known', async (rtol, atol) => {
    if (Math.fround(atol) === Infinity && dtype === 'f32') return;
    for (const shape of [[], [5], [20, 2], [3, 4, 5]]) {
      await holds(leaf(shape, known(rtol, dtype), known(atol, dtype)));
    }
  });

  it('tolerances that are computed, one for all or one for each', async () => {
    await holds(leaf([4, 3], positive([]), positive([])));
    await holds(leaf([4, 3], positive([3]), positive([4, 3])));
    await holds(leaf([4, 3], known(1e-3, dtype), positive([3])));
  });

  it('several leaves', async () => {
    const [rtol, atol] = [known(1e-3, dtype), known(1e-6, dtype)];
    await holds([...leaf([], rtol, atol), ...leaf([7], rtol, atol), ...leaf([3, 4], rtol, known(1e-2, dtype))]);
    await holds([...leaf([], rtol, atol), ...leaf([7], known(1e-2, dtype), atol)]);
    await holds([...leaf([0], rtol, atol), ...leaf([2], rtol, atol)]);
  });

  it('no element at all', async () => {
    const { data } = await apply('errorNorm', {}, leaf([0, 2], known(1e-3, dtype), known(1e-6, dtype)));
    expect(data[0]).toBeNaN();
  });

  it('a NaN shows, wherever it is', async () => {
    for (const place of [0, 1, 2]) {
      const args = leaf([3], known(1e-3, dtype), known(1e-6, dtype));
      (args[place] as HostArray).data[1] = NaN;
      expect((await apply('errorNorm', {}, args)).data[0]).toBeNaN();
    }
  });

  it('is √((4² + 3²)/2) for errors of four and three tolerances', async () => {
    const y = (...values: number[]): HostArray => array(values, { dtype });
    const args = [y(4e-2, -6e-2), y(9, -19), y(-4, 2), known(1e-3, dtype), known(1e-3, dtype)];
    const { data } = await apply('errorNorm', {}, args);
    expect(data[0]).toBeCloseTo(Math.sqrt(12.5), dtype === 'f32' ? 5 : 12);
  });
});

it('is not finite in f32 beyond 10¹⁹ tolerances, where a step is refused anyway', async () => {
  const of = (error: number): Promise<HostArray> => {
    const y = array([1, 1], { dtype: 'f32' });
    return apply('errorNorm', {}, [array([error, 0], { dtype: 'f32' }), y, y, known(1e-3, 'f32'), known(0, 'f32')]);
  };
  expect((await of(1e15)).data[0]).toBeCloseTo(1e18 / Math.SQRT2, -12);
  expect((await of(1e25)).data[0]).toBe(Infinity);
});

it('takes eight nodes, whatever the tolerances are; the root of the count is folded', () => {
  const shape = [20, 2];
  const constant = ['Squeeze', 'Cast', 'Sqrt'];
  for (const tolerance of [known(1e-3, 'f32'), make([], 'f32')]) {
    const args = [make(shape, 'f32'), make(shape, 'f32'), make(shape, 'f32'), tolerance, tolerance];
    const { nodes } = emitModel(singleNode('errorNorm', {}, args).graph, { provider: 'cpu' }).graph;
    expect(operatorsOf(nodes)).toEqual(['Abs', 'Abs', 'Max', 'Mul', 'Add', 'Div', ...constant, 'ReduceL2', 'Div']);
  }
});
