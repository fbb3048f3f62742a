/** Time: how fast steps follow each other, and letting others have a turn. */

/** Steps per second over the last few steps. */
export interface Pace {
  /** Call it when a step ends. */
  tick(): void;
  /** 0 before the first step. */
  stepsPerSecond(): number;
}

const window = 32;

/** Starts measuring; `now` gives milliseconds. */
export function pace(now: () => number): Pace {
  const times = [now()];
  return {
    tick: () => {
      times.push(now());
      if (times.length > window) times.shift();
    },
    stepsPerSecond: () => {
      const elapsed = (times.at(-1) ?? 0) - (times[0] ?? 0);
      return elapsed > 0 ? (1000 * (times.length - 1)) / elapsed : 0;
    },
  };
}

/** Lets timers, signals and input have their turn: a promise alone would not. */
export const yieldToEventLoop = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
