/** Stage sums: all ways of weighting against the reference engine, what is not finite, and how many nodes they take. */
import { array, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { arraysOf, operatorsOf } from '../../test/arrays.ts';
import { apply, expectReference, singleNode, type Argument } from '../../test/single-node.ts';
import { emitModel } from './emit-model.ts';

const make = arraysOf(15);

/** y + h·Σ bᵢ·kᵢ with `stages` terms, as a step has it. */
function stage(
  shape: readonly number[],
  stages: number,
  dtype: 'f32' | 'f64' = 'f32',
): {
  readonly coefficients: readonly number[];
  readonly args: readonly Argument[];
} {
  const h = array(0.125, { dtype });
  const weights = [{ splat: 1, shape: [], dtype } as const, ...new Array<HostArray>(stages).fill(h)];
  return {
    coefficients: [1, ...Array.from({ length: stages }, (_, i) => (i % 2 === 0 ? 1 : -1) / (i + 3))],
    args: [...weights, ...weights.map(() => make(shape, dtype))],
  };
}

const operators = (coefficients: readonly number[], args: readonly Argument[]): readonly string[] =>
  operatorsOf(
    emitModel(singleNode('linearCombination', { coefficients }, args).graph, { provider: 'cpu' }).graph.nodes,
  );

describe.each(['f32', 'f64'] as const)('of %s', (dtype) => {
  it.each([[[]], [[2]], [[20, 2]], [[3, 4, 5]], [[128, 64]], [[0, 3]], [[0]]])('stages of shape %j', async (shape) => {
    for (const stages of [1, 2, 3, 6, 13]) {
      const { coefficients, args } = stage(shape, stages, dtype);
      await expectReference('linearCombination', { coefficients }, args, { slack: 4 });
    }
  });

  it('weights of every kind', async () => {
    const cases: readonly (readonly [readonly number[], readonly (readonly number[])[]])[] = [
      [[5], [[]]],
      [
        [6, 3],
        [[], [6], [6]],
      ],
      [
        [2, 3, 4],
        [[2, 3], [], [2], [2, 3, 4]],
      ],
      [[4], [[4], []]],
      [
        [0, 3],
        [[], [0], [0], [0]],
      ],
      [[], [[], [], [], [], []]],
    ];
    for (const [shape, weights] of cases) {
      const args = [...weights.map((w) => make(w, dtype)), ...weights.map(() => make(shape, dtype))];
      const coefficients = weights.map((_, i) => 0.5 - i);
      await expectReference('linearCombination', { coefficients }, args, { slack: 4 });
    }
  });

  it.each([NaN, Infinity, -Infinity])('%d stays in its own element', async (bad) => {
    for (const stages of [2, 6]) {
      const { coefficients, args } = stage([3, 2], stages, dtype);
      const term = args.at(-1) as HostArray;
      term.data[3] = bad;
      const { data } = await apply('linearCombination', { coefficients }, args);
      expect(Array.from(data, Number.isFinite)).toEqual([true, true, true, false, true, true]);
      await expectReference('linearCombination', { coefficients }, args, { slack: 4 });
    }
  });

  it('what is not finite shows where its factor is zero', async () => {
    const { coefficients, args } = stage([2, 2], 4, dtype);
    (args.at(-1) as HostArray).data[0] = Infinity;
    const { data } = await apply('linearCombination', { coefficients: [...coefficients.slice(0, -1), 0] }, args);
    expect(Array.from(data, Number.isNaN)).toEqual([true, false, false, false]);
  });
});

it('takes few nodes, whose factors are constants', () => {
  const of = (shape: readonly number[], stages: number): readonly string[] => {
    const { coefficients, args } = stage(shape, stages);
    return operators(coefficients, args);
  };
  expect(of([20, 2], 1)).toEqual(['Mul', 'Mul', 'Add']);
  expect(of([20, 2], 5)).toEqual([...new Array<string>(5).fill('Mul'), 'Concat', 'Reshape', 'Gemm', 'Reshape']);
  expect(of([2], 5)).toEqual([...new Array<string>(5).fill('Mul'), 'Concat', 'Reshape', 'MatMul']);
  const weights = Array.from({ length: 4 }, () => make([], 'f32'));
  const terms = weights.map(() => make([20, 2], 'f32'));
  expect(operators([1, 1, 1, 1], [...weights, ...terms])).toEqual(['Mul', 'Mul', 'Mul', 'Mul', 'Sum']);
});
