/** Loop-invariant code motion: what each iteration would compute again from the same operands is computed before the loop. */
import { bytesPerElement } from '../graph/dtype.ts';
import { sizeOf, value, type Graph, type Node, type NodeOf, type Value } from '../graph/graph.ts';
import { settleCarries, type LoopNode } from './invariant-carries.ts';
import { appendFresh, mapGraph, pairUp, type GraphBuilder } from './rewrite.ts';

/**
 * Moves nodes of loops that depend on captured values alone out of the loops, and makes carries that no iteration changes
 * captured values. A loop may run zero times: only what cannot fail is moved, and no structured node (a call that is not
 * executed is not counted). What is cheap to make and large to keep, a constant or a tensor broadcast from a smaller one,
 * stays inside.
 *
 * @example
 * // whileLoop(k, x) { %2 = exp(k); %3 = mul(x, %2); … }  becomes  %2 = exp(k); whileLoop(%2, x) { %3 = mul(x, %2); … }
 * hoistLoopInvariants(graph);
 */
export const hoistLoopInvariants = (graph: Graph): Graph =>
  mapGraph(
    graph,
    (builder) => (node) => {
      if (node.op !== 'whileLoop' && node.op !== 'scan') return undefined;
      const { loop, results } = settleCarries(node);
      builder.append(loop.op === 'scan' ? hoistFromScan(loop, builder) : hoistFromWhile(loop, builder));
      return results;
    },
    settled,
  );

const settled = new WeakSet<Graph>();

function hoistFromScan(loop: NodeOf<'scan'>, builder: GraphBuilder): LoopNode {
  const { body, constants } = loop.params;
  const plan = planHoist(body, constants);
  if (plan.lifted.length === 0) return loop;
  return {
    ...loop,
    inputs: insert(loop.inputs, constants, lift(plan, body, loop.inputs, builder)),
    params: {
      ...loop.params,
      body: without(body, plan, constants, plan.lifted),
      constants: constants + plan.lifted.length,
    },
  };
}

function hoistFromWhile(loop: NodeOf<'whileLoop'>, builder: GraphBuilder): LoopNode {
  const { condition, body, constants } = loop.params;
  const [test, step] = [planHoist(condition, constants), planHoist(body, constants)];
  const count = test.lifted.length + step.lifted.length;
  if (count === 0) return loop;
  const operands = [...lift(test, condition, loop.inputs, builder), ...lift(step, body, loop.inputs, builder)];
  return {
    ...loop,
    inputs: insert(loop.inputs, constants, operands),
    params: {
      ...loop.params,
      condition: without(condition, test, constants, [...test.lifted, ...step.lifted.map(fresh)]),
      body: without(body, step, constants, [...test.lifted.map(fresh), ...step.lifted]),
      constants: constants + count,
    },
  };
}

const fresh = ({ type }: Value): Value => value(type);

const insert = <T>(list: readonly T[], position: number, added: readonly T[]): readonly T[] => [
  ...list.slice(0, position),
  ...added,
  ...list.slice(position),
];

/** What leaves a body. */
interface Plan {
  /** Values that the body is given from then on. */
  readonly lifted: readonly Value[];
  /** The nodes that compute them, in order. */
  readonly program: readonly Node[];
  /** The nodes that stay, in order; some may be in both. */
  readonly rest: readonly Node[];
}

/** Divides a body whose first inputs are captured. */
function planHoist(body: Graph, constants: number): Plan {
  const invariant = new Set<Value>(body.inputs.slice(0, constants));
  const movable = new Set<Node>();
  const needed = new Set<Value>(body.outputs);
  for (const node of body.nodes) {
    if (cannotFail(node) && node.inputs.every((input) => invariant.has(input))) {
      movable.add(node);
      for (const output of node.outputs) invariant.add(output);
    } else {
      for (const input of node.inputs) needed.add(input);
    }
  }
  if (movable.size === 0) return { lifted: [], program: [], rest: body.nodes };
  const staying = new Set<Node>();
  const lifted: Value[] = [];
  for (let i = body.nodes.length - 1; i >= 0; i--) {
    const node = body.nodes[i] as Node;
    const used = movable.has(node) ? node.outputs.filter((output) => needed.has(output)) : [];
    if (used.length === 0) continue;
    if (isWorthMoving(node)) {
      lifted.push(...used);
    } else {
      staying.add(node);
      for (const input of node.inputs) needed.add(input);
    }
  }
  lifted.reverse();
  return {
    lifted,
    program: programOf(body, movable, lifted),
    rest: lifted.length === 0 ? body.nodes : body.nodes.filter((node) => !movable.has(node) || staying.has(node)),
  };
}

/** The movable nodes that compute some values, in order. */
function programOf({ nodes }: Graph, movable: ReadonlySet<Node>, results: readonly Value[]): readonly Node[] {
  const wanted = new Set<Value>(results);
  const program: Node[] = [];
  for (let i = nodes.length - 1; i >= 0 && wanted.size > 0; i--) {
    const node = nodes[i] as Node;
    if (!movable.has(node) || !node.outputs.some((output) => wanted.has(output))) continue;
    program.push(node);
    for (const input of node.inputs) wanted.add(input);
  }
  return program.reverse();
}

/** Computes what leaves a body before the loop; gives the operands to hand in. */
function lift(
  { program, lifted }: Plan,
  body: Graph,
  operands: readonly Value[],
  builder: GraphBuilder,
): readonly Value[] {
  const values = pairUp(body.inputs, operands);
  appendFresh(builder, program, values);
  return lifted.map((x) => values.get(x) as Value);
}

/** A body that is given `captured` besides the values captured before. */
const without = (body: Graph, { rest }: Plan, constants: number, captured: readonly Value[]): Graph => ({
  ...body,
  inputs: insert(body.inputs, constants, captured),
  nodes: rest,
});

/** Whether a node may run where the program would not have run it: it can raise nothing and nobody counts it. */
function cannotFail(node: Node): boolean {
  switch (node.op) {
    // An index may be out of range.
    case 'gather':
    case 'scatterAdd':
    case 'setRow':
    case 'call':
    case 'cond':
    case 'whileLoop':
    case 'scan':
    case 'customVjp':
      return false;
    case 'div':
    case 'rem':
      return !node.outputs.some(isInteger);
    case 'cast':
      return !node.outputs.some(isInteger) || node.inputs.every((input) => isInteger(input) || isBoolean(input));
    default:
      return true;
  }
}

const isInteger = ({ type }: Value): boolean => type.kind === 'tensor' && type.dtype === 'i32';
const isBoolean = ({ type }: Value): boolean => type.kind === 'tensor' && type.dtype === 'bool';

/** Whether keeping a result through the loop costs no more memory than the operands do; a product is worth more. */
function isWorthMoving(node: Node): boolean {
  return node.op === 'matmul' || bytesOf(node.outputs) <= bytesOf(node.inputs);
}

const bytesOf = (values: readonly Value[]): number =>
  values.reduce(
    (sum, { type }) => sum + (type.kind === 'tensor' ? sizeOf(type.shape) * bytesPerElement(type.dtype) : 0),
    0,
  );
