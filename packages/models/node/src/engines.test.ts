/** Twenty steps of training on other engines hold the reference engine's parameters. */
import { onnx } from '@node-ode/backend-onnx';
import { reference } from '@node-ode/backend-reference';
import { wasm } from '@node-ode/backend-wasm';
import type { Backend } from '@node-ode/core';
import { afterAll, describe, expect, it } from 'vitest';
import { adaptive, circle, stripes, train } from '../test/harness.ts';
import { classifier, cnn, imageOdeNet, imageResNet, perceptron, tabularOdeNet } from './index.ts';

const engines: readonly (readonly [string, Backend])[] = [
  ['wasm', await wasm()],
  ['onnx-cpu', await onnx()],
];
afterAll(() => Promise.all(engines.map(([, engine]) => engine.dispose())));

// Smooth, as what is compared is the engine: which side of relu's corner a sum falls on is a matter of rounding.
const small = { channels: 1, outputs: 2, width: 4, groups: 2, activation: 'softplus' } as const;
const ode = adaptive();
const images = stripes(8);
const runs = {
  'ODE-Net for images': (on: Backend) => train(on, classifier(imageOdeNet({ ...small, ode })), images),
  'ResNet for images': (on: Backend) => train(on, classifier(imageResNet({ ...small, blocks: 2 })), images),
  CNN: (on: Backend) =>
    train(
      on,
      classifier(cnn({ image: [1, 12, 12], outputs: 2, widths: [3, 4], hidden: 8, activation: 'tanh' })),
      images,
      { learningRate: 0.2 },
    ),
  perceptron: (on: Backend) =>
    train(on, classifier(perceptron({ features: 144, outputs: 2, hidden: [8], activation: 'tanh' })), images),
  'ODE-Net for tables': (on: Backend) =>
    train(on, classifier(tabularOdeNet({ ode, features: 2, outputs: 2, width: 8 })), circle(16)),
};

describe.each(Object.entries(runs))('%s', (_, run) => {
  const oracle = run(reference());

  it('learns', async () => {
    const { losses } = await oracle;
    expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] ?? NaN));
  });

  it.each(engines)('trains on %s as on the reference engine', async (_engine, engine) => {
    const [expected, actual] = [await oracle, await run(engine)];
    expect(actual.params).toHaveLength(expected.params.length);
    actual.params.forEach(({ data }, k) => {
      const wanted = expected.params[k]?.data ?? [];
      const scale = Math.max(1, ...Array.from(wanted, Math.abs));
      const worst = Math.max(...Array.from(data, (x, i) => Math.abs(x - (wanted[i] ?? NaN))));
      expect(worst).toBeLessThan(1e-4 * scale);
    });
  });
});
