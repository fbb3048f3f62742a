/** The passes in their order, repeated until none of them changes anything. */
import type { Graph } from '../graph/graph.ts';
import { eliminateCommonSubexpressions } from './common-subexpressions.ts';
import { eliminateDeadCode } from './dead-code.ts';
import { foldConstants } from './fold-constants.ts';
import { simplifyIdentities } from './identities.ts';
import { hoistLoopInvariants } from './loop-invariants.ts';

const passes: readonly ((graph: Graph) => Graph)[] = [
  eliminateDeadCode,
  foldConstants,
  simplifyIdentities,
  eliminateCommonSubexpressions,
  hoistLoopInvariants,
];

/** One round suffices for most; each further one finds what the one before made possible. */
const maxRounds = 12;

/**
 * An equivalent graph that does less: the same results bit for bit (but for which NaN a NaN is, and for x² in place of
 * pow(x, 2)), the same inputs and outputs, each subgraph that is shared still shared. A graph that is optimal already is
 * returned itself.
 *
 * @example
 * printGraph(optimize(graph));
 */
export function optimize(graph: Graph): Graph {
  let current = graph;
  for (let round = 0; round < maxRounds; round++) {
    const next = passes.reduce((result, pass) => pass(result), current);
    if (next === current) break;
    current = next;
  }
  return eliminateDeadCode(current);
}
