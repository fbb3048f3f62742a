/** When registers are free. */
import type { SegmentProgram } from './program.ts';

/** For each call, the registers filled by calls that nobody reads after it. */
export function lastUses({ calls, results }: SegmentProgram): readonly (readonly number[])[] {
  const filled = new Set(calls.map(({ result }) => result));
  const used = new Set(results.map(({ register }) => register));
  const frees = calls.map((): number[] => []);
  for (let i = calls.length - 1; i >= 0; i--) {
    const { operands, result } = calls[i]!;
    for (const register of [result, ...operands.map(({ index }) => index)]) {
      if (!filled.has(register) || used.has(register)) continue;
      used.add(register);
      frees[i]!.push(register);
    }
  }
  return frees;
}
