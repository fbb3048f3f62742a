/** What a piece of work costs: time and memory. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Cost of a piece of work. */
export interface Cost {
  /** Wall time. */
  readonly seconds: number;
  /** Of all threads, in user and system mode. */
  readonly cpuSeconds: number;
  /**
   * The largest memory of the whole process while it ran, in MiB: what was there before, such as data sets and what is not yet garbage
   * collected, is in it. Where the system can't start the count anew (all but Linux) it is the largest since the process began.
   */
  readonly peakMiB: number;
  /** How far that is above what was held before, garbage collected, in MiB. */
  readonly grownMiB: number;
}

/**
 * Runs something and tells what it cost.
 *
 * @example
 * const { value, cost } = await measured(() => model.run(params, x));
 * console.log(cost.seconds, cost.peakMiB);
 */
export async function measured<T>(compute: () => T | Promise<T>): Promise<{ readonly value: T; readonly cost: Cost }> {
  collectGarbage();
  const held = process.memoryUsage.rss() / 2 ** 20;
  const restarted = restartPeak();
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  const value = await compute();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peakMiB = restarted ? peakSince() : peakMemoryMiB();
  return {
    value,
    cost: { seconds, cpuSeconds: (user + system) / 1e6, peakMiB, grownMiB: Math.max(0, peakMiB - held) },
  };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** The largest memory of the process since it began, in MiB. */
export const peakMemoryMiB = (): number => process.resourceUsage().maxRSS / 1024;

/** Linux counts the peak anew when it is told to: proc(5), `clear_refs`. */
function restartPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return Number.isFinite(peakSince());
  } catch {
    return false;
  }
}

const peakSince = (): number =>
  Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? NaN) / 1024;
