/** Networks for tables: gradients, and what a table's classes and numbers need. */
import { reference } from '@node-ode/backend-reference';
import { array, compile, random, ShapeError, type Tensor, type TensorsOf } from '@node-ode/core';
import { testModel } from '@node-ode/testkit';
import { describe, expect, it } from 'vitest';
import { adaptive, circle, fixedSteps, ofBatches, train } from '../../test/harness.ts';
import { classifier, perceptron, regressor, tabularOdeNet, withoutBlock } from '../index.ts';

const ode = fixedSteps();
const small = { ode, features: 2, width: 4, hidden: [5] } as const;

testModel(() => ofBatches(classifier(tabularOdeNet({ ...small, outputs: 2 }))), {
  input: () => circle(6),
  outputShapes: [[6, 2]],
});
testModel(() => tabularOdeNet({ ...small, outputs: 1, activation: 'softplus' }), {
  input: () => circle(6).x,
  outputShapes: [[6, 1]],
});

describe('a table', () => {
  it('of classes that no line parts is learned', async () => {
    const model = classifier(tabularOdeNet({ ode: adaptive(), features: 2, outputs: 2, width: 8 }));
    const { losses } = await train(reference(), model, circle(32), { steps: 80, learningRate: 0.2 });
    expect(losses[0]).toBeGreaterThan(0.6);
    expect(losses.at(-1)).toBeLessThan(0.1);
  });

  it('of numbers is learned', async () => {
    const x = array(Array.from({ length: 16 }, (_, i) => [i / 8 - 1]));
    const y = array(Array.from({ length: 16 }, (_, i) => [(i / 8 - 1) ** 2]));
    const model = regressor(tabularOdeNet({ ode: adaptive(), features: 1, outputs: 1, width: 8 }));
    const { losses } = await train(reference(), model, { x, y }, { steps: 80, learningRate: 0.1 });
    expect(losses.at(-1)).toBeLessThan(0.1 * (losses[0] ?? NaN));
  });

  it('has the parameters of its parts', () => {
    const params = tabularOdeNet({ ...small, outputs: 3 }).init(random(0));
    const shapes = (layers: typeof params.stem): unknown => layers.map(({ weight }) => weight.shape);
    expect(shapes(params.stem)).toEqual([[2, 4]]);
    expect(shapes(params.block)).toEqual([
      [5, 5],
      [6, 4],
    ]);
    expect(params.head.weight.shape).toEqual([4, 3]);
    expect(withoutBlock(tabularOdeNet({ ...small, outputs: 3 })).init(random(0)).block).toEqual([]);
  });

  it('of other columns is refused', async () => {
    const model = perceptron({ features: 3, outputs: 2 });
    const params = model.init(random(0));
    const run = compile(reference(), (p: TensorsOf<typeof params>, x: Tensor) => model.apply(p, x));
    await expect(run(params, circle(4).x)).rejects.toThrow(ShapeError);
  });
});
