/** Rounds: units of work, one after the other, of one program or of several that take turns. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Program } from './program.ts';

/** Runs the units of each program for about so many seconds, all of them once at least; gives the milliseconds of each. */
export type Round = (seconds: number) => Promise<readonly (readonly number[])[]>;

/**
 * Rounds of programs that take turns unit by unit, so that whatever the machine and the compiler do meets all of them. There are as many
 * passes through the units in which one begins as in which another does. A unit ends when the event loop has turned: that is when Node
 * collects garbage, which an engine whose runs let the loop turn would otherwise do for all of them.
 */
export function roundsOf(programs: readonly Program[], units: number): Round {
  const orders = programs.map((_, first) => programs.map((_, i) => (first + i) % programs.length));
  const works = programs.map(({ run }) => (programs.length === 1 ? run : () => run().then(() => turn())));
  return async (seconds) => {
    const times = programs.map((): number[] => []);
    const started = performance.now();
    do {
      for (const order of orders) {
        for (const program of programs) program.restart();
        for (let unit = 0; unit < units; unit++) {
          for (const i of order) times[i]!.push(await timed(works[i]!));
        }
      }
    } while (performance.now() - started < seconds * 1000 * programs.length);
    return times;
  };
}

/** Milliseconds that work takes. */
export async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
