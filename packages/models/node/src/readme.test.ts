import { reference } from '@node-ode/backend-reference';
import { array, createOde, random, valueAndGrad, type Tensor, type TensorsOf } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { adam, applyGradients, mse, timeMlp, trainState, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { expect, it } from 'vitest';
import { missingFromTest } from '../test/readme.ts';
import { neuralOde } from './index.ts';

it('the README’s example runs and does what it says', async () => {
  const ode = createOde({ backend: reference(), solver: dopri5(), gradient: adjoint(), rtol: 1e-4, atol: 1e-6 });
  const block = neuralOde({ dynamics: timeMlp({ sizes: [2, 16, 2] }), ode });

  // Learn a flow that turns the plane by a quarter.
  const turns = [0, 1, 2, 3, 4].map((k) => [Math.cos((k * Math.PI) / 2), Math.sin((k * Math.PI) / 2)]);
  const [x, y] = [array(turns.slice(0, 4)), array(turns.slice(1))];

  const optimizer = adam({ learningRate: 0.02 });
  const params = block.init(random(0));
  type State = TrainState<Tensor, TensorsOf<typeof params>>;
  const step = ode.compile((state: State, x: Tensor, y: Tensor) => {
    const loss = (p: State['params']) => mse(block.apply(p, x), y);
    const { value, grad } = valueAndGrad(loss)(state.params); // forward solve and adjoint solve
    return { state: applyGradients(optimizer, state, grad), loss: value };
  });

  let { state, loss } = await step(trainState(optimizer, params), x, y);
  for (let i = 0; i < 60; i++) ({ state, loss } = await step(state, x, y));
  console.log((await loss.read()).data[0]); // below 0.01

  expect((await loss.read()).data[0]).toBeLessThan(0.01);
});

it('and is the README’s', async () => {
  const readme = new URL('../README.md', import.meta.url);
  expect(await missingFromTest('@node-ode/model-node', readme, new URL(import.meta.url))).toEqual([]);
});
