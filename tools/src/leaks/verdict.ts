/** Whether what was counted is flat. */
import { median } from '../bench/statistics.ts';
import type { Sample, Watched } from './watch.ts';

/** Bytes for each step by which memory may seem to grow: collectors and allocators are never quite flat. */
const tolerance = { heap: 200, resident: 4096 } as const;

/** Bytes that a process may take more of from one quarter of a run to the next, however few the steps. */
const slack = { heap: 170_000, resident: 2_000_000 } as const;

/** What leaks, in words; nothing if nothing does. */
export function leaksIn({ samples }: Watched): readonly string[] {
  const problems: string[] = [];
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 4) return ['too few samples'];
  const exact = (what: string, of: (sample: Sample) => number | undefined): void => {
    const values = samples.map(of);
    if (values.some((value) => value !== values[0])) problems.push(`${what}: ${values.join(', ')}`);
  };
  exact('live arrays', ({ arrays }) => arrays);
  exact("the engine's own count", ({ engine }) => engine);
  const { steps } = warm(samples);
  for (const what of ['heap', 'resident'] as const) {
    const { growth, noise } = growthOf(samples, what);
    if (growth > Math.max(slack[what], tolerance[what] * steps, noise))
      problems.push(`${what}: ${growth} bytes more in every ${steps} steps`);
  }
  return problems;
}

/** How memory grows over a quarter of a run. */
export interface Growth {
  readonly growth: number;
  /** What that is uncertain by, as the run shows it: no leak is told from less. */
  readonly noise: number;
}

/**
 * By how much memory grows over a quarter of a run: the median of what each sample has more than the one a quarter before; and the
 * median by which these differ from it. A leak goes on, and shows in all of them alike. What happens once shows in a third at most: an
 * arena that an allocator takes or gives back, code that is compiled, pages that the system takes away; it is no leak, nor hides one.
 */
export function growthOf(samples: readonly Sample[], what: 'heap' | 'resident'): Growth {
  const { seen, quarter } = warm(samples);
  const growths = seen.slice(quarter).map((sample, i) => sample[what] - seen[i]![what]);
  const growth = median(growths);
  return { growth, noise: median(growths.map((one) => Math.abs(one - growth))) };
}

/** A run without its first fifth, in which an engine warms up; how many samples a quarter of it has, and how many steps. */
function warm(samples: readonly Sample[]): {
  readonly seen: readonly Sample[];
  readonly quarter: number;
  readonly steps: number;
} {
  const seen = samples.slice(Math.min(Math.floor(samples.length / 5), samples.length - 4));
  const quarter = Math.floor(seen.length / 4);
  return { seen, quarter, steps: seen[quarter]!.step - seen[0]!.step };
}
