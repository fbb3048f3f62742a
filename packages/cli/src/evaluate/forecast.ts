/** Forecasts, and how good they are. */
import { array, type FloatDType, type HostArray } from '@node-ode/core';
import type { HostSeries, SeriesInfo, SeriesProblem } from '../data/problem.ts';
import { fromModel, stretch } from '../data/series.ts';
import { UsageError } from '../errors.ts';
import { forecastModel } from '../learn/models.ts';
import { paramsFor } from '../trained/model-file.ts';
import type { TaskEvaluation } from './evaluate.ts';
import { runnerOf, type Loaded, type Runner } from './loaded.ts';
import { metered } from './metered.ts';
import { errorScores } from './scores.ts';

/** What makes forecasts with a stored model. */
export interface Forecaster {
  readonly info: SeriesInfo;
  readonly dtype: FloatDType;
  readonly runner: Runner;
}

/** The forecaster of a stored model. */
export function forecasterOf(info: SeriesInfo, loaded: Loaded): Forecaster {
  const model = forecastModel(info, loaded);
  const runner = runnerOf(loaded.ode, paramsFor(model, loaded.stored), (params, [t, y, mask, ts]) => [
    model.forecast(params, { t: t!, y: y!, mask: mask! }, ts!),
  ]);
  return { info, dtype: loaded.dtype, runner };
}

/** Values at times after the history's last, in their own units, row-major; times in the model's. */
export async function forecast(
  { info, dtype, runner }: Forecaster,
  history: HostSeries,
  times: readonly number[],
): Promise<Float64Array> {
  const known = upToWhole(history, info.values.length);
  const { outputs } = await runner.run(inputsOf(known, times, dtype));
  return fromModel(Array.from(outputs[0]?.data ?? [], Number), info);
}

/** A series up to its last time at which everything is observed. */
function upToWhole(series: HostSeries, width: number): HostSeries {
  const isWhole = (k: number): boolean => !series.y.subarray(k * width, (k + 1) * width).some(Number.isNaN);
  const last = series.t.findLastIndex((_, k) => isWhole(k));
  if (last === -1) {
    throw new UsageError('forecast', `series ${series.id} has no time at which all values are observed`, {
      expected: 'at least one, from which the forecast starts',
    });
  }
  return stretch(series, 0, last + 1);
}

/** [t, y, mask, times]: times count from the history's first. */
function inputsOf({ t, y }: HostSeries, times: readonly number[], dtype: FloatDType): readonly HostArray[] {
  const start = t[0] ?? 0;
  const shape = [1, t.length, y.length / t.length];
  return [
    array(
      t.map((time) => time - start),
      { dtype },
    ),
    array(
      y.map((value) => (Number.isNaN(value) ? 0 : value)),
      { dtype, shape },
    ),
    array(
      y.map((value) => (Number.isNaN(value) ? 0 : 1)),
      { dtype, shape },
    ),
    array(
      times.map((time) => time - start),
      { dtype },
    ),
  ];
}

/** Errors of forecasts of what is held out, in the values' own units. */
export async function evaluateForecast(problem: SeriesProblem, loaded: Loaded): Promise<TaskEvaluation> {
  const { info } = loaded.stored;
  if (info.task !== 'forecast') throw new TypeError(info.task);
  if (problem.test.length === 0) {
    throw new UsageError('evaluate', 'there are no series held out', { expected: 'data with a split test' });
  }
  const forecaster = forecasterOf(info, loaded);
  const meter = metered(forecaster.runner);
  const [predicted, observed]: [number[], number[]] = [[], []];
  try {
    for (const { history, future } of problem.test) {
      predicted.push(...(await forecast({ ...forecaster, runner: meter }, history, future.t)));
      observed.push(...fromModel(future.y, info));
    }
    return { samples: problem.test.length, scores: errorScores(predicted, observed), ...meter.cost() };
  } finally {
    meter.dispose();
  }
}
