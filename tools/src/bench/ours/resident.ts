/** The resident size of this process, and its peak over a stretch of work. */
import { readFileSync, writeFileSync } from 'node:fs';

const field = (name: string): number | undefined => {
  try {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
};

/** Starts the peak anew where the system can (Linux); elsewhere it counts from the start of the process. */
function resetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // the peak since the start is an upper bound
  }
}

/** Runs work; tells the size before it and the largest during it. */
export async function residentDuring<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly baseBytes: number; readonly peakBytes: number }> {
  resetPeak();
  const baseBytes = field('VmRSS') ?? process.memoryUsage.rss();
  const result = await work();
  const highest = field('VmHWM') ?? process.resourceUsage().maxRSS * 1024;
  // The system counts pages per thread and adds up roughly, so its peak may be read as less than the size at the start.
  return { result, baseBytes, peakBytes: Math.max(baseBytes, highest) };
}
