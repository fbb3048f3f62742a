import { grad, OptionError, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, elements, expectClose, f64 } from '../../test/harness.ts';
import { activation, activationNames, elu, leakyRelu, type Activation, type ActivationName } from './activations.ts';

const sigma = (x: number): number => 1 / (1 + Math.exp(-x));

/** The normal distribution's cumulative function: ½ + φ(x)·Σ x²ᵏ⁺¹/(1·3·…·(2k + 1)), whose terms have one sign. */
function normalCdf(x: number): number {
  let sum = 0;
  for (let k = 0, term = x; k < 60; k++, term *= (x * x) / (2 * k + 1)) sum += term;
  return 0.5 + (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}

const definitions: Readonly<Record<ActivationName, (x: number) => number>> = {
  identity: (x) => x,
  tanh: Math.tanh,
  relu: (x) => Math.max(x, 0),
  sigmoid: sigma,
  softplus: (x) => Math.log1p(Math.exp(x)),
  silu: (x) => x * sigma(x),
  swish: (x) => x * sigma(x),
  gelu: (x) => x * normalCdf(x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  leakyRelu: (x) => (x > 0 ? x : 0.01 * x),
};

const slope = (f: Activation, x: Tensor): Tensor => grad((y: Tensor) => f(y).sum())(x);

// No zero: there some have no derivative. ±3 are far from the steps of the differences.
const points = [-3, -1.5, -0.25, 0.25, 0.5, 3];

describe.each(activationNames)('%s', (name) => {
  it('is its formula', async () => {
    const actual = await elements((x: Tensor) => activation(name)(x), f64(points));
    expectClose(actual, points.map(definitions[name]), 1e-14);
  });

  it('has the derivative of central differences', async () => {
    await checkGradient(
      (x: Tensor) =>
        activation(name)(x)
          .mul(f64([1, -2, 3, 1.5, -1, 2]))
          .sum(),
      f64(points),
    );
  });

  it('is finite, with a finite derivative, far out and at 0', async () => {
    const far = f64([-1000, 0, 1000]);
    const values = await elements((x: Tensor) => activation(name)(x), far);
    const slopes = await elements((x: Tensor) => slope(activation(name), x), far);
    expect([...values, ...slopes].every(Number.isFinite), `${values} ${slopes}`).toBe(true);
  });

  it('passes NaN on', async () => {
    expect(await elements((x: Tensor) => activation(name)(x), f64([NaN]))).toEqual([NaN]);
  });
});

describe('derivatives at 0', () => {
  it.each([
    ['relu', 0],
    ['elu', 1],
    ['leakyRelu', 0.01],
    ['silu', 0.5],
    ['gelu', 0.5],
  ] as const)('%s′(0) = %d', async (name, expected) => {
    expect(await elements((x: Tensor) => slope(activation(name), x), f64([0]))).toEqual([expected]);
  });
});

describe('parameters', () => {
  it('elu takes alpha, leakyRelu a slope', async () => {
    expectClose(await elements((x: Tensor) => elu(x, 0.5), f64([-1, 2])), [0.5 * Math.expm1(-1), 2]);
    expectClose(await elements((x: Tensor) => leakyRelu(x, 0.2), f64([-1, 2])), [-0.2, 2]);
  });
});

describe('activation', () => {
  it('gives a function back as it is', () => {
    const own = (x: Tensor): Tensor => x.sin();
    expect(activation(own)).toBe(own);
  });

  it('names what it knows if a name is not known', () => {
    const unknown = 'gelu2' as ActivationName;
    expect(() => activation(unknown)).toThrow(OptionError);
    expect(() => activation(unknown)).toThrow(
      "activation: 'gelu2'; expected one of identity, tanh, relu, sigmoid, softplus, silu, swish, gelu, elu, leakyRelu. Pass any other activation as a function of a tensor.",
    );
    expect(() => activation('toString' as ActivationName)).toThrow(OptionError);
  });
});
