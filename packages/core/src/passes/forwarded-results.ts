/** Results of structured nodes that are operands, handed through. */
import type { Graph, Node, Value } from '../graph/graph.ts';

/**
 * The results of a node, with operands in place of those that its subgraphs hand through: a result of a `cond` where both
 * branches hand the same operand through, a sequence that a scan copies element by element. (A carry that a loop hands
 * through becomes a constant of the loop, in `hoistLoopInvariants`; a `customVjp` has its own derivative; and a `call` is
 * executed whatever it returns, because its executions are counted.)
 */
export function forwarded(node: Node, outputs: readonly Value[]): readonly Value[] {
  switch (node.op) {
    case 'cond': {
      const [then, otherwise] = [positionsIn(node.params.then), positionsIn(node.params.else)];
      return replace(outputs, node.inputs.slice(1), (i) => (then(i) === otherwise(i) ? then(i) : undefined));
    }
    case 'scan': {
      const first = node.params.constants + node.params.carries;
      const position = positionsIn(node.params.body);
      return replace(outputs, node.inputs, (i) => {
        const input = position(i);
        return i >= node.params.carries && input !== undefined && input >= first ? input : undefined;
      });
    }
    default:
      return outputs;
  }
}

/** For each output of a graph, the position of the input that it is. */
function positionsIn({ inputs, outputs }: Graph): (output: number) => number | undefined {
  const positions = new Map(inputs.map((input, i) => [input, i] as const));
  return (output) => positions.get(outputs[output] as Value);
}

function replace(
  outputs: readonly Value[],
  operands: readonly Value[],
  position: (i: number) => number | undefined,
): readonly Value[] {
  return outputs.map((output, i) => {
    const operand = position(i);
    return operand === undefined ? output : (operands[operand] ?? output);
  });
}
