// A user's program: every plugin of the installed package through createOde, in plain JavaScript. Prints what it found as JSON.
import { array, constantStep, createOde, random, valueAndGrad } from '@node-ode/core';
import { adamsBashforth2, cashKarp, counted, halving, linearFlowModel, squareRoot, squares } from 'third-party-plugins';

const work = { compiled: 0, runs: 0 };
const backend = counted({ work });
const decay = (_t, y) => y.neg();

const ode = createOde({
  backend,
  solver: cashKarp(),
  controller: halving({ rtol: 1e-8, atol: 1e-10 }),
  gradient: squareRoot(),
  dtype: 'f64',
});
const solved = await ode.solve(decay, 1, [0, 1]);

const uniform = createOde({
  backend,
  solver: adamsBashforth2(),
  controller: constantStep({ h: 1 / 512 }),
  dtype: 'f64',
});
const stepped = await uniform.solve(decay, 1, [0, 1]);

// Gradient descent on the data set, by the gradient method.
const setup = { ode, dtype: 'f64', features: 2, outputs: 1 };
const model = linearFlowModel(setup);
const step = ode.compile((params, batch) => {
  const { value, grad } = valueAndGrad((p) => model.loss(p, batch))(params);
  const descend = (name) => params[name].sub(grad[name].mul(0.2));
  return { loss: value, params: { matrix: descend('matrix'), readout: descend('readout') } };
});
const double = ({ shape, data }) => array(Array.from(data), { shape, dtype: 'f64' });
const losses = [];
let params = model.init(random(1));
const data = squares({ samples: 64, seed: 1 });
for (let epoch = 0; epoch < 10; epoch++) {
  const rng = random(epoch);
  for (const { x, y } of data.batches('train', { batchSize: 32, random: rng })) {
    const done = await step(params, { x: double(x), y: double(y) });
    losses.push((await done.loss.read()).data[0]);
    params = done.params;
  }
}

console.log(JSON.stringify({ solved: solved.ys.data[1], stepped: stepped.ys.data[1], losses, work }));
