/**
 * A model without loops and branches, made of all nodes of another: ONNX Runtime's refusal to fall back to the CPU looks at the main
 * graph alone, so this is what the nodes of subgraphs are asked about. It is loaded, and never run.
 */
import type { OnnxGraph, OnnxModel, OnnxNode, ValueInfo } from '../model/ir.ts';

/** Nodes one after the other, and what they use that none of them makes. */
interface Flat {
  readonly nodes: OnnxNode[];
  readonly inputs: ValueInfo[];
  readonly initializers: OnnxGraph['initializers'][number][];
}

/**
 * The nodes of a model in one graph: a subgraph's inputs, and the results of a loop or a branch, become inputs. Names are
 * unique in a whole model, so none has to be changed. The outputs are shapes, which need no types.
 */
export function flatten(model: OnnxModel): OnnxModel {
  const flat: Flat = { nodes: [], inputs: [], initializers: [] };
  collect(model.graph, flat);
  return modelOf(model, flat, flat.nodes);
}

/**
 * The first node of a flat model with which it is refused.
 *
 * @param isRefused whether a model is refused for one of its nodes
 */
export async function firstRefused(
  flat: OnnxModel,
  isRefused: (model: OnnxModel) => Promise<boolean>,
): Promise<OnnxNode | undefined> {
  const nodes = flat.graph.nodes.filter(({ opType, origin }) => !(opType === 'Shape' && origin === ''));
  const first = (count: number): OnnxModel =>
    modelOf(
      flat,
      { nodes: [], inputs: [...flat.graph.inputs], initializers: [...flat.graph.initializers] },
      nodes.slice(0, count),
    );
  // The first `accepted` nodes are accepted; the first `refused` are not.
  let [accepted, refused] = [0, nodes.length];
  if (refused === 0 || !(await isRefused(first(refused)))) return undefined;
  while (refused - accepted > 1) {
    const middle = (accepted + refused) >> 1;
    if (await isRefused(first(middle))) refused = middle;
    else accepted = middle;
  }
  return nodes[accepted];
}

/** The last node's results are what keeps a model from having no output. */
function modelOf(model: OnnxModel, { inputs, initializers }: Flat, nodes: readonly OnnxNode[]): OnnxModel {
  const results = nodes.at(-1)?.outputs ?? inputs.slice(0, 1).map(({ name }) => name);
  const shapes = results.filter((name) => name !== '').map((name) => ({ name, shape: `${name}.shape` }));
  return {
    ...model,
    graph: {
      name: model.graph.name,
      inputs,
      initializers,
      nodes: [
        ...nodes,
        ...shapes.map(({ name, shape }): OnnxNode => ({
          opType: 'Shape',
          inputs: [name],
          outputs: [shape],
          attributes: {},
          origin: '',
        })),
      ],
      outputs: shapes.map(({ shape }) => ({ name: shape, elementType: 'int64', dims: undefined })),
    },
  };
}

function collect(graph: OnnxGraph, flat: Flat): void {
  flat.inputs.push(...graph.inputs);
  flat.initializers.push(...graph.initializers);
  for (const node of graph.nodes) {
    const bodies = Object.values(node.attributes).flatMap((attribute) =>
      attribute.kind === 'graph' ? [attribute.value] : [],
    );
    const [body] = bodies;
    if (body === undefined) {
      flat.nodes.push(node);
      continue;
    }
    for (const subgraph of bodies) collect(subgraph, flat);
    // A loop's body says first whether to go on; then, as a branch does, what the node gives, if not in how many entries.
    const results = body.outputs.slice(node.opType === 'Loop' ? 1 : 0);
    node.outputs.forEach((name, i) => {
      const result = results[i];
      if (name === '' || result === undefined) return;
      flat.inputs.push({ name, elementType: result.elementType, dims: undefined });
    });
  }
}
