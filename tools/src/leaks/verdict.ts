/** Whether what was counted is flat. */
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
  const { steps } = quartersOf(samples);
  for (const what of ['heap', 'resident'] as const) {
    const growth = growthOf(samples, what);
    if (growth > Math.max(slack[what], tolerance[what] * steps))
      problems.push(`${what}: ${growth} bytes more in every ${steps} steps`);
  }
  return problems;
}

/**
 * By how much memory grows from one quarter of a run to the next: the median of the three. A leak goes on. What happens once is none: an
 * arena that an allocator takes or gives back, code that is compiled, pages that the system takes away and that come back; neither must
 * it hide a leak. Of each quarter the lowest sample counts, as noise only adds.
 */
export function growthOf(samples: readonly Sample[], what: 'heap' | 'resident'): number {
  const lowest = quartersOf(samples).quarters.map((quarter) => Math.min(...quarter.map((sample) => sample[what])));
  const growths = lowest.slice(1).map((low, i) => low - lowest[i]!);
  return growths.sort((a, b) => a - b)[1]!;
}

/** A run in quarters, and the steps of one; the first fifth is left out, in which an engine warms up. */
function quartersOf(samples: readonly Sample[]): { readonly quarters: readonly Sample[][]; readonly steps: number } {
  const warm = samples.slice(Math.min(Math.floor(samples.length / 5), samples.length - 4));
  const startOf = (i: number): number => Math.floor((i * warm.length) / 4);
  const quarters = [0, 1, 2, 3].map((i) => warm.slice(startOf(i), startOf(i + 1)));
  return { quarters, steps: quarters[1]![0]!.step - quarters[0]![0]!.step };
}
