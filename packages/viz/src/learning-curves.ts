/** Training in time: the loss, and what each step costs in evaluations of the dynamics. */
import { ShapeError } from '@node-ode/core';
import type { Axis } from './axis.ts';
import type { Figure } from './figure.ts';
import type { Band, FrameOptions } from './frame.ts';
import { lineChart } from './line-chart.ts';
import type { Series } from './series.ts';
import { acrossRuns } from './statistics.ts';

/** One value at each step; or such a row for each of several runs, whose mean and deviation are shown. */
export type Runs = ArrayLike<number> | readonly ArrayLike<number>[];

/** What a chart of training has round its curves; both axes have defaults. */
export interface TrainingFrame extends Omit<FrameOptions, 'x' | 'y' | 'equal'> {
  /** `epoch` by default. */
  readonly x?: Axis;
  readonly y?: Axis;
  /** Shaded ranges of x. */
  readonly bands?: readonly Band[];
}

/** The losses of one model. */
export interface LearningCurve {
  /** Shown in the legend. */
  readonly name: string;
  /** The epochs or steps. */
  readonly x: ArrayLike<number>;
  /** On what it learns from: dashed. */
  readonly training?: Runs;
  /** On what it has not seen: solid. */
  readonly validation?: Runs;
  /** Index into the palette, the position in the list by default. */
  readonly colour?: number;
}

/**
 * Losses against epochs, on a logarithmic axis unless told otherwise: solid on validation data, dashed on training data, with
 * bands of a deviation where there are several runs.
 *
 * @throws ShapeError if a run has not a value for each x.
 * @example
 * const { svg } = learningCurves({
 *   curves: [{ name: 'NODE', x: [1, 2, 3], training: [0.9, 0.4, 0.2], validation: [0.95, 0.5, 0.3] }],
 * });
 */
export function learningCurves(options: TrainingFrame & { readonly curves: readonly LearningCurve[] }): Figure {
  const { curves, x = { label: 'epoch', whole: true }, y = { label: 'loss', scale: 'log' } } = options;
  const series = curves.flatMap(({ name, x, training, validation, colour }, i) =>
    pair('learningCurves', x, colour ?? i, [
      { name: training === undefined ? name : `${name}, validation`, runs: validation },
      { name: validation === undefined ? name : `${name}, training`, runs: training },
    ]),
  );
  return lineChart({ ...options, x, y, series });
}

/** How often the dynamics of one model were evaluated. */
export interface NfeCurve {
  /** Shown in the legend. */
  readonly name: string;
  /** The epochs or steps. */
  readonly x: ArrayLike<number>;
  /** Evaluations of a solve: solid. */
  readonly forward: Runs;
  /** Evaluations for its gradient: dashed. */
  readonly backward?: Runs;
  /** Index into the palette, the position in the list by default. */
  readonly colour?: number;
}

/**
 * Evaluations of the dynamics (NFE) against epochs: solid for the solve, dashed for its gradient.
 *
 * @throws ShapeError if a run has not a value for each x.
 * @example
 * const { svg } = nfeCurves({ curves: [{ name: 'ANODE', x: [1, 2, 3], forward: [26, 32, 32], backward: [20, 26, 32] }] });
 */
export function nfeCurves(options: TrainingFrame & { readonly curves: readonly NfeCurve[] }): Figure {
  const { curves, x = { label: 'epoch', whole: true }, y = { label: 'evaluations of the dynamics' } } = options;
  const series = curves.flatMap(({ name, x, forward, backward, colour }, i) =>
    pair('nfeCurves', x, colour ?? i, [
      { name: backward === undefined ? name : `${name}, forward`, runs: forward },
      { name: `${name}, backward`, runs: backward },
    ]),
  );
  return lineChart({ ...options, x, y, series });
}

interface Curve {
  readonly name: string;
  readonly runs: Runs | undefined;
}

/** A solid line, and a dashed one if there are both, in one colour. */
const pair = (
  operation: string,
  x: ArrayLike<number>,
  colour: number,
  [first, second]: readonly [Curve, Curve],
): Series[] =>
  [first, second].flatMap(({ name, runs }, i) => {
    if (runs === undefined) return [];
    const { mean, deviation } = statistics(operation, name, x, runs);
    const dashed = i === 1 && first.runs !== undefined;
    return [{ name, x, y: mean, dashed, colour, ...(deviation === undefined ? {} : { spread: deviation }) }];
  });

const isSingle = (runs: Runs): runs is ArrayLike<number> => typeof runs[0] !== 'object';

function statistics(operation: string, name: string, x: ArrayLike<number>, runs: Runs) {
  const rows = isSingle(runs) ? [runs] : runs;
  const wrong = rows.find(({ length }) => length !== x.length);
  if (wrong !== undefined) {
    throw new ShapeError(operation, `a run of “${name}” has ${wrong.length} values for ${x.length} x`, {
      expected: 'one for each x',
    });
  }
  const { mean, deviation } = acrossRuns(rows);
  return { mean, deviation: rows.length > 1 ? deviation : undefined };
}
