/** Predictions for rows. */
import { array } from '@node-ode/core';
import { unscaled } from '../data/arrays.ts';
import { featuresOf } from '../data/features.ts';
import type { DensityInfo, TableInfo } from '../data/problem.ts';
import { tableModel } from '../learn/models.ts';
import type { Row } from '../rows/read.ts';
import type { OutRow } from '../rows/write.ts';
import { paramsFor } from '../trained/model-file.ts';
import { densityRunner, logVolume } from './density.ts';
import { runnerOf, type Loaded } from './loaded.ts';

/** Adds predictions to rows. */
export interface Predictor {
  predict(rows: readonly Row[], source: string): Promise<readonly OutRow[]>;
  dispose(): void;
}

/** The predictor of a stored model. */
export const predictorOf = (info: TableInfo | DensityInfo, loaded: Loaded): Predictor =>
  info.task === 'density' ? densityPredictor(info, loaded) : tablePredictor(info, loaded);

function tablePredictor(info: TableInfo, loaded: Loaded): Predictor {
  const model = tableModel(info, loaded);
  const runner = runnerOf(loaded.ode, paramsFor(model, loaded.stored), (params, [x]) => [model.apply(params, x!)]);
  const columns = info.task === 'classification' ? classColumns(info) : numberColumns(info);
  return {
    dispose: () => runner.dispose(),
    predict: async (rows, source) => {
      const x = featuresOf(rows, source, info);
      const shape = [rows.length, info.features.length];
      const { outputs } = await runner.run([array(x, { dtype: loaded.dtype, shape })]);
      const values = Array.from(outputs[0]?.data ?? [], Number);
      const width = values.length / rows.length;
      return rows.map(({ fields }, i) => ({ ...fields, ...columns(values.slice(i * width, (i + 1) * width)) }));
    },
  };
}

/** Columns of a row's outputs. */
type Columns = (values: readonly number[]) => OutRow;

/** The likeliest class, and all probabilities. */
const classColumns =
  ({ target, classes }: TableInfo): Columns =>
  (logits) => {
    const most = Math.max(...logits);
    const weights = logits.map((value) => Math.exp(value - most));
    const total = weights.reduce((sum, value) => sum + value, 0);
    return {
      [`${target} predicted`]: classes[logits.indexOf(most)],
      ...Object.fromEntries(classes.map((name, i) => [`p(${name})`, (weights[i] ?? NaN) / total])),
    };
  };

const numberColumns =
  ({ targets, targetScale }: TableInfo): Columns =>
  (values) => {
    const own = unscaled(values, targetScale);
    return Object.fromEntries(targets.map((name, i) => [`${name} predicted`, own[i]]));
  };

function densityPredictor(info: DensityInfo, loaded: Loaded): Predictor {
  const runner = densityRunner(info, loaded);
  return {
    dispose: () => runner.dispose(),
    predict: async (rows, source) => {
      const x = array(featuresOf(rows, source, info), {
        dtype: loaded.dtype,
        shape: [rows.length, info.features.length],
      });
      const { outputs } = await runner.run(runner.inputsOf(x));
      const values = Array.from(outputs[0]?.data ?? [], Number);
      return rows.map(({ fields }, i) => ({ ...fields, logProb: (values[i] ?? NaN) - logVolume(info) }));
    },
  };
}
