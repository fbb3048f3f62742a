/** The median value of a block's houses from eight numbers. */
import { hostArray } from '@node-ode/core';
import type { RegressionDataset } from '@node-ode/datasets';
import { loadCaliforniaHousing } from '@node-ode/datasets/node';
import { perceptron, tabularOdeNet } from '@node-ode/model-node';
import { mse } from '@node-ode/nn';
import { leastSquares } from '../lab/least-squares.ts';
import type { Lab } from '../lab/index.ts';
import { rowsOf } from './breast-cancer.ts';
import { trainNetwork } from './network.ts';
import { odeOn } from './ode.ts';

/** Mean squared error on the test split, in (100,000 dollars)². */
export interface HousingScore {
  readonly mse: number;
  readonly parameters: number;
  readonly seconds: number;
}

/** What one seed gives: it splits the rows, and initialises. */
export interface HousingScores {
  readonly models: Readonly<Record<'odeNet' | 'perceptron' | 'ridge', HousingScore>>;
  /** Of the test targets: what predicting their mean would give. */
  readonly variance: number;
  /** Largest target minus smallest, over all rows. */
  readonly range: number;
  /** The first blocks of the test split and what was predicted, in 100,000 dollars: for the figure. */
  readonly shown: Readonly<Record<'truth' | 'odeNet' | 'ridge', readonly number[]>>;
}

const mostShown = 500;

/** All models on one split: 80 % to train on. */
export async function housingScores(seed: number, epochs: number, lab: Lab): Promise<HousingScores> {
  const data = await loadCaliforniaHousing({ ...lab.data, standardizeTarget: true, test: 0.2, seed });
  const [train, test] = [data.all('train'), data.all('test')];
  const truth = inOwnUnits(data, test.y.data);
  const errorOf = (predicted: readonly number[]): number =>
    mean(predicted.map((value, i) => (value - (truth[i] ?? NaN)) ** 2));
  const network = async (name: 'odeNet' | 'perceptron'): Promise<Predicted> => {
    const examples = { x: train.x, target: train.y };
    const how = { loss: mse, train: examples, epochs, batchSize: 128, learningRate: 3e-3, weightDecay: 1e-4 };
    const training = { id: `california/${name}/${seed}`, seed, ...how };
    const trained =
      name === 'odeNet'
        ? await trainNetwork(
            tabularOdeNet({ ode: odeOn(lab.backend), features: 8, outputs: 1, width: 64 }),
            training,
            lab,
          )
        : await trainNetwork(perceptron({ features: 8, outputs: 1, hidden: [128] }), training, lab);
    const { parameters, seconds } = trained;
    const predicted = inOwnUnits(data, (await trained.predict(test.x)).data);
    return { score: { mse: errorOf(predicted), parameters, seconds }, predicted };
  };
  const all = [...truth, ...inOwnUnits(data, train.y.data)];
  const centre = mean(truth);
  const odeNet = await network('odeNet');
  const plain = await network('perceptron');
  const linear = ridge(rowsOf(train.x), Array.from(train.y.data), rowsOf(test.x));
  const linearly = inOwnUnits(data, linear.predicted);
  return {
    models: {
      odeNet: odeNet.score,
      perceptron: plain.score,
      ridge: { mse: errorOf(linearly), parameters: linear.parameters, seconds: linear.seconds },
    },
    variance: mean(truth.map((value) => (value - centre) ** 2)),
    range: all.reduce((a, b) => Math.max(a, b), -Infinity) - all.reduce((a, b) => Math.min(a, b), Infinity),
    shown: {
      truth: truth.slice(0, mostShown),
      odeNet: odeNet.predicted.slice(0, mostShown),
      ridge: linearly.slice(0, mostShown),
    },
  };
}

/** A score, and what was predicted in own units. */
interface Predicted {
  readonly score: HousingScore;
  readonly predicted: readonly number[];
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

const inOwnUnits = (data: RegressionDataset, z: ArrayLike<number>): number[] =>
  Array.from(data.targetScale.invert(hostArray(Float64Array.from(z), [z.length, 1], 'f64')).data);

type Rows = readonly (readonly number[])[];

/** Linear regression with the penalty 1 on its weights, as scikit-learn's `Ridge` has it. */
function ridge(x: Rows, y: readonly number[], test: Rows) {
  const began = performance.now();
  const withOne = (row: readonly number[]): readonly number[] => [...row, 1];
  const weights = leastSquares(x.map(withOne), y, [...(x[0] ?? []).map(() => 1), 0]);
  const predicted = test.map((row) => withOne(row).reduce((sum, value, k) => sum + value * (weights[k] ?? NaN), 0));
  return { predicted, parameters: weights.length, seconds: (performance.now() - began) / 1000 };
}
