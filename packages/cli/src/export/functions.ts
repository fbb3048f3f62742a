/** What a trained model computes, as a function of tensors in the data's own units: what its file of ONNX has. */
import {
  array,
  asTensors,
  onesLike,
  random,
  type FloatDType,
  type HostArray,
  type ModelPlugin,
  type Ode,
  type SolveOptions,
  type StateOf,
  type Dynamics,
  type Tensor,
  type Times,
} from '@node-ode/core';
import type { DensityInfo, ProblemInfo, Scale, SeriesInfo, TableInfo } from '../data/problem.ts';
import { UsageError } from '../errors.ts';
import { densityModel, forecastModel, tableModel } from '../learn/models.ts';
import { leavesOf } from '../learn/step.ts';
import { paramsFor, type StoredModel } from '../trained/model-file.ts';

/** Tolerances that a file takes as inputs. */
export interface ToleranceInputs {
  readonly rtol: Tensor;
  readonly atol: Tensor;
}

/** A function to export. */
export interface ExportedFunction {
  /** What it is, as `--what` names it. */
  readonly what: string;
  readonly inputs: readonly ExportedInput[];
  readonly outputs: string;
  /** Results by name; inputs in their order. */
  readonly apply: (
    inputs: readonly Tensor[],
    tolerances: ToleranceInputs | undefined,
  ) => Readonly<Record<string, Tensor>>;
}

/** An input: its extents may have names. */
export interface ExportedInput {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  /** Something to try it with: elements of a batch of so many samples. */
  readonly example: (batch: number, normal: () => number) => HostArray;
}

/** What an export needs of a model. */
export interface ExportContext {
  readonly plugin: ModelPlugin;
  readonly ode: Ode;
  readonly dtype: FloatDType;
}

/** The functions that a task's models have; the first is the default. */
export const functionsOf: Readonly<Record<ProblemInfo['task'], readonly [string, ...string[]]>> = {
  classification: ['predict'],
  regression: ['predict'],
  forecast: ['forecast', 'flow'],
  density: ['log-prob', 'sample'],
};

/**
 * The function of a stored model that a file is made of.
 *
 * @throws UsageError for a function that the model's task does not have.
 */
export function exportedFunction(
  stored: StoredModel,
  what: string | undefined,
  context: ExportContext,
): ExportedFunction {
  const { info } = stored;
  const known = functionsOf[info.task];
  const chosen = what ?? known[0];
  if (!known.includes(chosen)) {
    throw new UsageError('--what', `a model for ${info.task} has no ${chosen}`, { expected: known.join(' or ') });
  }
  if (info.task === 'density') return densityFunction(info, chosen, stored, context);
  if (info.task === 'forecast') return seriesFunction(info, chosen, stored, context);
  return tableFunction(info, stored, context);
}

/** The ode whose solves have the tolerances of the inputs. */
const solving = (ode: Ode, tolerances: ToleranceInputs | undefined): Pick<Ode, 'odeint'> => {
  if (tolerances === undefined) return ode;
  const odeint = <Y>(f: Dynamics<StateOf<Y>>, y0: Y, ts: Times, options: SolveOptions = {}) =>
    ode.odeint(f, y0, ts, { ...tolerances, ...options });
  return { odeint: odeint as Ode['odeint'] };
};

const row = (values: readonly number[], dtype: FloatDType): HostArray => array([...values], { dtype });

const standardized = (x: Tensor, { mean, std }: Scale): Tensor =>
  x.sub(row(mean, x.dtype as FloatDType)).div(row(std, x.dtype as FloatDType));

const restored = (x: Tensor, { mean, std }: Scale): Tensor =>
  x.mul(row(std, x.dtype as FloatDType)).add(row(mean, x.dtype as FloatDType));

/** Rows as the data may have had them. */
const rowsLike =
  ({ mean, std }: Scale, dtype: FloatDType): ExportedInput['example'] =>
  (batch, normal) =>
    array(
      Float64Array.from(
        { length: batch * mean.length },
        (_, i) => (mean[i % mean.length] ?? 0) + (std[i % std.length] ?? 1) * normal(),
      ),
      { dtype, shape: [batch, mean.length] },
    );

function tableFunction(info: TableInfo, stored: StoredModel, { plugin, ode, dtype }: ExportContext): ExportedFunction {
  const params = asTensors(paramsFor(tableModel(info, { plugin, ode, dtype }), stored));
  const isBinary = info.classes.length === 2;
  return {
    what: 'predict',
    inputs: [{ name: 'x', shape: ['batch', info.features.length], example: rowsLike(info.scale, dtype) }],
    outputs:
      info.task === 'regression'
        ? `${info.targets.join(', ')}: y [batch, ${info.targets.length}]`
        : `probabilities [batch, ${info.classes.length}] of ${info.classes.join(', ')}${isBinary ? `; decision [batch, 1], above 0 for ${info.classes[1] ?? ''}` : ''}`,
    apply: ([x], tolerances) => {
      const model = tableModel(info, { plugin, ode: solving(ode, tolerances), dtype });
      const found = model.apply(params, standardized(x as Tensor, info.scale));
      if (info.task === 'regression') return { y: restored(found, info.targetScale) };
      const probabilities = found.softmax();
      if (!isBinary) return { probabilities };
      const [batch = 0] = found.shape;
      return { decision: found.slice([0, 1], [batch, 1]).sub(found.slice([0, 0], [batch, 1])), probabilities };
    },
  };
}

