/** Whether the names of a graph hold together: each defined once, and before it is used. */
import { FormatError } from '@node-ode/core';
import { decoding, quote } from './format-errors.ts';
import type { OnnxGraph, OnnxNode } from './ir.ts';

/**
 * Checks a graph and its subgraphs. Sibling subgraphs may use the same names, as ONNX allows; a subgraph may not define a
 * name that it can see from outside. An initializer may give an input of its graph a default.
 *
 * @throws FormatError naming the first name that is used before it is defined, or defined twice.
 */
export const checkNames = (graph: OnnxGraph): void => {
  checkGraph(graph, new Set());
};

/** `visible` is the names defined so far, here and around; it is as it was when this returns. */
const checkGraph = (graph: OnnxGraph, visible: Set<string>): void => {
  const own = new Set<string>();
  const define = (name: string, what: string): void => {
    if (name === '') throw new FormatError(decoding, `${what} of graph ${quote(graph.name)} has no name`);
    if (visible.has(name)) throw new FormatError(decoding, `the name ${quote(name)}, of ${what}, is defined twice`);
    visible.add(name);
    own.add(name);
  };
  for (const { name } of graph.inputs) define(name, 'an input');
  const inputs = new Set(own);
  for (const { name } of graph.initializers) {
    if (!inputs.delete(name)) define(name, 'an initializer');
  }
  for (const node of graph.nodes) {
    for (const name of node.inputs) {
      if (name !== '' && !visible.has(name)) throw undefinedName(name, graph, node);
    }
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.kind === 'graph') checkGraph(attribute.value, visible);
    }
    for (const name of node.outputs) {
      if (name !== '') define(name, `an output of ${describe(node)}`);
    }
  }
  checkOutputs(graph, visible);
  for (const name of own) visible.delete(name);
};

const checkOutputs = (graph: OnnxGraph, visible: ReadonlySet<string>): void => {
  const outputs = new Set<string>();
  for (const { name } of graph.outputs) {
    if (!visible.has(name)) {
      throw new FormatError(decoding, `output ${quote(name)} of graph ${quote(graph.name)} is never computed`);
    }
    if (outputs.has(name))
      throw new FormatError(decoding, `graph ${quote(graph.name)} has the output ${quote(name)} twice`);
    outputs.add(name);
  }
};

const undefinedName = (name: string, graph: OnnxGraph, node: OnnxNode): FormatError => {
  const comesLater = graph.nodes.some(({ outputs }) => outputs.includes(name));
  return new FormatError(
    decoding,
    `${describe(node)} uses ${quote(name)}, which ${comesLater ? 'is computed only later' : 'nothing defines'}`,
    comesLater ? { expected: 'nodes in the order in which they run, without a cycle' } : {},
  );
};

const describe = ({ opType, outputs }: OnnxNode): string => `the ${quote(opType)} node of ${quote(outputs[0] ?? '')}`;
