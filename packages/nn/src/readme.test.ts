import { reference } from '@node-ode/backend-reference';
import { array, compile, random, valueAndGrad, type Tensor, type TensorsOf } from '@node-ode/core';
import { expect, it } from 'vitest';
import { missingFromTest } from '../test/readme.ts';
import { adam, applyGradients, clipByGlobalNorm, cosineDecay, mlp, mse, trainState, type TrainState } from './index.ts';

it('the README’s example runs and does what it says', async () => {
  // y = sin x at 32 points
  const points = Array.from({ length: 32 }, (_, i) => [-3 + (6 * i) / 31]);
  const x = array(points);
  const y = array(points.map(([v = 0]) => [Math.sin(v)]));

  const net = mlp({ sizes: [1, 16, 1], activation: 'tanh' });
  const optimizer = adam({ learningRate: cosineDecay({ initial: 3e-2, steps: 300 }) });
  const params = net.init(random(0));

  type State = TrainState<Tensor, TensorsOf<typeof params>>;
  const step = compile(reference(), (state: State, x: Tensor, y: Tensor) => {
    const loss = (p: State['params']) => mse(net.apply(p, x), y);
    const { value, grad } = valueAndGrad(loss)(state.params);
    return { state: applyGradients(optimizer, state, clipByGlobalNorm(grad, 1)), loss: value };
  });

  let { state, loss } = await step(trainState(optimizer, params), x, y);
  for (let i = 1; i < 300; i++) ({ state, loss } = await step(state, x, y)); // parameters stay on the device
  console.log((await loss.read()).data[0]); // below 1e-3

  expect((await loss.read()).data[0]).toBeLessThan(1e-3);
});

it('and is the README’s', async () => {
  const readme = new URL('../README.md', import.meta.url);
  expect(await missingFromTest('@node-ode/nn', readme, new URL(import.meta.url))).toEqual([]);
});
