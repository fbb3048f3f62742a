/** What came out of it, in words. */
import type { Kill, TortureResult } from './torture.ts';

/** A kill in a line. */
export const describeKill = ({ moment, last, midWrite, step }: Kill, n: number, of: number): string =>
  `kill ${String(n).padStart(String(of).length)}/${of}  ${moment.delay.toFixed(2).padStart(7)} ms behind “${moment.after}” ${moment.count}` +
  ` · was at “${last.split(' ').slice(0, 2).join(' ')}” · checkpoint of step ${step}${midWrite ? ' · amid a write' : ''}`;

/** The result of an engine in a paragraph. */
export function describeResult({ backend, seed, kills, steps, repeated, pace, problems }: TortureResult): string {
  const amid = kills.filter(({ midWrite }) => midWrite).length;
  const head =
    `${backend}: ${kills.length} kills over ${steps} steps, seed ${seed}; ${amid} of them left a file half written, ` +
    `${repeated} steps were made again (a step ${pace.step.toFixed(1)} ms, its checkpoint ${pace.save.toFixed(1)} ms).`;
  return problems.length === 0
    ? `${head} No checkpoint damaged; every one, the last included, is that of the run without kills, bit for bit.`
    : `${head}\nFAILED:\n${problems.map((problem) => `  ${problem}`).join('\n')}`;
}
