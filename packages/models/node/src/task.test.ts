/** Losses and predictions, of a network whose outputs are its input. */
import { reference } from '@node-ode/backend-reference';
import { array, compile, type Model, type Tensor } from '@node-ode/core';
import { expect, it } from 'vitest';
import { classifier, regressor } from './task.ts';

const passing: Model<readonly [], Tensor, Tensor> = { name: 'passing', init: () => [], apply: (_params, x) => x };
const logits = array(
  [
    [2, 0, 0],
    [0, 1, 0],
    [3, 0, 1],
  ],
  { dtype: 'f64' },
);

it('a classifier has the mean cross-entropy, classes and accuracy', async () => {
  const model = classifier(passing);
  const run = compile(reference(), (x: Tensor, label: Tensor) => ({
    loss: model.loss([], { x, label }),
    classes: model.predict([], x),
    accuracy: model.accuracy([], { x, label }),
  }));
  const result = await run(logits, array([0, 1, 2], { dtype: 'i32' }));
  const cross = (row: readonly number[], label: number): number =>
    Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - (row[label] ?? NaN);
  const expected = (cross([2, 0, 0], 0) + cross([0, 1, 0], 1) + cross([3, 0, 1], 2)) / 3;
  expect((await result.loss.read()).data[0]).toBeCloseTo(expected, 14);
  const { data, dtype } = await result.classes.read();
  expect([Array.from(data), dtype]).toEqual([[0, 1, 0], 'i32']);
  expect((await result.accuracy.read()).data[0]).toBeCloseTo(2 / 3, 14);
  expect(model.name).toBe('passing');
});

it('a regressor has the mean squared error', async () => {
  const model = regressor(passing);
  const run = compile(reference(), (x: Tensor, y: Tensor) => model.loss([], { x, y }));
  const target = array(new Array(9).fill(1), { shape: [3, 3], dtype: 'f64' });
  expect((await (await run(logits, target)).read()).data[0]).toBeCloseTo((1 + 1 + 1 + 1 + 0 + 1 + 4 + 1 + 0) / 9, 14);
});
