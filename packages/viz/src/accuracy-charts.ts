/** Accuracy of solvers: error against tolerance, and against what it costs. */
import { ShapeError } from '@node-ode/core';
import type { Axis } from './axis.ts';
import type { Figure } from './figure.ts';
import type { FrameOptions } from './frame.ts';
import { lineChart } from './line-chart.ts';
import type { Series } from './series.ts';

/** One way to solve a problem, at several tolerances or step sizes. */
export interface Accuracy {
  /** Shown in the legend. */
  readonly name: string;
  readonly tolerance: ArrayLike<number>;
  /** Of the result. Zero has no place on a logarithmic axis and is left out. */
  readonly error: ArrayLike<number>;
  /** Evaluations of the dynamics. */
  readonly nfe: ArrayLike<number>;
  /** Index into the palette, the position in the list by default. */
  readonly colour?: number;
}

/** What charts of accuracy show; both axes have defaults, and are logarithmic. */
export interface AccuracyOptions extends Omit<FrameOptions, 'x' | 'y' | 'equal'> {
  readonly methods: readonly Accuracy[];
  readonly x?: Axis;
  readonly y?: Axis;
}

const error: Axis = { label: 'error', scale: 'log' };

/**
 * Error against the tolerance that was asked for. On the dashed line they are equal.
 *
 * @throws ShapeError if a method has not as many errors as tolerances.
 * @example
 * const { svg } = toleranceChart({
 *   methods: [{ name: 'dopri5', tolerance: [1e-3, 1e-6], error: [4e-4, 3e-7], nfe: [38, 122] }],
 * });
 */
export function toleranceChart(options: AccuracyOptions): Figure {
  const { methods, x = { label: 'tolerance', scale: 'log' }, y = error } = options;
  const series = methods.map((method, i) => curve('toleranceChart', method, 'tolerance', i));
  const all = methods.flatMap(({ tolerance }) => Array.from(tolerance)).filter((value) => value > 0);
  const ends = all.length === 0 ? [] : [Math.min(...all), Math.max(...all)];
  const equal: Series = { name: 'error = tolerance', x: ends, y: ends, dashed: true, width: 1.2, colour: 6 };
  return lineChart({ ...options, x, y, series: [...series, equal] });
}

/**
 * A work–precision diagram: error against evaluations of the dynamics. Lower and further left is better.
 *
 * @throws ShapeError if a method has not as many errors as counts of evaluations.
 * @example
 * const { svg } = workPrecision({
 *   methods: [{ name: 'dopri5', tolerance: [1e-3, 1e-6], error: [4e-4, 3e-7], nfe: [38, 122] }],
 * });
 */
export function workPrecision(options: AccuracyOptions): Figure {
  const { methods, x = { label: 'evaluations of the dynamics', scale: 'log' }, y = error } = options;
  return lineChart({ ...options, x, y, series: methods.map((method, i) => curve('workPrecision', method, 'nfe', i)) });
}

function curve(operation: string, method: Accuracy, against: 'tolerance' | 'nfe', index: number): Series {
  const { name, error: y, colour = index } = method;
  const x = method[against];
  if (x.length === y.length) return { name, x, y, line: true, points: true, colour };
  throw new ShapeError(operation, `“${name}” has ${y.length} errors for ${x.length} values of ${against}`, {
    expected: 'one for each',
  });
}
