import { expect, expectTypeOf, it } from 'vitest';
import { array, asTensors, traceFunction, TreeError, type Tensor } from './index.ts';

const params = { layers: [{ w: array([[2], [3]]), b: array([1]) }] };

it('captures a tree of host arrays in a function', () => {
  const trained = asTensors(params);
  expectTypeOf(trained).toEqualTypeOf<{ layers: { w: Tensor; b: Tensor }[] }>();
  const { graph, constants } = traceFunction(
    (x: Tensor) => trained.layers.reduce((h, { w, b }) => h.matmul(w).add(b), x),
    [{ shape: [5, 2] }],
  );
  expect(constants.map(({ shape }) => shape)).toEqual([[2, 1], [1]]);
  expect(graph.outputs[0]?.type).toMatchObject({ shape: [5, 1] });
});

it('refuses a leaf that is no host array', () => {
  expect(() => asTensors({ w: 'no' })).toThrow(TreeError);
});
