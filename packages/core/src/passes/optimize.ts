/** The passes in their order. */
import type { Graph } from '../graph/graph.ts';
import { eliminateDeadCode } from './dead-code.ts';
import { hoistLoopInvariants } from './loop-invariants.ts';
import { simplify } from './simplify.ts';

/** Each round can open the way for the next: a folded condition frees a carry, a hoisted node meets its double. */
const rounds = 3;

/** An equivalent graph that does less. No sum is reassociated and no rounding changes, but x² becomes x·x. */
export function optimize(graph: Graph): Graph {
  let current = eliminateDeadCode(graph);
  for (let round = 0; round < rounds; round++) {
    const next = eliminateDeadCode(hoistLoopInvariants(simplify(current)));
    if (next === current) break;
    current = next;
  }
  return current;
}
