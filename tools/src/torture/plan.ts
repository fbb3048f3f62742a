/** When a process is to be killed: moments drawn by a generator, most of them while a checkpoint is written. */
import type { Random } from '@node-ode/core';

/** A moment in the life of a trainer. */
export interface Moment {
  /** After the n-th time that it says so: that it started, that it begins to write, that it has written. */
  readonly after: 'started' | 'saving' | 'saved';
  readonly count: number;
  /** Milliseconds to wait then. */
  readonly delay: number;
}

/** How long things take in a run that nobody kills, in milliseconds. */
export interface Pace {
  /** From the start of the process to the first step. */
  readonly start: number;
  readonly save: number;
  readonly step: number;
}

const [duringWrites, betweenThem] = [0.6, 0.25] as const;

/** A trainer that has written so many checkpoints is killed at once: the machine may be faster than it was when it was timed. */
export const mostSaves = 4;

/** Draws a moment. */
export function drawMoment(rng: Random, { start, save, step }: Pace): Moment {
  const kind = rng.uniform();
  const [count, share] = [1 + Math.floor(3 * rng.uniform()), rng.uniform()];
  if (kind < duringWrites) return { after: 'saving', count, delay: share * save };
  if (kind < duringWrites + betweenThem) return { after: 'saved', count, delay: share * step };
  return { after: 'started', count: 1, delay: share * start };
}

/** Steps that a run needs, so that it is not over before the last kill, however late that comes. */
export const stepsFor = (kills: number): number => (mostSaves + 2) * kills + 20;
