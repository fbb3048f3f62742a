/**
 * Reverse mode, graph to graph: a graph is applied to tensors node by node, and its pullback walks the nodes backwards.
 * Everything is made of tensor operations, so derivatives are differentiable again.
 */
import { composites } from '../graph/composites.ts';
import { DifferentiationError } from '../errors.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { isDifferentiable } from '../graph/infer.ts';
import type { BasicPrimitive, CompositePrimitive } from '../graph/primitives.ts';
import { sumTo } from '../tensor/functions.ts';
import { isTensor, type Tensor } from '../tensor/tensor.ts';
import { apply, asTensorResult, closeGraph, openTrace, type Traced } from '../tensor/trace.ts';
import { addCotangents, type Cotangent } from './accumulate.ts';
import { activeResults } from './activity.ts';
import { linearizeCall } from './call.ts';
import { linearizeCond } from './cond.ts';
import { linearizeScan } from './scan.ts';
import { linearizeWhile } from './while-loop.ts';
import { rules, type Rule } from './rules.ts';

/** Cotangents of the inputs from those of the outputs; null is zero. */
export type Pullback = (cotangents: readonly Cotangent[]) => readonly Cotangent[];

/** A node or graph applied to tensors, with its pullback. */
export interface Linearized {
  readonly outputs: readonly Traced[];
  readonly pullback: Pullback;
}

/** Applies a node again, to other operands. */
export const applyNode = (node: Node, inputs: readonly Traced[]): readonly Traced[] =>
  apply(node.op, inputs, node.params);

/** Applies a graph to tensors, node by node. */
export function inline(graph: Graph, inputs: readonly Traced[]): readonly Traced[] {
  const env = new Map<Value, Traced>();
  graph.inputs.forEach((input, i) => env.set(input, inputs[i] as Traced));
  for (const node of graph.nodes) {
    const results = applyNode(node, lookUp(env, node.inputs));
    node.outputs.forEach((output, i) => env.set(output, results[i] as Traced));
  }
  return lookUp(env, graph.outputs);
}

/** The tensors that values stand for. */
export const lookUp = (env: ReadonlyMap<Value, Traced>, values: readonly Value[]): readonly Traced[] =>
  values.map((v) => env.get(v) as Traced);

/** Applies a graph to tensors and gives its pullback to the active inputs. */
export function linearize(graph: Graph, inputs: readonly Traced[], active: readonly boolean[]): Linearized {
  const env = new Map<Value, Traced>();
  const live = new Set<Value>();
  graph.inputs.forEach((input, i) => {
    env.set(input, inputs[i] as Traced);
    if (active[i] === true && isDifferentiable(input.type)) live.add(input);
  });
  const steps: { readonly node: Node; readonly wanted: readonly boolean[]; readonly pullback: Pullback }[] = [];
  for (const node of graph.nodes) {
    const operands = lookUp(env, node.inputs);
    const wanted = node.inputs.map((input) => live.has(input));
    const results = wanted.includes(true) ? activeResults(node, wanted) : [];
    let outputs: readonly Traced[];
    if (results.includes(true)) {
      const linear = linearizeNode(node, operands, wanted);
      outputs = linear.outputs;
      steps.push({ node, wanted, pullback: linear.pullback });
    } else {
      outputs = applyNode(node, operands);
    }
    node.outputs.forEach((output, i) => {
      env.set(output, outputs[i] as Traced);
      if (results[i] === true) live.add(output);
    });
  }
  const pullback: Pullback = (cotangents) => {
    const sums = new Map<Value, Cotangent>();
    const add = (v: Value | undefined, cotangent: Cotangent): void => {
      if (v !== undefined && cotangent !== null && live.has(v))
        sums.set(v, addCotangents(sums.get(v) ?? null, cotangent));
    };
    graph.outputs.forEach((output, i) => add(output, cotangents[i] ?? null));
    for (const { node, wanted, pullback: pull } of [...steps].reverse()) {
      const given = node.outputs.map((output) => sums.get(output) ?? null);
      if (given.every((cotangent) => cotangent === null)) continue;
      const result = pull(given);
      node.inputs.forEach((input, i) => {
        if (wanted[i] === true) add(input, result[i] ?? null);
      });
    }
    return graph.inputs.map((input) => (live.has(input) ? (sums.get(input) ?? null) : null));
  };
  return { outputs: lookUp(env, graph.outputs), pullback };
}

function linearizeNode(node: Node, inputs: readonly Traced[], active: readonly boolean[]): Linearized {
  switch (node.op) {
    case 'call':
      return linearizeCall(node, inputs, active);
    case 'cond':
      return linearizeCond(node, inputs, active);
    case 'whileLoop':
      return linearizeWhile(node, inputs, active);
    case 'scan':
      return linearizeScan(node, inputs, active);
    case 'customVjp': {
      const outputs = applyNode(node, inputs);
      return {
        outputs,
        pullback: (cotangents) =>
          node.params.reverse({ inputs, outputs, cotangents: cotangents.map(cotangentTensor), active }),
      };
    }
    case 'stopGradient':
      return { outputs: applyNode(node, inputs), pullback: () => [null] };
    default:
      return linearizePrimitive(node.op, node, inputs.map(asTensorResult), active);
  }
}

function linearizePrimitive(
  op: BasicPrimitive | CompositePrimitive,
  node: Node,
  inputs: readonly Tensor[],
  active: readonly boolean[],
): Linearized {
  const rule = rules[op] as Rule | 'decompose';
  if (rule === 'decompose') return linearize(decomposition(op as CompositePrimitive, node, inputs), inputs, active);
  const [y] = applyNode(node, inputs).map(asTensorResult) as [Tensor];
  return {
    outputs: [y],
    pullback: ([ct]) => {
      if (!isTensor(ct)) return [];
      const thunks = rule({ ct, inputs, y, params: node.params as object });
      return inputs.map((input, i) => {
        const thunk = active[i] === true ? thunks[i] : null;
        return thunk == null ? null : sumTo(thunk(), input.shape);
      });
    },
  };
}

/** What a composite node means, as a graph of its operands. */
export function decomposition(op: CompositePrimitive, node: Pick<Node, 'params'>, inputs: readonly Tensor[]): Graph {
  const { trace, inputs: parameters } = openTrace(
    op,
    inputs.map((input) => input.type),
  );
  const decompose = composites[op] as (typeof composites)['mean'];
  const result = decompose(parameters.map(asTensorResult), node.params as never);
  return closeGraph(trace.close([result]), []);
}

/** @throws DifferentiationError for the cotangent of a tape that a custom rule made: no rule takes one. */
function cotangentTensor(cotangent: Cotangent): Tensor | null {
  if (cotangent === null || isTensor(cotangent)) return cotangent;
  throw new DifferentiationError('customVjp', 'the cotangent of a tape', {
    expected: 'tapes that only reverse rules read',
    advice: 'Give the derivative of what was read from the tape a rule of its own.',
  });
}
