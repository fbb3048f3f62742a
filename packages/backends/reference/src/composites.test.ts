import { array, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { apply, build, evaluate, F32, F64, f64, range } from '../test/builder.ts';

describe('linearCombination', () => {
  it('sums Σ cᵢ·wᵢ·xᵢ with scalar weights', () => {
    const inputs = [F64(1), F64(0.5), F64([1, 2]), F64([10, 20])];
    expect(apply('linearCombination', inputs, { coefficients: [1, 4] })).toEqual([21, 42]);
    expect(apply('linearCombination', [F64(2), F64(3)], { coefficients: [-1] })).toBe(-6);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('adds %d terms from left to right, as the decomposition does in f64', (n) => {
    const coefficients = Array.from({ length: n }, (_, i) => Math.sin(i + 1));
    const weights = coefficients.map((_, i) => Math.cos(3 * i + 1));
    const terms = coefficients.map((_, i) =>
      Float64Array.from({ length: 11 }, (__, j) => Math.exp(Math.sin(i * 11 + j))),
    );
    const expected = Array.from({ length: 11 }, (_, j) =>
      coefficients.map((c, i) => c * weights[i]! * terms[i]![j]!).reduce((a, b) => a + b),
    );
    const inputs: HostArray[] = [...weights.map((w) => F64(w)), ...terms.map((term) => array(term))];
    expect(apply('linearCombination', inputs, { coefficients })).toEqual(expected);
  });

  it('takes a weight for each leading index', () => {
    const x = range('f64', 2, 3);
    expect(apply('linearCombination', [F64(1), F64([10, 100]), x, x], { coefficients: [1, 2] })).toEqual([
      [0, 21, 42],
      [603, 804, 1005],
    ]);
    expect(apply('linearCombination', [range('f64', 2, 3), x], { coefficients: [1] })).toEqual([
      [0, 1, 4],
      [9, 16, 25],
    ]);
  });

  it('rounds f32 once, at the end', () => {
    // 2²⁴ + 1 − 2²⁴ is 1; a sum rounded at each term would lose it.
    const inputs = [F32(1), F32(1), F32(1), F32([2 ** 24]), F32([1]), F32([-(2 ** 24)])];
    expect(apply('linearCombination', inputs, { coefficients: [1, 1, 1] })).toEqual([1]);
  });

  it('keeps the sign of zero, and NaN under a weight of zero', () => {
    expect(apply('linearCombination', [F64(1), F64([-0])], { coefficients: [1] })).toEqual([-0]);
    expect(apply('linearCombination', [F32(1), F32(0), F32([1]), F32([NaN])], { coefficients: [1, 1] })).toEqual([NaN]);
  });

  it('is empty for empty terms', () => {
    const empty = F32([], [0, 2]);
    expect(apply('linearCombination', [F32(1), empty], { coefficients: [1] })).toEqual([]);
    expect(apply('linearCombination', [F32([], [0]), empty], { coefficients: [1] })).toEqual([]);
  });
});

describe('errorNorm', () => {
  it('is the root mean square of the scaled error', () => {
    // Scales 0.1·max(|y0|, |y1|) + 1: 1.2 and 1.5.
    const inputs = [F64([1.2, -3]), F64([1, -5]), F64([-2, 4]), F64(0.1), F64(1)];
    expect(apply('errorNorm', inputs)).toBeCloseTo(Math.sqrt((1 + 4) / 2), 15);
  });

  it('joins leaves of different shapes, element by element and not leaf by leaf', () => {
    const leaf = (e: number[], rtol: HostArray, atol: HostArray) => [
      F64(e),
      F64(e.map(() => 1)),
      F64(e.map(() => 0)),
      rtol,
      atol,
    ];
    const inputs = [...leaf([2], F64(1), F64(0)), ...leaf([1, 1, 1], F64(0), F64([1, 0.5, 0.25]))];
    expect(apply('errorNorm', inputs)).toBe(Math.sqrt((4 + 1 + 4 + 16) / 4));
  });

  it('broadcasts tolerances', () => {
    const e = range('f64', 2, 2);
    const ones = F64([
      [1, 1],
      [1, 1],
    ]);
    expect(apply('errorNorm', [e, ones, ones, F64([[1], [2]]), F64([0, 1])])).toBe(
      Math.sqrt((0 + (1 / 2) ** 2 + (2 / 2) ** 2 + (3 / 3) ** 2) / 4),
    );
  });

  it('shows a NaN in the error or in a state', () => {
    const one = F32([1]);
    expect(apply('errorNorm', [F32([NaN]), one, one, F32(1), F32(1)])).toBe(NaN);
    expect(apply('errorNorm', [one, one, F32([NaN]), F32(1), F32(1)])).toBe(NaN);
    expect(apply('errorNorm', [F32([Infinity]), one, one, F32(1), F32(1)])).toBe(Infinity);
  });
});

describe('allFinite', () => {
  const ask = (...inputs: readonly HostArray[]): unknown => apply('allFinite', inputs);

  it('is told of every leaf, of any shapes and dtypes', () => {
    expect(ask(F32([[1, 2]]), F64(3), F32([], [0, 2]))).toBe(true);
    expect(ask(F32([[1, NaN]]), F64(3))).toBe(false);
    expect(ask(F32([1, 2]), F64(Infinity), F32([1]))).toBe(false);
    expect(ask(F32([1, 2]), F32([1, -Infinity]))).toBe(false);
  });

  it('is true of the largest numbers, and of none', () => {
    expect(ask(F64([Number.MAX_VALUE, Number.MAX_VALUE]))).toBe(true);
    expect(ask()).toBe(true);
    expect(ask(F32([], [0]))).toBe(true);
  });
});

it('a composite leaves nothing alive behind', () => {
  const graph = build('g', [f64(), f64(3)], (g, w, x) => [
    g.one('linearCombination', [w!, w!, x!, x!], { coefficients: [1, 1] }),
  ]);
  expect(evaluate(graph, [F64(2), F64([1, 2, 3])]).counters.peakBytes).toBe(8 + 24 + 24);
});
