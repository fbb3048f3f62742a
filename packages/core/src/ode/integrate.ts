/**
 * The integrator: one loop whose iterations each try a step. An accepted step writes the output values within it; one that
 * is rejected changes nothing but the step size, and records nothing for the reverse pass.
 */
import { whileLoop } from '../control/loops.ts';
import { stopGradient } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import type { TreeStructure } from '../tree.ts';
import { requireCompatible } from './compatibility.ts';
import { endingOf, noEvent, type Ending } from './events.ts';
import type { RecordedSteps, SolveProblem } from './gradient-method.ts';
import { isRunning, iterate, type Carry, type StepRecord } from './iteration.ts';
import { anySample, fromRows } from './lanes.ts';
import { prepare, type Method } from './prepare.ts';
import { reportCounts, reportFailure } from './solve-reports.ts';
import type { SolveStats } from './solve-stats.ts';
import type { Leaves } from './solver.ts';
import { reports } from './status.ts';

/** What a solve gives. */
export interface Integrated {
  /** y at each time, stacked along a new first axis. */
  readonly ys: Leaves;
  readonly stats: SolveStats;
  /** With events: rows up to the end, and where that is. */
  readonly ending: Ending | undefined;
  /** The accepted steps, if they were to be recorded, and the structure of an interpolant. */
  readonly recorded: { readonly steps: RecordedSteps; readonly structure: TreeStructure } | undefined;
}

/**
 * Solves a problem; gives y at each time, stacked along a new first axis. Times [T, B] give each of B samples times, steps and
 * a status of its own: one loop goes on until all are done, and a sample that is stays as it is.
 */
export function integrate(problem: SolveProblem, method: Method): Integrated {
  requireCompatible(method.solver, method.controller);
  const { y0, ts, events, mayFail = false } = problem;
  const [count = 0, ...lanes] = ts.shape;
  const ys0 = y0.map((leaf) => constant(mayFail ? NaN : 0, [count, ...leaf.shape], leaf.dtype).setRow(0, leaf));
  const zero = constant(0, lanes, 'i32');
  const none = constant(0, [], 'i32');
  if (count === 1) {
    const ending = events && endingOf(problem, ys0, { t: ts.at(0), y: y0, index: constant(noEvent.none, [], 'i32') });
    const stats = { nfe: none, accepted: zero, rejected: zero, status: zero };
    return { ys: ys0, ending, stats, recorded: undefined };
  }

  const solve = prepare(problem, method, ys0);
  let interpolant: TreeStructure | undefined;
  const { carry, tape } = whileLoop<Carry, StepRecord | readonly []>(
    solve.carry,
    (c) => anySample(isRunning(c, count)),
    (c) => {
      const iterated = iterate(solve, c);
      interpolant = iterated.interpolant;
      return iterated;
    },
    method.checkpoints === undefined
      ? {}
      : { checkpoints: method.checkpoints, tallies: (c) => ({ [reports.nfeBackward]: c.nfe }) },
  );

  const { nfe, attempts, accepted, status } = carry;
  const rejected = attempts.sub(accepted);
  reportCounts(method.phase, { nfe, accepted, rejected });
  if (!mayFail) reportFailure({ ...carry, t: stopGradient(carry.t) });
  const ys = carry.ys.map((rows) => fromRows(rows, lanes));
  const ending = events && endingOf(problem, ys, { t: carry.t, y: carry.y, index: carry.events[1] as Tensor });
  const recorded = 'h' in tape && interpolant !== undefined ? { steps: tape, structure: interpolant } : undefined;
  return { ys, ending, stats: { nfe, accepted, rejected, status }, recorded };
}
