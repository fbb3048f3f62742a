/** The diagnosis of a tumour from 30 measures, in five-fold cross-validation. */
import { array, type HostArray } from '@node-ode/core';
import { breastCancerTable, columns, kFold, standardize } from '@node-ode/datasets';
import { perceptron, tabularOdeNet } from '@node-ode/model-node';
import { crossEntropy } from '@node-ode/nn';
import type { Lab } from '../lab/index.ts';
import { logisticRegression, predictClasses } from './logistic.ts';
import { accuracyOf, trainNetwork, type Examples } from './network.ts';
import { odeOn } from './ode.ts';

/** A model's test accuracy on each fold. */
export interface FoldScores {
  readonly accuracies: readonly number[];
  readonly parameters: number;
  /** Of training all folds. */
  readonly seconds: number;
}

/** What one seed gives: it shuffles the rows into folds, and initialises. */
export type BreastCancerScores = Readonly<Record<'odeNet' | 'perceptron' | 'logistic', FoldScores>>;

interface Fold {
  readonly train: Examples;
  readonly test: Examples;
}

/** Five folds, each standardised by what it is trained on. */
export function breastCancerFolds(seed: number): readonly Fold[] {
  const table = breastCancerTable();
  const features = table.names.filter((name) => name !== 'target');
  const x = columns(table, features, { dtype: 'f32' });
  const target = array(Int32Array.from(table.numbers['target'] ?? []), { dtype: 'i32' });
  return kFold({ x, target }, { folds: 5, seed }).map(({ train, test }) => {
    const scale = standardize(train.x);
    return { train: { ...train, x: scale.apply(train.x) }, test: { ...test, x: scale.apply(test.x) } };
  });
}

/** All models on all folds. */
export async function breastCancerScores(seed: number, epochs: number, lab: Lab): Promise<BreastCancerScores> {
  const folds = breastCancerFolds(seed);
  const network = async (name: 'odeNet' | 'perceptron'): Promise<FoldScores> => {
    const accuracies: number[] = [];
    let [parameters, seconds] = [0, 0];
    for (const [i, { train, test }] of folds.entries()) {
      const how = { loss: crossEntropy, train, epochs, batchSize: 32, learningRate: 3e-3, weightDecay: 0.1 };
      const training = { id: `breast-cancer/${name}/${seed}/${i}`, seed: 10 * seed + i, ...how };
      const trained =
        name === 'odeNet'
          ? await trainNetwork(
              tabularOdeNet({ ode: odeOn(lab.backend), features: 30, outputs: 2, width: 16 }),
              training,
              lab,
            )
          : await trainNetwork(perceptron({ features: 30, outputs: 2, hidden: [32] }), training, lab);
      accuracies.push(accuracyOf(await trained.predict(test.x), test.target.data));
      parameters = trained.parameters;
      seconds += trained.seconds;
    }
    return { accuracies, parameters, seconds };
  };
  const began = performance.now();
  const linear = folds.map(({ train, test }) => {
    const weights = logisticRegression(rowsOf(train.x), Array.from(train.target.data));
    const predicted = predictClasses(weights, rowsOf(test.x));
    return predicted.filter((label, i) => label === test.target.data[i]).length / predicted.length;
  });
  const seconds = (performance.now() - began) / 1000;
  return {
    odeNet: await network('odeNet'),
    perceptron: await network('perceptron'),
    logistic: { accuracies: linear, parameters: 31, seconds },
  };
}

/** A matrix as rows of numbers. */
export const rowsOf = ({ data, shape }: HostArray): readonly (readonly number[])[] => {
  const width = shape[1] ?? 1;
  return Array.from({ length: shape[0] ?? 0 }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));
};
