import { array } from '@node-ode/core';
import { expect, it } from 'vitest';
import { breastCancerFolds, rowsOf } from './breast-cancer.ts';
import { logisticRegression, predictClasses } from './logistic.ts';
import { accuracyOf } from './network.ts';

it('every tumour is tested on once, standardised by what is trained on', () => {
  const folds = breastCancerFolds(3);
  expect(folds.map(({ test }) => test.x.shape[0])).toEqual([113, 114, 114, 114, 114]);
  const benign = folds.reduce((sum, { test }) => sum + Array.from(test.target.data).reduce((a, b) => a + b, 0), 0);
  expect(benign).toBe(357);
  for (const { train } of folds) {
    const column = rowsOf(train.x).map((row) => row[7] ?? NaN);
    const mean = column.reduce((a, b) => a + b, 0) / column.length;
    expect(mean).toBeCloseTo(0, 5);
    expect(column.reduce((a, b) => a + (b - mean) ** 2, 0) / column.length).toBeCloseTo(1, 5);
  }
});

it('logistic regression is at the minimum of its objective', () => {
  const x = [[-2, 1], [-1, 0], [0, 3], [1, -1], [2, 0], [0.5, 2]]; // prettier-ignore
  const classes = [0, 0, 1, 0, 1, 1];
  const w = logisticRegression(x, classes, 0.5);
  // its gradient: Σ (σ(w·x) − y) x + λw, without λ for the intercept
  const gradient = [0, 1, 2].map((k) =>
    x.reduce(
      (sum, row, i) => {
        const features = [...row, 1];
        const p = 1 / (1 + Math.exp(-features.reduce((a, v, j) => a + v * (w[j] ?? NaN), 0)));
        return sum + (p - (classes[i] ?? NaN)) * (features[k] ?? NaN);
      },
      k < 2 ? 0.5 * (w[k] ?? NaN) : 0,
    ),
  );
  for (const slope of gradient) expect(slope).toBeCloseTo(0, 5);
  expect(predictClasses(w, [[3, 3], [-3, -3]])).toEqual([1, 0]); // prettier-ignore
});

it('logistic regression does not run away from classes that a line divides', () => {
  const w = logisticRegression([[-1], [-2], [1], [2]], [0, 0, 1, 1]);
  // SciPy's minimum of the same objective
  expect(w[0]).toBeCloseTo(1.00659431, 7);
  expect(w[1]).toBeCloseTo(0, 8);
});

it('accuracy is of the largest logit', () => {
  const logits = array([[1, 2, 0], [5, 4, 3], [0, 0, 1]]); // prettier-ignore
  expect(accuracyOf(logits, [1, 1, 2])).toBeCloseTo(2 / 3, 12);
});
