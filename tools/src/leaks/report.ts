/** What was seen, as a table. */
import { growthOf, leaksIn } from './verdict.ts';
import type { Watched } from './watch.ts';

const columns = ['step', 'live arrays', 'engine’s count', 'heap, kB', 'resident, kB'] as const;
const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(0);

/** A line for each sample, and a verdict. */
export function describeWatched(name: string, watched: Watched): string {
  const { samples, steps, failures } = watched;
  const rows = samples.map(({ step, arrays, engine, heap, resident }) => [
    ...[String(step), String(arrays), engine === undefined ? '–' : String(engine)],
    ...[kilobytes(heap), kilobytes(resident)],
  ]);
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => cell.padStart(columns[i]?.length ?? 0)).join('   ');
  const problems = leaksIn(watched);
  const grown = (what: 'heap' | 'resident'): string => {
    const { growth, noise } = growthOf(samples, what);
    return `${what} ${growth < 0 ? '−' : '+'}${kilobytes(Math.abs(growth))} ± ${kilobytes(noise)} kB`;
  };
  const verdict =
    problems.length === 0
      ? `flat: ${grown('heap')}, ${grown('resident')} from one quarter to the next`
      : `LEAKS:\n${problems.map((problem) => `  ${problem}`).join('\n')}`;
  return [`${name}: ${steps} steps, ${failures} solves that failed`, line(columns), ...rows.map(line), verdict].join(
    '\n',
  );
}
