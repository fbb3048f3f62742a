/** Logistic regression with an L2 penalty, by Newton's method. */
import { leastSquares } from '../lab/least-squares.ts';

/** Rows of features. */
export type Rows = readonly (readonly number[])[];

/** Weights of the features, and then the intercept, which is not penalised. */
export type LogisticWeights = readonly number[];

const dot = (w: readonly number[], x: readonly number[]): number => {
  let sum = w[x.length] ?? 0;
  for (let k = 0; k < x.length; k++) sum += (w[k] ?? 0) * (x[k] ?? 0);
  return sum;
};

const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a));

/**
 * The w that minimises Σ log(1 + exp(−sᵢ w·xᵢ)) + (λ/2)‖w‖² with s = ±1 for the classes 1 and 0: scikit-learn's logistic regression with
 * C = 1/λ. Iteratively reweighted least squares, halving steps that do not descend.
 */
export function logisticRegression(x: Rows, classes: readonly number[], penalty = 1): LogisticWeights {
  const width = x[0]?.length ?? 0;
  const penalties = [...Array.from({ length: width }, () => penalty), 0];
  const objective = (w: LogisticWeights): number =>
    x.reduce((sum, row, i) => {
      const margin = (classes[i] === 1 ? 1 : -1) * dot(w, row);
      return sum + Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)));
    }, 0) +
    (penalty / 2) * w.slice(0, width).reduce((sum, value) => sum + value * value, 0);
  let w: LogisticWeights = penalties.map(() => 0);
  for (let iteration = 0; iteration < 100; iteration++) {
    const weighted = x.map((row, i) => {
      const a = dot(w, row);
      const p = sigmoid(a);
      const weight = Math.max(p * (1 - p), 1e-12);
      const root = Math.sqrt(weight);
      return { row: [...row, 1].map((value) => value * root), target: (a + ((classes[i] ?? NaN) - p) / weight) * root };
    });
    const next = leastSquares(
      weighted.map(({ row }) => row),
      weighted.map(({ target }) => target),
      penalties,
    );
    const [from, base] = [w, objective(w)];
    const along = (share: number): LogisticWeights =>
      from.map((value, k) => value + share * ((next[k] ?? NaN) - value));
    let share = 1;
    while (share > 1e-6 && !(objective(along(share)) <= base)) share /= 2;
    w = along(share);
    if (base - objective(w) < 1e-10 * (1 + base)) break;
  }
  return w;
}

/** The class of each row. */
export const predictClasses = (w: LogisticWeights, x: Rows): readonly number[] =>
  x.map((row) => (dot(w, row) > 0 ? 1 : 0));
