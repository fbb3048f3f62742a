/** Activity: which values of a graph depend differentiably on chosen inputs. */
import type { Graph, Node, Value } from '../graph/graph.ts';
import { isDifferentiable } from '../graph/infer.ts';

/** In reverse a `customVjp` is differentiated by its rule; forwards, if it has no tangent rule, through its graph. */
export type Mode = 'reverse' | 'forward';

/** For each output of a graph, whether it depends on an active input through differentiable operations. */
export function activeOutputs(graph: Graph, active: readonly boolean[], mode: Mode = 'reverse'): readonly boolean[] {
  const live = new Set<Value>();
  graph.inputs.forEach((input, i) => {
    if (active[i] === true && isDifferentiable(input.type)) live.add(input);
  });
  if (live.size === 0) return graph.outputs.map(() => false);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => live.has(input));
    if (!inputs.includes(true)) continue;
    activeResults(node, inputs, mode).forEach((isActive, i) => {
      const output = node.outputs[i];
      if (isActive && output !== undefined) live.add(output);
    });
  }
  return graph.outputs.map((output) => live.has(output));
}

/** For each output of a node, whether it depends differentiably on the node's active inputs. */
export function activeResults(node: Node, inputs: readonly boolean[], mode: Mode = 'reverse'): readonly boolean[] {
  const differentiable = (active: readonly boolean[]): readonly boolean[] =>
    node.outputs.map((output, i) => active[i] === true && isDifferentiable(output.type));
  switch (node.op) {
    case 'stopGradient':
      return [false];
    case 'call':
      return differentiable(activeOutputs(node.params.graph, inputs, mode));
    case 'cond': {
      const [then, otherwise] = [node.params.then, node.params.else].map((branch) =>
        activeOutputs(branch, inputs.slice(1), mode),
      );
      return differentiable(node.outputs.map((_, i) => then?.[i] === true || otherwise?.[i] === true));
    }
    case 'whileLoop': {
      const { body, constants } = node.params;
      return differentiable(fixedPoint(body, constants, node.inputs.length - constants, inputs, [], mode).results);
    }
    case 'scan': {
      const { body, constants, carries } = node.params;
      const elements = inputs.slice(constants + carries);
      return differentiable(fixedPoint(body, constants, carries, inputs, elements, mode).results);
    }
    case 'customVjp': {
      const { graph, tangent } = node.params;
      const isThroughGraph = mode === 'forward' && tangent === undefined;
      return differentiable(isThroughGraph ? activeOutputs(graph, inputs, mode) : node.outputs.map(() => true));
    }
    default:
      return differentiable(node.outputs.map(() => inputs.includes(true)));
  }
}

/**
 * The active carries of a loop body whose inputs are constants, carries and elements: those that start active, or become
 * it in some iteration. `results` are the activities of all the body's outputs then.
 */
export function fixedPoint(
  body: Graph,
  constants: number,
  carries: number,
  inputs: readonly boolean[],
  elements: readonly boolean[],
  mode: Mode = 'reverse',
): { readonly carry: readonly boolean[]; readonly results: readonly boolean[] } {
  let carry = inputs.slice(constants, constants + carries);
  for (;;) {
    const results = activeOutputs(body, [...inputs.slice(0, constants), ...carry, ...elements], mode);
    const next = carry.map((isActive, i) => isActive || results[i] === true);
    if (next.every((isActive, i) => isActive === carry[i])) {
      return { carry, results: [...next, ...results.slice(carries)] };
    }
    carry = next;
  }
}
