/** From short stretches that begin at observations to the whole trajectory from a learned beginning. */
import { hostArray, type HostArray } from '@node-ode/core';
import { toState, type Problem } from './problem.ts';

/** What one step of training fits. */
export interface Batch {
  /** Where the stretches begin, shape [stretches, 2]; the learned initial value if it is left out. */
  readonly y0?: HostArray;
  /** Years from the beginning, shape [times]. */
  readonly ts: HostArray;
  /** What was observed then, shape [times, stretches, 2]. */
  readonly target: HostArray;
}

/** A part of training. */
export interface Stage {
  /** Share of all steps at which it begins. */
  readonly from: number;
  /** Length of the stretches, of which one begins at each year; undefined: the whole trajectory. */
  readonly years: number | undefined;
}

/** Stretches of an oscillation that are too long at first have the mean as a local minimum; these grow. */
export const stages: readonly Stage[] = [
  { from: 0, years: 3 },
  { from: 1 / 6, years: 6 },
  { from: 2 / 6, years: 10 },
  { from: 3 / 6, years: undefined },
];

/** The step, counted from 0, at which a stage begins. */
export const firstStep = ({ from }: Stage, steps: number): number => Math.ceil(from * steps);

/** The batch of each step of `steps`. */
export function curriculum(problem: Problem, steps: number): (step: number) => Batch {
  const states = toState(problem, problem.train);
  const batches = stages.map((stage) => ({ first: firstStep(stage, steps), batch: batchOf(states, stage.years) }));
  return (step) => {
    const stage = batches.findLast(({ first }) => first <= step);
    if (stage === undefined) throw new RangeError(`no stage at step ${step}`);
    return stage.batch;
  };
}

function batchOf(states: HostArray, years: number | undefined): Batch {
  const rows = states.shape[0] ?? 0;
  const length = years ?? rows - 1;
  const stretches = rows - length;
  const ts = hostArray(
    Float32Array.from({ length: length + 1 }, (_, k) => k),
    [length + 1],
    'f32',
  );
  const rowsAt = (first: number): number[] => Array.from(states.data.slice(2 * first, 2 * (first + stretches)));
  const target = hostArray(
    Float32Array.from(Array.from({ length: length + 1 }, (_, k) => rowsAt(k)).flat()),
    [length + 1, stretches, 2],
    'f32',
  );
  if (years === undefined) return { ts, target };
  return { y0: hostArray(Float32Array.from(rowsAt(0)), [stretches, 2], 'f32'), ts, target };
}
