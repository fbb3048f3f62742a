/** The statistics of a solve, and how they leave the bodies that a gradient method solves in. */
import { report, takeReport } from '../control/report.ts';
import type { Shape } from '../graph/graph.ts';
import { concat } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Leaves } from './solver.ts';

/** What a solve counts: i32. All but `nfe` have an element for each sample where samples have steps of their own. */
export interface SolveStats {
  /** Function evaluations; one evaluates f for all samples. */
  readonly nfe: Tensor;
  readonly accepted: Tensor;
  readonly rejected: Tensor;
  /**
   * 0 if the solve reached its last time, else why it did not: `statusCode`. A run that fails throws all the same, unless it
   * was told not to.
   */
  readonly status: Tensor;
}

/** The name under which they are reported. */
const name = 'solve.stats';

/** Has statistics leave the body that they are computed in, as reports do. */
export function sendStats(stats: SolveStats): void {
  if (stats.nfe.source.kind === 'trace') report(name, concat(inOrder(stats).map((x) => x.reshape([-1]))), 'first');
}

/** The statistics that left a body with this result of it, if any did. */
export function receiveStats(result: Tensor, lanes: Shape): SolveStats | undefined {
  const counts = takeReport(name, result);
  return counts && fromOrder(counts, lanes);
}

const inOrder = ({ nfe, accepted, rejected, status }: SolveStats): Leaves => [nfe, accepted, rejected, status];

function fromOrder(counts: Tensor, [samples]: Shape): SolveStats {
  const next = (i: number): Tensor =>
    samples === undefined ? counts.at(1 + i) : counts.slice([1 + i * samples], [samples]);
  return { nfe: counts.at(0), accepted: next(0), rejected: next(1), status: next(2) };
}

/** The statistics with the evaluation that an event takes. */
export const withEvaluation = (stats: SolveStats, occurred: Tensor): SolveStats => ({
  ...stats,
  nfe: stats.nfe.add(occurred.cast('i32')),
});

/** Counts together: a number is known while tracing, and 0 costs nothing. */
export const addCounts = (a: Tensor, b: number | Tensor): Tensor => (b === 0 ? a : a.add(b));
