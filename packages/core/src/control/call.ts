/** `call`: a function traced once, differentiated once, and called as often as it is used. */
import { TreeError } from '../errors.ts';
import { formatType, sameType } from '../graph/graph.ts';
import { flattenTree, requireSameStructure, type MapLeaves, type TreeStructure } from '../tree.ts';
import { isTensor, type Tensor } from '../tensor/tensor.ts';
import { apply, asTensorResult, capturesOf, closeGraph, openTrace, type Report, type Traced } from '../tensor/trace.ts';
import type { Graph } from '../graph/graph.ts';
import { passReports, withReports } from './thread.ts';

/** A function over flat lists of tensors that was traced once. */
export interface Subgraph {
  readonly graph: Graph;
  /** What the function uses from outside: the first operands of its graph. */
  readonly captures: readonly Traced[];
  readonly reports: readonly Report[];
}

/** Traces a function over flat lists of tensors. */
export function trace(
  name: string,
  types: readonly Tensor['type'][],
  fn: (inputs: readonly Tensor[]) => readonly Tensor[],
): Subgraph {
  const { trace: body, inputs } = openTrace(name, types);
  const { results, reports } = withReports(body, fn(inputs.map(asTensorResult)));
  const closed = body.close(results);
  const captures = capturesOf(closed);
  return { graph: closeGraph(closed, captures), captures, reports };
}

/** Calls a traced function, with its own captures or with others of the same types in their place. */
export function callSubgraph(
  { graph, captures, reports }: Subgraph,
  inputs: readonly Tensor[],
  replaced: readonly Traced[] = captures,
): readonly Tensor[] {
  const outputs = apply('call', [...replaced, ...inputs], { graph }).map(asTensorResult);
  const results = outputs.length - reports.length;
  passReports(reports, outputs.slice(results));
  return outputs.slice(0, results);
}

/**
 * Makes `fn` a subgraph: it is traced at its first use and called from then on, so that it must be given the same shapes
 * each time. Executions of the call are what engines count under `name`.
 *
 * @throws TreeError if a later use has arguments of another structure, shape or dtype.
 * @example
 * const f = call('dynamics', (t, y) => net(params, t, y));
 */
export function call<A extends readonly unknown[], R>(name: string, fn: (...args: A) => R): (...args: A) => R {
  let traced:
    { subgraph: Subgraph; inputs: TreeStructure; types: readonly Tensor['type'][]; results: TreeStructure } | undefined;
  return (...args) => {
    const { leaves, structure } = flattenTree(name, args, isTensor);
    if (traced === undefined) {
      const results: TreeStructure[] = [];
      const types = leaves.map((leaf) => leaf.type);
      const subgraph = trace(name, types, (inputs) => {
        const flat = flattenTree(name, fn(...(structure.rebuild(inputs) as A)), isTensor);
        results.push(flat.structure);
        return flat.leaves;
      });
      traced = { subgraph, inputs: structure, types, results: results[0] as TreeStructure };
    }
    const { types } = traced;
    requireSameStructure(name, traced.inputs, structure);
    leaves.forEach(({ type }, i) => {
      const expected = types[i] as Tensor['type'];
      if (sameType(type, expected)) return;
      throw new TreeError(name, `argument leaf ${i + 1} is ${formatType(type)}`, {
        expected: `${formatType(expected)}, as when the function was traced`,
        advice: 'Use one call(…) for each set of shapes.',
      });
    });
    return traced.results.rebuild(callSubgraph(traced.subgraph, leaves)) as R;
  };
}

/** A tree of tensors with tensors for leaves: what `MapLeaves` gives for traced functions. */
export type TracedTree<Y> = MapLeaves<Y, Tensor, Tensor>;
