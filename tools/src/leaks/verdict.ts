/** Whether what was counted is flat. */
import type { Sample, Watched } from './watch.ts';

/** Bytes for each step by which memory may seem to grow: collectors and allocators are never quite flat. */
const tolerance = { heap: 200, resident: 4096 } as const;

/** Bytes that a process may take more of, however few the steps. */
const slack = { heap: 500_000, resident: 6_000_000 } as const;

/** What leaks, in words; nothing if nothing does. */
export function leaksIn({ samples }: Watched): readonly string[] {
  const problems: string[] = [];
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 2) return ['too few samples'];
  const exact = (what: string, of: (sample: Sample) => number | undefined): void => {
    const values = samples.map(of);
    if (values.some((value) => value !== values[0])) problems.push(`${what}: ${values.join(', ')}`);
  };
  exact('live arrays', ({ arrays }) => arrays);
  exact("the engine's own count", ({ engine }) => engine);
  for (const what of ['heap', 'resident'] as const) {
    const growth = growthOf(samples, what);
    const allowed = Math.max(slack[what], tolerance[what] * (last.step - first.step));
    if (growth > allowed) problems.push(`${what}: ${growth} bytes more after ${last.step - first.step} steps`);
  }
  return problems;
}

/** By how much the lowest of the second half is above the lowest of the first: noise only adds. While the engine warms up nothing counts. */
export function growthOf(samples: readonly Sample[], what: 'heap' | 'resident'): number {
  const warm = samples.slice(Math.floor(samples.length / 5));
  const middle = warm.length >> 1;
  const lowest = (part: readonly Sample[]): number => Math.min(...part.map((sample) => sample[what]));
  return lowest(warm.slice(middle)) - lowest(warm.slice(0, middle));
}
