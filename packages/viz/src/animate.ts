/** Animations: a figure that changes with time, frame by frame. */
import { OptionError, ShapeError } from '@node-ode/core';
import type { Figure } from './figure.ts';

/** Figures of one size, and how long each is shown. `saveAnimation` of `@node-ode/viz/node` makes a file of them. */
export interface Animation {
  readonly frames: readonly Figure[];
  /** Seconds, for each frame. */
  readonly seconds: readonly number[];
}

/** From when to when, and how fast. */
export interface AnimateOptions {
  /** The first frame's time; 0 by default. */
  readonly from?: number;
  /** The last frame's time; 1 by default. */
  readonly to?: number;
  /** How many there are, at equal distances; 40 by default. */
  readonly frames?: number;
  /** How long all of them take; 4 by default. */
  readonly seconds?: number;
  /** Seconds that the last frame stays before the animation begins anew; 1 by default. */
  readonly hold?: number;
}

/**
 * The frames of a figure that is a function of time, the first at `from`, the last at `to`.
 *
 * Give the axes their `domain`: an axis that follows the data of each frame would move.
 *
 * @throws OptionError if an option is no finite number, or not positive where it has to be.
 * @throws ShapeError if frames differ in size.
 * @example
 * const circle = animate(
 *   (t) => scatter({
 *     title: `t = ${t.toFixed(1)} s`,
 *     x: { label: 'x', unit: 'm', domain: [-1.2, 1.2] },
 *     y: { label: 'y', unit: 'm', domain: [-1.2, 1.2] },
 *     series: [{ name: '', x: [Math.cos(t)], y: [Math.sin(t)] }],
 *   }),
 *   { to: 2 * Math.PI, frames: 60 },
 * );
 */
export function animate(draw: (time: number) => Figure, options: AnimateOptions = {}): Animation {
  const { from = 0, to = 1, frames: count = 40, seconds = 4, hold = 1 } = options;
  check({ from, to, frames: count, seconds, hold });
  const frames = Array.from({ length: count }, (_, i) =>
    draw(count === 1 ? to : from + ((to - from) * i) / (count - 1)),
  );
  checkSizes(frames);
  const each = seconds / count;
  return { frames, seconds: frames.map((_, i) => (i === count - 1 ? each + hold : each)) };
}

function check({ from, to, frames, seconds, hold }: Required<AnimateOptions>): void {
  const refuse = (name: string, value: number, expected: string): never => {
    throw new OptionError('animate', `${name} ${value}`, { expected });
  };
  if (!Number.isFinite(from)) refuse('from', from, 'a finite number');
  if (!Number.isFinite(to)) refuse('to', to, 'a finite number');
  if (!Number.isInteger(frames) || frames < 1) refuse('frames', frames, 'a positive integer');
  if (!(seconds > 0 && Number.isFinite(seconds))) refuse('seconds', seconds, 'a positive number');
  if (!(hold >= 0 && Number.isFinite(hold))) refuse('hold', hold, 'zero or more seconds');
}

/** @throws ShapeError if frames differ in size. */
function checkSizes([first, ...others]: readonly Figure[]): void {
  const other = others.find((frame) => frame.width !== first?.width || frame.height !== first.height);
  if (first === undefined || other === undefined) return;
  throw new ShapeError(
    'animate',
    `a frame of ${other.width} × ${other.height} pixels after one of ${first.width} × ${first.height}`,
    { expected: 'frames of one size', advice: 'Give the axes a domain, and titles as many lines in each frame.' },
  );
}