function densityFunction(
  info: DensityInfo,
  what: string,
  stored: StoredModel,
  { plugin, ode, dtype }: ExportContext,
): ExportedFunction {
  const dimension = info.features.length;
  const params = asTensors(paramsFor(densityModel(info, { plugin, ode, dtype }), stored));
  const logVolume = info.scale.std.reduce((sum, std) => sum + Math.log(std), 0);
  const made = (tolerances: ToleranceInputs | undefined) =>
    densityModel(info, { plugin, ode: solving(ode, tolerances), dtype });
  if (what === 'sample') {
    return {
      what,
      inputs: [
        {
          name: 'base',
          shape: ['batch', dimension],
          example: rowsLike({ mean: info.features.map(() => 0), std: info.features.map(() => 1) }, dtype),
        },
      ],
      outputs: `${info.features.join(', ')}: samples [batch, ${dimension}], from points of the standard normal distribution`,
      apply: ([base], tolerances) => ({
        samples: restored(made(tolerances).sample(params, base as Tensor), info.scale),
      }),
    };
  }
  const drawn = (batch: number) => leavesOf('noise', made(undefined).noise?.(random(0), batch) ?? {});
  const { leaves, structure } = drawn(1);
  const noise = leaves.map((leaf, i): ExportedInput => ({
    name: `noise${i}`,
    shape: ['batch', ...leaf.shape.slice(1)],
    example: (batch) => drawn(batch).leaves[i] ?? leaf,
  }));
  return {
    what,
    inputs: [{ name: 'x', shape: ['batch', dimension], example: rowsLike(info.scale, dtype) }, ...noise],
    outputs: `log_prob [batch]${noise.length === 0 ? '' : ', its trace estimated by noise'}`,
    apply: ([x, ...eps], tolerances) => ({
      log_prob: made(tolerances)
        .logProb(params, standardized(x as Tensor, info.scale), structure.rebuild(eps))
        .sub(logVolume),
    }),
  };
}

function seriesFunction(
  info: SeriesInfo,
  what: string,
  stored: StoredModel,
  { plugin, ode, dtype }: ExportContext,
): ExportedFunction {
  const dimensions = info.values.length;
  const params = asTensors(paramsFor(forecastModel(info, { plugin, ode, dtype }), stored));
  const toModel = (y: Tensor): Tensor => standardized(info.transform === 'log' ? y.log() : y, info.scale);
  const fromModel = (y: Tensor): Tensor =>
    info.transform === 'log' ? restored(y, info.scale).exp() : restored(y, info.scale);
  /** Values [samples, times, dimensions] at times after those observed, all in the model's units. */
  const forecast = (t: Tensor, y: Tensor, ts: Tensor, tolerances: ToleranceInputs | undefined): Tensor =>
    forecastModel(info, { plugin, ode: solving(ode, tolerances), dtype }).forecast(
      params,
      { t, y, mask: onesLike(y) },
      ts,
    );
  const likeData = rowsLike(info.scale, dtype);
  const values = (batch: number, normal: () => number): HostArray => {
    const rows = likeData(batch, normal);
    return info.transform === 'log' ? array(rows.data.map(Math.exp), { dtype, shape: rows.shape }) : rows;
  };
  if (what === 'flow') {
    return {
      what,
      inputs: [
        { name: 'y0', shape: ['batch', dimensions], example: values },
        { name: 't', shape: [], example: () => array(3 * info.timeUnit, { dtype }) },
      ],
      outputs: `${info.values.join(', ')}: y [batch, ${dimensions}], a time t after y0`,
      apply: ([y0, t], tolerances) => {
        const [start, end] = [t as Tensor, (t as Tensor).div(info.timeUnit).reshape([1])];
        const y = forecast(start.mul(0).reshape([1]), toModel(y0 as Tensor).expandDims(1), end, tolerances);
        return { y: fromModel(y.squeeze(1)) };
      },
    };
  }
  const times = (from: number, count: number): HostArray =>
    array(
      Float64Array.from({ length: count }, (_, i) => (from + i) * info.timeUnit),
      { dtype },
    );
  return {
    what,
    inputs: [
      { name: 't_observed', shape: ['observed'], example: () => times(0, 5) },
      {
        name: 'y_observed',
        shape: ['batch', 'observed', dimensions],
        example: (batch, normal) => {
          const rows = values(batch * 5, normal);
          return array(rows.data, { dtype, shape: [batch, 5, dimensions] });
        },
      },
      { name: 't', shape: ['times'], example: () => times(5, 4) },
    ],
    outputs: `${info.values.join(', ')}: y [batch, times, ${dimensions}] at the times t, which come after those observed`,
    apply: ([observed, y, t], tolerances) => {
      const start = (observed as Tensor).at(0);
      const inUnits = (x: Tensor): Tensor => x.sub(start).div(info.timeUnit);
      return {
        y: fromModel(forecast(inUnits(observed as Tensor), toModel(y as Tensor), inUnits(t as Tensor), tolerances)),
      };
    },
  };
}
