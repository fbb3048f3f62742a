// The suite of models passes a good one, and fails broken ones for the right reason.
import {
  array,
  matmul,
  random,
  stopGradient,
  type HostArray,
  type Model,
  type Random,
  type Tensor,
} from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { describe, expect, it } from 'vitest';
import { failuresOf } from '../support/check.ts';
import { normal } from '../support/random-arrays.ts';
import { withoutF64 } from '../support/without-f64.ts';
import { modelChecks } from './checks.ts';

interface Params {
  readonly w: HostArray;
  readonly b: HostArray;
}

type Toy = Model<Params, Tensor, Tensor>;

/** tanh(xW + b), with some members replaced. */
const toy = (changes: Partial<Toy> = {}): Toy => ({
  name: 'toy',
  init: (rng) => ({ w: normal(rng, [3, 2], 'f32', 0.5), b: normal(rng, [2], 'f32', 0.1) }),
  apply: ({ w, b }, x) => matmul(x, w).add(b).tanh(),
  ...changes,
});

const input = (rng: Random): HostArray => normal(rng, [4, 3], 'f32');
const outputShapes = [[4, 2]];

let seeds = 0;
const outside = random(99);
const kept = toy().init(random(1));

const broken: readonly (readonly [string, Partial<Toy>, string])[] = [
  ['draws its parameters elsewhere', { init: () => toy().init(outside) }, 'has parameters that its seed determines'],
  ['has the same parameters for every seed', { init: () => kept }, 'has parameters that its seed determines'],
  [
    'starts from NaN',
    { init: () => ({ w: array(new Float32Array(6).fill(NaN), { shape: [3, 2] }), b: kept.b }) },
    'has parameters that its seed determines',
  ],
  [
    'has an output of another shape',
    { apply: ({ w }, x) => matmul(x, w).transpose() },
    'has an output of the same shapes in f32 and f64, the same each time',
  ],
  [
    'computes in f32 whatever it is given',
    { apply: ({ w, b }, x) => matmul(x, w).add(b).cast('f32') },
    'has an output of the same shapes in f32 and f64, the same each time',
  ],
  [
    'differs from trace to trace',
    {
      apply: ({ w, b }, x) =>
        matmul(x, w)
          .add(b)
          .mul(1 + seeds++),
    },
    'has an output of the same shapes in f32 and f64, the same each time',
  ],
  [
    'stops the gradient of its bias',
    { apply: ({ w, b }, x) => matmul(x, w).add(stopGradient(b)).tanh() },
    'has the gradient of central differences in f64',
  ],
  [
    'has a loss that falls as it is worse',
    { loss: ({ w }) => stopGradient(w.square().sum()).add(w.sum().mul(0)) },
    'lowers its loss in five steps of gradient descent',
  ],
];

describe('the suite of models, on an engine without f64,', () => {
  const backend = withoutF64(reference());

  it('passes a good one', async () => {
    expect(await failuresOf(modelChecks(() => toy(), { input, outputShapes, backend }))).toEqual([]);
  });

  it('fails one that stops the gradient of its bias', async () => {
    const changes: Partial<Toy> = { apply: ({ w, b }, x) => matmul(x, w).add(stopGradient(b)).tanh() };
    const failures = await failuresOf(modelChecks(() => toy(changes), { input, outputShapes, backend }));
    expect(failures.map(({ name }) => name)).toEqual(['has the gradient of central differences in f64']);
  });
});

describe('the suite of models', () => {
  it('passes a good one, by its output, by a given loss and by its own', async () => {
    expect(await failuresOf(modelChecks(() => toy(), { input, outputShapes }))).toEqual([]);
    expect(
      await failuresOf(
        modelChecks(() => toy(), {
          input,
          loss: (y, _, x) =>
            y
              .sub(x.slice([0, 0], [-1, 2]))
              .square()
              .mean(),
          learningRate: 0.1,
        }),
      ),
    ).toEqual([]);
    const own = (): Toy => toy({ loss: ({ w }, x) => matmul(x, w).sub(1).square().mean() });
    expect(await failuresOf(modelChecks(own, { input }))).toEqual([]);
  });

  it.each(broken)('fails one that %s', async (_, changes, expected) => {
    const failures = await failuresOf(modelChecks(() => toy(changes), { input, outputShapes }));
    expect(
      failures.map(({ name }) => name),
      failures.map(({ reason }) => reason).join('\n'),
    ).toContain(expected);
  });

  it('fails one that a step in the wrong direction leaves no better', async () => {
    const failures = await failuresOf(modelChecks(() => toy(), { input, learningRate: -0.1 }));
    expect(failures.map(({ name }) => name)).toEqual(['lowers its loss in five steps of gradient descent']);
  });
});
