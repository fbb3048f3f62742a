/** The invariants of a graph: closed, in execution order, and every type as the rules of `infer.ts` give it. */
import { NodeOdeError, ShapeError, TraceError } from '../errors.ts';
import {
  formatType,
  sameType,
  tensorType,
  type Graph,
  type Node,
  type NodeOf,
  type Value,
  type ValueType,
} from './graph.ts';
import { inferTypes } from './infer.ts';
import { subgraphsOf } from './print.ts';

/**
 * Checks a graph and its subgraphs. Tracing and passes only make graphs that pass; this finds those that do not.
 *
 * @throws TraceError if a value is used before it is produced, or produced twice; ShapeError if operands, results or
 * subgraphs disagree in number or type. Both name the graph and the node.
 * @example
 * checkGraph(compiled.graph(x)); // throws if a node uses what no earlier one made
 */
export function checkGraph(graph: Graph): void {
  const checked = new Set<Graph>();
  const check = (current: Graph): void => {
    if (checked.has(current)) return;
    checked.add(current);
    const produced = new Set<Value>();
    const produce = (where: string, value: Value): void => {
      if (produced.has(value)) throw new TraceError('checkGraph', `${where} produces a value that exists already`, bug);
      produced.add(value);
    };
    const use = (where: string, value: Value, i: number): void => {
      if (produced.has(value)) return;
      throw new TraceError(
        'checkGraph',
        `${where} ${i + 1}, ${formatType(value.type)}, is produced neither by an input nor by an earlier node`,
        bug,
      );
    };
    const title = `graph '${current.name}'`;
    current.inputs.forEach((input) => {
      produce(`${title}: an input`, input);
    });
    current.nodes.forEach((node, index) => {
      const where = `${title}, node ${index + 1} (${node.op})`;
      node.inputs.forEach((input, i) => {
        use(`${where}: operand`, input, i);
      });
      subgraphsOf(node).forEach(check);
      checkTypes(where, node);
      node.outputs.forEach((output) => {
        produce(where, output);
      });
    });
    current.outputs.forEach((output, i) => {
      use(`${title}: output`, output, i);
    });
  };
  check(graph);
}

const bug = { advice: 'Print the graph with printGraph to see it; a graph from tracing is never like this.' };

function checkTypes(where: string, node: Node): void {
  checkSubgraphs(where, node);
  let expected: readonly ValueType[];
  try {
    expected = inferTypes(node);
  } catch (cause) {
    if (!(cause instanceof NodeOdeError)) throw cause;
    throw new ShapeError('checkGraph', `${where}: ${cause.message}`, { ...bug, cause });
  }
  agree(`${where}: results`, typesOf(node.outputs), expected);
}

const typesOf = (values: readonly Value[]): readonly ValueType[] => values.map((value) => value.type);
const format = (types: readonly ValueType[]): string => `(${types.map(formatType).join(', ')})`;

function agree(what: string, given: readonly ValueType[], expected: readonly ValueType[]): void {
  const fits = given.length === expected.length && given.every((type, i) => sameType(type, expected[i] as ValueType));
  if (!fits) throw new ShapeError('checkGraph', `${what} are ${format(given)}`, { expected: format(expected), ...bug });
}

const predicate: readonly ValueType[] = [tensorType([], 'bool')];

/** What a structured node and its subgraphs must agree on; `inferTypes` only reads the results of the subgraphs. */
function checkSubgraphs(where: string, node: Node): void {
  const operands = typesOf(node.inputs);
  const accept = (name: string, graph: Graph, types: readonly ValueType[]): void => {
    agree(`${where}: operands of ${name} '${graph.name}'`, types, typesOf(graph.inputs));
  };
  switch (node.op) {
    case 'call':
    case 'customVjp':
      accept('graph', node.params.graph, operands);
      return;
    case 'cond':
      agree(`${where}: predicate`, operands.slice(0, 1), predicate);
      accept('branch', node.params.then, operands.slice(1));
      accept('branch', node.params.else, operands.slice(1));
      agree(`${where}: results of 'else'`, typesOf(node.params.else.outputs), typesOf(node.params.then.outputs));
      return;
    case 'whileLoop':
      checkWhile(where, node, operands, accept);
      return;
    case 'scan':
      checkScan(where, node, operands, accept);
      return;
    default:
      return;
  }
}

type Accept = (name: string, graph: Graph, types: readonly ValueType[]) => void;

function checkWhile(
  where: string,
  { params }: NodeOf<'whileLoop'>,
  operands: readonly ValueType[],
  accept: Accept,
): void {
  const { condition, body, constants, taped, advances } = params;
  accept('condition', condition, operands);
  accept('body', body, operands);
  agree(`${where}: results of the condition`, typesOf(condition.outputs), predicate);
  const carry = operands.slice(constants);
  const results = typesOf(body.outputs);
  agree(`${where}: carry of the body`, results.slice(0, carry.length), carry);
  const flags = results.slice(carry.length + taped);
  agree(`${where}: results after the carry and ${taped} taped values`, flags, advances ? predicate : []);
}

function checkScan(where: string, { params }: NodeOf<'scan'>, operands: readonly ValueType[], accept: Accept): void {
  const { body, constants, carries, length } = params;
  const carry = operands.slice(constants, constants + carries);
  const sequences = operands.slice(constants + carries);
  const elements = sequences.map((type) => {
    if (type.kind === 'tape' && length === null) return type.element;
    if (type.kind === 'tensor' && type.shape[0] === length) return tensorType(type.shape.slice(1), type.dtype);
    throw new ShapeError('checkGraph', `${where}: a sequence is ${formatType(type)}`, {
      expected: length === null ? 'a tape' : `a tensor whose first axis is ${length}`,
      ...bug,
    });
  });
  if (length === null && sequences.length === 0) {
    throw new ShapeError('checkGraph', `${where}: a length of null without a tape`, {
      expected: 'a tape, which has the length',
      ...bug,
    });
  }
  accept('body', body, [...operands.slice(0, constants), ...carry, ...elements]);
  agree(`${where}: carry of the body`, typesOf(body.outputs).slice(0, carries), carry);
}
