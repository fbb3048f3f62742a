/** The models of @node-ode/model-node. */
import { array, random, type TensorsOf } from '@node-ode/core';
import { backprop } from '@node-ode/gradient-backprop';
import { classifier, cnn, imageOdeNet, imageResNet, neuralOde, perceptron, tabularOdeNet } from '@node-ode/model-node';
import { mse, timeMlp, type MlpParams } from '@node-ode/nn';
import type { Case } from './case.ts';
import { modelCases } from './models.ts';

/** A quarter turn of the plane by a block of its own. */
const block = modelCases('Neural ODE block', (ode) => {
  const turns = Array.from({ length: 8 }, (_, k) => [Math.cos((k * Math.PI) / 4), Math.sin((k * Math.PI) / 4)]);
  const model = neuralOde({ dynamics: timeMlp({ sizes: [2, 12, 2] }), ode });
  return {
    params: model.init(random(0)),
    batch: { x: array(turns), y: array([...turns.slice(2), ...turns.slice(0, 2)]) },
    loss: (params: TensorsOf<MlpParams>, { x, y }) => mse(model.apply(params, x), y),
  };
});

/** Noisy stripes, lying (class 0) or standing (class 1). */
function stripes() {
  const rng = random(5);
  const extent = Array.from({ length: 12 }, (_, k) => k);
  const labels = Array.from({ length: 6 }, (_, i) => i % 2);
  const plane = (label: number): number[][] =>
    extent.map((row) => extent.map((column) => ((label === 0 ? row : column) % 2) + 0.2 * rng.normal()));
  return { x: array(labels.map((label) => [plane(label)])), label: array(labels, { dtype: 'i32' }) };
}

/** Smooth: on which side of relu's corner a sum lies is a matter of rounding. */
const small = { channels: 1, outputs: 2, width: 4, groups: 2, activation: 'softplus' } as const;

const images = modelCases(
  'ODE-Net for images',
  (ode) => {
    const { init, loss } = classifier(imageOdeNet({ ...small, ode }));
    return { params: init(random(0)), batch: stripes(), loss };
  },
  { learningRate: 0.2 },
);

const rkNet = modelCases(
  'RK-Net: ODE-Net for images by backprop',
  (ode) => {
    const { init, loss } = classifier(imageOdeNet({ ...small, ode }));
    return { params: init(random(0)), batch: stripes(), loss };
  },
  { learningRate: 0.2, gradient: backprop },
);

const residual = modelCases('ResNet for images', () => {
  const { init, loss } = classifier(imageResNet({ ...small, stem: 'residual', blocks: 1 }));
  return { params: init(random(0)), batch: stripes(), loss };
});

/** Inside and outside of a circle. */
const table = modelCases('ODE-Net for tables', (ode) => {
  const rng = random(6);
  const labels = Array.from({ length: 16 }, (_, i) => i % 2);
  const points = labels.map((label) => {
    const [radius, angle] = [label + 0.3, 2 * Math.PI * rng.uniform()];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  const { init, loss } = classifier(tabularOdeNet({ ode, features: 2, outputs: 2, width: 8 }));
  return { params: init(random(0)), batch: { x: array(points), label: array(labels, { dtype: 'i32' }) }, loss };
});

const plain = modelCases(
  'CNN',
  () => {
    const image = [1, 12, 12] as const;
    const { init, loss } = classifier(cnn({ image, outputs: 2, widths: [3, 4], hidden: 8, activation: 'tanh' }));
    return { params: init(random(0)), batch: stripes(), loss };
  },
  { learningRate: 0.2 },
);

const hidden = modelCases('perceptron', () => {
  const { init, loss } = classifier(perceptron({ features: 144, outputs: 2, hidden: [8], activation: 'tanh' }));
  return { params: init(random(0)), batch: stripes(), loss };
});

export const nodeModelCases: readonly Case[] = [
  ...block,
  ...images,
  ...rkNet,
  ...residual,
  ...table,
  ...plain,
  ...hidden,
];
