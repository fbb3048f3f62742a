import { expect, it } from 'vitest';
import { errorOf, referenceOf } from './compare.ts';
import { decay, y0 } from './test/support.ts';

const tolerances = { rtol: 0.1, atol: 0.5 };

it('measures the largest error in tolerances', () => {
  // 0.5 + 0.1·5 = 1 is one tolerance
  expect(errorOf({ ys: [1, 5.25] }, { ys: [1.5, 5] }, tolerances)).toBeCloseTo(0.5, 12);
});

it('takes the worst of several arrays, each by its own size', () => {
  const expected = { loss: [0], gradient: [5] };
  expect(errorOf({ loss: [1], gradient: [5] }, expected, tolerances)).toBeCloseTo(2, 12);
  expect(errorOf({ loss: [0], gradient: [8] }, expected, tolerances)).toBeCloseTo(3, 12);
});

it('is no number if something is missing, too short or not a number', () => {
  const expected = { ys: [1, 2, 3] };
  for (const ys of [[], [1, 2], [1, 2, 3, 4], [NaN, 2, 3], [1, NaN, 3], [1, 2, NaN]]) {
    expect(errorOf({ ys }, expected, tolerances)).toBeNaN();
  }
  expect(errorOf({}, expected, tolerances)).toBeNaN();
});

it('asks for the reference in f64, a thousand times more accurate, by backprop', () => {
  const problem = decay({ kind: 'gradient', gradient: 'adjoint', y0, ts: [0, 1] });
  const { dtype, rtol, atol, task } = referenceOf(problem);
  expect([dtype, task]).toEqual(['f64', { ...problem.task, gradient: 'backprop' }]);
  expect([rtol, atol].map((x) => Number(x.toPrecision(12)))).toEqual([1e-8, 1e-9]);
});

it('asks for steps in f64, of core’s parts, with norms in the same tolerances', () => {
  const problem = decay({ kind: 'steps', y0, h: 0.5, count: 2, form: 'plain' });
  expect(referenceOf(problem)).toEqual({ ...problem, dtype: 'f64', task: { ...problem.task, form: 'parts' } });
});
