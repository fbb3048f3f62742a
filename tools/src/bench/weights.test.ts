import { expect, it } from 'vitest';
import { demoLayers, layersLike, uniformLayers } from './weights.ts';

const matrix = [
  [-0.1, 2],
  [-2, -0.1],
] as const;

it('makes a network that is about a linear map where tanh is about linear', () => {
  const [first, second] = layersLike(matrix, 50, 0.1, 1);
  const net = (x: readonly number[]): number[] => {
    const hidden = (first?.bias ?? []).map((_, k) =>
      Math.tanh(x.reduce((sum, xi, i) => sum + xi * (first?.weight[i]?.[k] ?? NaN), 0)),
    );
    return [0, 1].map((j) => hidden.reduce((sum, h, k) => sum + h * (second?.weight[k]?.[j] ?? NaN), 0));
  };
  const x = [0.01, -0.02];
  const exact = [0, 1].map((j) => x[0]! * matrix[0][j]! + x[1]! * matrix[1][j]!);
  net(x).forEach((value, j) => expect(value).toBeCloseTo(exact[j]!, 6));
  // … and not further out: the network is not a linear map in disguise
  expect(Math.abs(net([20, 0])[1]! - 40)).toBeGreaterThan(1);
});

it('makes numbers that f32 holds exactly', () => {
  for (const layers of [layersLike(matrix, 50, 0.1, 1), uniformLayers([4, 32, 4], 3, 3), demoLayers([2, 50, 2], 0)]) {
    const numbers = layers.flatMap(({ weight, bias }) => [...weight.flat(), ...bias]);
    expect(numbers.filter((x) => x !== Math.fround(x))).toEqual([]);
  }
});

it('scales the uniform weights by the gain', () => {
  const largest = Math.max(...uniformLayers([64, 256, 64], 5, 3)[0]!.weight.flat());
  expect(largest).toBeLessThanOrEqual(3 / 8);
  expect(largest).toBeGreaterThan(0.99 * (3 / 8));
});
