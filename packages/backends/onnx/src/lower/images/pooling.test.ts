/** Pooling in ONNX Runtime, against the reference engine where the runtime's own kernels differ. */
import { array } from '@node-ode/core';
import { expect, it } from 'vitest';
import { operatorsOf } from '../../../test/arrays.ts';
import { apply, expectReference, singleNode } from '../../../test/single-node.ts';
import { emitModel } from '../emit-model.ts';

const window = { window: [2, 2], strides: [1, 1], padBefore: [0, 0], padAfter: [0, 0], dilations: [1, 1] } as const;

it.each(['f32', 'f64'] as const)('the largest of a window is NaN where one is, of %s', async (dtype) => {
  const x = array([Infinity, -1, NaN, -2, -3, -Infinity, 3e38, -3e38, -0.5], { shape: [1, 1, 3, 3], dtype });
  await expectReference('maxPool2d', window, [x]);
  expect([...(await apply('maxPool2d', window, [x])).data]).toEqual([
    Infinity,
    NaN,
    array([3e38], { dtype }).data[0],
    -0.5,
  ]);
});

it('averages what is not finite in its windows alone', async () => {
  const x = array([1, 2, 3, 4, 5, 6, Infinity, NaN, -Infinity], { shape: [1, 1, 3, 3] });
  await expectReference('avgPool2d', { ...window, countIncludePad: true }, [x]);
});

it('is one node where ONNX has one', () => {
  const { graph } = singleNode('avgPool2d', { ...window, countIncludePad: false }, [
    array([1, 2, 3, 4], { shape: [1, 1, 2, 2] }),
  ]);
  expect(operatorsOf(emitModel(graph, { provider: 'cpu' }).graph.nodes)).toEqual(['AveragePool']);
});
