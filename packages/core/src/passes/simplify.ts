/**
 * Value numbering: one walk that folds constants, applies identities and shares common subexpressions. Every rule is exact
 * in IEEE arithmetic: x·0 is not 0 and x + 0 is not x, as x may be NaN or −0.
 */
import { foldScalar, isElementwise } from '../graph/evaluate.ts';
import { isFloat, type DType } from '../graph/dtype.ts';
import { sameShape, sameType, value, type Graph, type Node, type NodeOf, type Value } from '../graph/graph.ts';
import { isStructured, throughout } from './subgraphs.ts';

/** Simplifies a graph and its subgraphs. */
export const simplify = throughout(simplifyGraph);

/** What the walk knows of the values so far. */
interface Known {
  /** The one element of values that are constant fills. */
  readonly fills: Map<Value, number>;
  readonly producers: Map<Value, Node>;
}

function simplifyGraph(graph: Graph): Graph {
  const known: Known = { fills: new Map(), producers: new Map() };
  const replaced = new Map<Value, Value>();
  const numbers = new Map<Value, number>();
  const expressions = new Map<string, readonly Value[]>();
  const nodes: Node[] = [];
  const resolve = (v: Value): Value => replaced.get(v) ?? v;
  const numberOf = (v: Value): number => {
    const found = numbers.get(v);
    if (found !== undefined) return found;
    numbers.set(v, numbers.size);
    return numbers.size - 1;
  };
  const add = (node: Node): readonly Value[] => {
    const key = isStructured(node)
      ? undefined
      : `${node.op}(${node.inputs.map(numberOf).join()})${JSON.stringify(node.params, exactly)}`;
    const same = key === undefined ? undefined : expressions.get(key);
    if (same !== undefined) return same;
    if (key !== undefined) expressions.set(key, node.outputs);
    if (node.op === 'constant') known.fills.set(node.outputs[0] as Value, node.params.value);
    for (const output of node.outputs) known.producers.set(output, node);
    nodes.push(node);
    return node.outputs;
  };
  let changed = false;
  for (const given of graph.nodes) {
    const inputs = given.inputs.map(resolve);
    const isSame = inputs.every((input, i) => input === given.inputs[i]);
    const node = isSame ? given : ({ ...given, inputs } as Node);
    const better = fold(node, known) ?? identity(node, known);
    const outputs = better === undefined ? add(node) : 'op' in better ? add(better) : [better];
    given.outputs.forEach((output, i) => {
      const result = outputs[i] as Value;
      if (result !== output) replaced.set(output, result);
    });
    changed ||= outputs !== given.outputs || !isSame;
  }
  return changed ? { ...graph, nodes, outputs: graph.outputs.map(resolve) } : graph;
}

/** JSON has no −0, NaN and infinities; expressions that differ in them differ. */
const exactly = (_: string, x: unknown): unknown =>
  typeof x === 'number' && (!Number.isFinite(x) || Object.is(x, -0)) ? `#${Object.is(x, -0) ? '-0' : x}` : x;

/** The node as a constant, where all its inputs are. */
function fold(node: Node, { fills }: Known): Node | undefined {
  const [output] = node.outputs;
  if (output?.type.kind !== 'tensor' || node.inputs.length === 0) return undefined;
  const args = node.inputs.map((input) => fills.get(input));
  if (!args.every((arg) => arg !== undefined)) return undefined;
  const folded = foldedValue(node, args);
  if (folded === undefined) return undefined;
  const { shape, dtype } = output.type;
  // The folded value has a new output: the old one may be part of a node that stays.
  return { op: 'constant', inputs: [], params: { value: folded, shape, dtype }, outputs: [value(output.type)] };
}

function foldedValue(node: Node, args: readonly number[]): number | undefined {
  const [first = NaN] = args;
  switch (node.op) {
    case 'reshape':
    case 'broadcastTo':
    case 'transpose':
    case 'slice':
      return first;
    case 'concat':
      return args.every((arg) => Object.is(arg, first)) ? first : undefined;
    case 'pad':
      return Object.is(node.params.value, first) ? first : undefined;
    case 'select':
      return first === 0 ? args[2] : args[1];
    case 'cast':
      return foldCast(first, node);
    default: {
      const { type } = node.inputs[0] as Value;
      return type.kind === 'tensor' ? foldElementwise(node, args, type.dtype) : undefined;
    }
  }
}

function foldCast(x: number, { params: { dtype } }: NodeOf<'cast'>): number | undefined {
  if (dtype === 'bool') return Number(x !== 0);
  if (dtype === 'f32') return Math.fround(x);
  if (dtype === 'f64') return x;
  const truncated = Math.trunc(x);
  return Math.abs(truncated) < 2 ** 31 ? truncated : undefined;
}

