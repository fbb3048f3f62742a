import { bidirectionalSpirals } from '@node-ode/datasets';
import { expect, it } from 'vitest';
import { piecesOf } from './series.ts';

const spirals = bidirectionalSpirals({ points: 12, observed: 5, future: 7, train: 6, test: 2, noise: 0.1 }).all(
  'train',
);
const pieces = piecesOf(spirals);

it('has the observed points of each piece, at their own times', () => {
  expect(pieces.observed.t.shape).toEqual([6, 5]);
  for (let piece = 0; piece < 6; piece++) {
    const places = Array.from({ length: 12 }, (_, k) => k).filter((k) => spirals.mask.data[12 * piece + k] === 1);
    places.forEach((place, k) => {
      expect(pieces.observed.t.data[5 * piece + k]).toBe(spirals.t.data[12 * piece + place]);
      expect(pieces.observed.y.data[10 * piece + 2 * k]).toBeCloseTo(spirals.y.data[2 * (12 * piece + place)]! / 4, 6);
    });
  }
});

it('has what comes after a piece behind it', () => {
  expect(pieces.truth.shape).toEqual([6, 19, 2]);
  expect(pieces.truth.data[2 * 19 + 1]).toBeCloseTo(spirals.truth.data[2 * 12 + 1]! / 4, 6);
  expect(pieces.truth.data[2 * 19 + 2 * 12]).toBeCloseTo(spirals.future.data[2 * 7]! / 4, 6);
});

it('gives some of the pieces', () => {
  const { observed, grid, count } = pieces.some([4, 1]);
  expect(count).toBe(2);
  expect(Array.from(observed.t.data.slice(5))).toEqual(Array.from(pieces.observed.t.data.slice(5, 10)));
  expect(Array.from(grid.mask.data.slice(0, 24))).toEqual(Array.from(pieces.grid.mask.data.slice(96, 120)));
});
