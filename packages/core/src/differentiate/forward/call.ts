/** The tangents of `call`: the graph is pushed forward once for each set of moving operands. */
import type { Graph, NodeOf } from '../../graph/graph.ts';
import { apply, type Traced } from '../../tensor/trace.ts';
import { closeDual, openDual } from './dual.ts';
import { unmoved, type Pushed } from './push-forward.ts';
import { join, movesOf, split, type Moves, type Tangent } from './tangent.ts';

/** A called graph with tangents: for which of its results it gives one. */
interface CallDual {
  readonly graph: Graph;
  readonly moves: Moves;
}

/** Duals by graph, so that dynamics are pushed forward once however often they are called. */
const duals = new WeakMap<Graph, Map<string, CallDual>>();

/** Calls the dual of a graph: one call gives results and tangents, and counts as one. */
export function pushCall(node: NodeOf<'call'>, inputs: readonly Traced[], tangents: readonly Tangent[]): Pushed {
  const given = movesOf(tangents);
  const { graph, moves } = dualOf(node.params.graph, given);
  if (!moves.includes(true)) return unmoved(node, inputs);
  const { values, tangents: pushed } = split([moves], apply('call', join([given], inputs, tangents), { graph }));
  return { outputs: values, tangents: pushed };
}

function dualOf(graph: Graph, given: Moves): CallDual {
  const known = duals.get(graph) ?? new Map<string, CallDual>();
  duals.set(graph, known);
  const key = given.map(Number).join('');
  const found = known.get(key);
  if (found !== undefined) return found;
  const dual = openDual(graph, [given]);
  const moves = movesOf(dual.tangents);
  const made = { graph: closeDual(dual, [moves], dual.outputs, dual.tangents), moves };
  known.set(key, made);
  return made;
}