/** A node of one input that is that input, or a simpler node. */
function identity(node: Node, { fills, producers }: Known): Value | Node | undefined {
  const [a, b, c] = node.inputs;
  const [output] = node.outputs;
  if (a === undefined || output === undefined) return undefined;
  const isLike = (v: Value | undefined): v is Value => v !== undefined && sameType(v.type, output.type);
  const is = (v: Value | undefined, x: number): boolean => v !== undefined && Object.is(fills.get(v), x);
  const inner = producers.get(a);
  switch (node.op) {
    case 'mul':
      if (is(b, 1) && isLike(a)) return a;
      return is(a, 1) && isLike(b) ? b : undefined;
    case 'div':
      return is(b, 1) && isLike(a) ? a : undefined;
    case 'sub':
      // x − 0 is x, −0 too.
      return is(b, 0) && isLike(a) ? a : undefined;
    case 'add':
      // x + (−0) is x; of integers x + 0 is.
      if (isZeroOfSum(b, fills) && isLike(a)) return a;
      return isZeroOfSum(a, fills) && isLike(b) ? b : undefined;
    case 'neg':
    case 'not':
      return inner?.op === node.op ? inner.inputs[0] : undefined;
    case 'pow':
      if (is(b, 1) && isLike(a)) return a;
      return is(b, 2) && isLike(a)
        ? { op: 'mul', inputs: [a, a], params: {}, outputs: [value(output.type)] }
        : undefined;
    case 'and':
    case 'or': {
      const neutral = node.op === 'and' ? 1 : 0;
      if (is(b, neutral) && isLike(a)) return a;
      return is(a, neutral) && isLike(b) ? b : undefined;
    }
    case 'select':
      if (b === c && isLike(b)) return b;
      if (!fills.has(a)) return undefined;
      return fills.get(a) === 0 ? (isLike(c) ? c : undefined) : isLike(b) ? b : undefined;
    case 'cast':
    case 'broadcastTo':
      return isLike(a) ? a : undefined;
    case 'reshape':
      if (isLike(a)) return a;
      return inner?.op === 'reshape' ? { ...node, inputs: inner.inputs, outputs: [value(output.type)] } : undefined;
    case 'transpose':
      if (node.params.perm.every((axis, i) => axis === i)) return a;
      return inner?.op === 'transpose' ? composeTransposes(node, inner) : undefined;
    case 'slice':
      return a.type.kind === 'tensor' && sameShape(a.type.shape, node.params.sizes) ? a : undefined;
    case 'pad':
      return isLike(a) ? a : undefined;
    case 'concat':
      return node.inputs.length === 1 ? a : undefined;
    case 'sum':
      return node.params.axes.length === 0 ? a : undefined;
    case 'matmul':
      return foldTransposes(node, producers);
    case 'linearCombination': {
      // 1·1·x
      const isPlain = node.params.coefficients.length === 1 && node.params.coefficients[0] === 1 && is(a, 1);
      return isPlain ? b : undefined;
    }
    default:
      return undefined;
  }
}

function isZeroOfSum(v: Value | undefined, fills: Known['fills']): boolean {
  if (v?.type.kind !== 'tensor') return false;
  return isFloat(v.type.dtype) ? Object.is(fills.get(v), -0) : fills.get(v) === 0;
}

/** transpose(transpose(x, inner), outer) as one. */
function composeTransposes(outer: NodeOf<'transpose'>, inner: NodeOf<'transpose'>): Node | Value {
  const perm = outer.params.perm.map((axis) => inner.params.perm[axis] as number);
  const [x] = inner.inputs as [Value];
  if (perm.every((axis, i) => axis === i)) return x;
  return { op: 'transpose', inputs: [x], params: { perm }, outputs: [value((outer.outputs[0] as Value).type)] };
}

/** A matrix product reads operands whose last two axes were swapped as they were. */
function foldTransposes(node: NodeOf<'matmul'>, producers: Known['producers']): Node | undefined {
  const untransposed = (v: Value): Value | undefined => {
    const producer = producers.get(v);
    if (producer?.op !== 'transpose') return undefined;
    const { perm } = producer.params;
    const rank = perm.length;
    const swapsLast = perm.every((axis, i) => axis === (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i));
    return swapsLast ? producer.inputs[0] : undefined;
  };
  const [a, b] = node.inputs as readonly [Value, Value];
  const [plainA, plainB] = [untransposed(a), untransposed(b)];
  if (plainA === undefined && plainB === undefined) return undefined;
  const { transposeA, transposeB } = node.params;
  return {
    op: 'matmul',
    inputs: [plainA ?? a, plainB ?? b],
    params: { transposeA: transposeA !== (plainA !== undefined), transposeB: transposeB !== (plainB !== undefined) },
    outputs: [value((node.outputs[0] as Value).type)],
  };
}

/** An element-wise primitive on fills; undefined for any other. */
const foldElementwise = (node: Node, args: readonly number[], dtype: DType): number | undefined =>
  isElementwise(node.op) ? foldScalar(node.op, args, dtype) : undefined;
