/** Runs by network. */
import type { Run } from './train.ts';

/** The runs of each network, in their order. */
export function byVariant(runs: readonly Run[]): readonly (readonly [name: string, runs: readonly Run[]])[] {
  const names = [...new Set(runs.map(({ variant }) => variant.name))];
  return names.map((name) => [name, runs.filter(({ variant }) => variant.name === name)]);
}
