/** Identities: operations that do nothing, or that fewer or cheaper ones do. Bit for bit as IEEE 754 has them. */
import type { Graph, Node, NodeOf, Value } from '../graph/graph.ts';
import type { Primitive } from '../graph/primitives.ts';
import { arithmeticIdentities } from './identities-arithmetic.ts';
import { layoutIdentities } from './identities-layout.ts';
import { forwarded } from './forwarded-results.ts';
import { mapGraph, type GraphBuilder } from './rewrite.ts';
import { withSmallerOperands } from './smaller-operands.ts';

/** What a node's one result equals; undefined if the rule does not apply. */
export type Identity<P extends Primitive> = (node: NodeOf<P>, builder: GraphBuilder) => Value | undefined;

/** Identities by primitive. */
export type Identities = { readonly [P in Primitive]?: Identity<P> };

const identities: Identities = { ...arithmeticIdentities, ...layoutIdentities };

/**
 * Replaces what an identity makes simpler: x·1, x − 0, double negations, movements that move nothing or could be one,
 * transposed operands of a product, operands blown up before an operation that broadcasts by itself, results of structured
 * nodes that are just their operands. Not x·0, nor x + 0 (which is 0 for −0), nor anything that reassociates a sum.
 *
 * @example
 * // %1 = neg(%0), %2 = neg(%1), %3 = exp(%2)  becomes  %3 = exp(%0)
 * simplifyIdentities(graph);
 */
export const simplifyIdentities = (graph: Graph): Graph =>
  mapGraph(
    graph,
    (builder) => (given) => {
      const node = withSmallerOperands(given, builder);
      const identity = identities[node.op] as ((node: Node, builder: GraphBuilder) => Value | undefined) | undefined;
      const equal = identity?.(node, builder);
      return equal === undefined ? forwarded(node, builder.append(node)) : [equal];
    },
    settled,
  );

const settled = new WeakSet<Graph>();
