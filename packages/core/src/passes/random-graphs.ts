/** For the tests of the passes: random small graphs, loops, branches, tapes and shared calls included. */
import { NodeOdeError } from '../errors.ts';
import { tensorType, type Graph, type TensorType, type Value, type ValueType } from '../graph/graph.ts';
import type { Primitive, PrimitiveParams } from '../graph/primitives.ts';
import { bool, buildGraph, f64, i32, tensorOf, type Evaluated, type TestBuilder } from './testing.ts';

/** Decisions read from a list of numbers; the first of each choice when the list has ended, so that short lists are simple. */
export interface Choices {
  /** An integer in [0, n). */
  readonly below: (n: number) => number;
  readonly from: <T>(list: readonly T[]) => T;
}

export function choices(numbers: readonly number[]): Choices {
  let position = 0;
  const below = (n: number): number => (numbers[position++] ?? 0) % n;
  return { below, from: (list) => list[below(list.length)] as (typeof list)[number] };
}

const special = [0, -0, 1, -1, 2, 0.5, -3, NaN, Infinity, -Infinity];
const types: readonly TensorType[] = [f64(), f64(3), f64(2, 3), i32, bool];

/** A random graph, and operands for it. */
export function randomProgram(choose: Choices): { readonly graph: Graph; readonly inputs: readonly Evaluated[] } {
  const shared: Graph[] = [];
  const graph = buildGraph('main', types, (b, ...inputs) => {
    const pool = [...inputs];
    grow({ b, pool, choose, shared, lengths: new Map(), depth: 0 });
    return choose.below(2) === 0 ? pool : Array.from({ length: 1 + choose.below(4) }, () => choose.from(pool));
  });
  const inputs = types.map(({ shape, dtype }) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const numbers = dtype === 'i32' ? [1, 0, 2, 3] : special;
    return tensorOf(
      Array.from({ length }, () => choose.from(numbers)),
      shape,
      dtype,
    );
  });
  return { graph, inputs };
}

/** A body under construction: what it has so far, and graphs that it may call. */
interface Site {
  readonly b: TestBuilder;
  readonly pool: Value[];
  readonly choose: Choices;
  readonly shared: Graph[];
  /** For each tape, a value that stands for its length. */
  readonly lengths: Map<Value, Value>;
  readonly depth: number;
}

/** Appends random nodes; their results join the pool. Nodes that the operands at hand do not fit are left out. */
function grow(site: Site): void {
  const steps = [...simpleSteps, ...(site.depth < 2 ? structuredSteps : [])];
  for (let i = 2 + site.choose.below(site.depth === 0 ? 16 : 8); i > 0; i--) {
    try {
      site.pool.push(...site.choose.from(steps)(site));
    } catch (error) {
      if (!(error instanceof NodeOdeError)) throw error;
    }
  }
}

type Step = (site: Site) => readonly Value[];

const isTensor = ({ type }: Value, dtype?: string): boolean =>
  type.kind === 'tensor' && (dtype === undefined || type.dtype === dtype);

/** A value of the pool, or a constant where the pool has none like it. */
function some({ pool, choose, b }: Site, dtype: 'f64' | 'i32' | 'bool', shape?: readonly number[]): Value {
  const fits = pool.filter((x) => isTensor(x, dtype) && (shape === undefined || String(shapeOf(x)) === String(shape)));
  return fits.length > 0
    ? choose.from(fits)
    : b.constant(dtype === 'f64' ? choose.from(special) : choose.below(2), shape ?? [], dtype);
}

const shapeOf = ({ type }: Value): readonly number[] => (type.kind === 'tensor' ? type.shape : type.element.shape);

/** A value of a type, whatever the pool has. */
function typed(site: Site, type: ValueType): Value {
  if (type.kind === 'tape') return site.pool.find((x) => x.type.kind === 'tape') as Value;
  return some(site, type.dtype as 'f64' | 'i32' | 'bool', type.shape);
}

function apply<P extends Primitive>(
  { b }: Site,
  op: P,
  inputs: readonly Value[],
  params?: PrimitiveParams[P],
): readonly Value[] {
  return [b.op(op, inputs, params)];
}

const unary = ['neg', 'abs', 'exp', 'sin', 'floor', 'sign', 'sqrt', 'stopGradient', 'neg'] as const;
const binary = ['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'rem', 'add', 'mul'] as const;
const integer = ['add', 'sub', 'mul', 'div', 'rem', 'maximum'] as const;
const comparison = ['equal', 'notEqual', 'less', 'greaterEqual'] as const;

const simpleSteps: readonly Step[] = [
  (s) => apply(s, s.choose.from(unary), [some(s, 'f64')]),
  (s) => apply(s, s.choose.from(binary), [some(s, 'f64'), some(s, 'f64')]),
  (s) => apply(s, s.choose.from(binary), [some(s, 'f64'), some(s, 'f64')]),
  (s) => apply(s, s.choose.from(integer), [some(s, 'i32'), some(s, 'i32')]),
  (s) => apply(s, s.choose.from(comparison), [some(s, 'f64'), some(s, 'f64')]),
  (s) => apply(s, s.choose.from(['and', 'or'] as const), [some(s, 'bool'), some(s, 'bool')]),
  (s) => apply(s, 'not', [some(s, 'bool')]),
  (s) => apply(s, 'select', [some(s, 'bool'), some(s, 'f64'), some(s, 'f64')]),
  (s) => [s.b.constant(s.choose.from(special), shapeOf(some(s, 'f64')))],
  (s) => [s.b.constant(s.choose.below(4) - 1, [], 'i32'), s.b.constant(s.choose.below(2), [], 'bool')],
  (s) => apply(s, 'iota', [], { shape: [3], axis: 0, dtype: 'f64' }),
  (s) =>
    apply(s, 'cast', [some(s, s.choose.from(['f64', 'i32', 'bool'] as const))], {
      dtype: s.choose.from(['f64', 'i32', 'bool'] as const),
    }),
  (s) => apply(s, 'broadcastTo', [some(s, 'f64')], { shape: s.choose.from([[2, 3], [3], [1, 3]]) }),
  (s) => apply(s, 'reshape', [some(s, 'f64')], { shape: s.choose.from([[6], [2, 3], [3, 2], [3], [1], []]) }),
  (s) => apply(s, 'transpose', [some(s, 'f64')], { perm: s.choose.from([[1, 0], [0, 1], [0]]) }),
  (s) =>
    apply(
      s,
      'slice',
      [some(s, 'f64')],
      s.choose.from([
        { starts: [0, 1], sizes: [2, 2] },
        { starts: [1], sizes: [2] },
        { starts: [0], sizes: [3] },
        { starts: [1, 0], sizes: [1, 3] },
      ]),
    ),
  (s) =>
    apply(s, 'pad', [some(s, 'f64', [3])], {
      before: [s.choose.below(2)],
      after: [s.choose.below(2)],
      value: s.choose.from(special),
    }),
  (s) => apply(s, 'concat', [some(s, 'f64'), some(s, 'f64')], { axis: s.choose.below(2) }),
  (s) => apply(s, 'concat', [some(s, 'f64')], { axis: 0 }),
  (s) =>
    apply(s, s.choose.from(['sum', 'reduceMax', 'mean'] as const), [some(s, 'f64')], {
      axes: s.choose.from([[], [0], [1], [0, 1]]),
      keepDims: s.choose.below(2) === 1,
    }),
  (s) =>
    apply(s, 'matmul', [some(s, 'f64'), some(s, 'f64')], {
      transposeA: s.choose.below(2) === 1,
      transposeB: s.choose.below(2) === 1,
    }),
  (s) => apply(s, 'gather', [some(s, 'f64', [3]), some(s, 'i32')], { axis: 0 }),
];

/** A body over some types that gives a value of each wanted type, then any tensors. */
function body(
  site: Site,
  name: string,
  inputs: readonly ValueType[],
  wanted: readonly ValueType[],
  extra: number,
): Graph {
  return buildGraph(name, inputs, (b, ...given) => {
    const inner: Site = { ...site, b, pool: [...given], lengths: new Map(), depth: site.depth + 1 };
    grow(inner);
    const tensors = inner.pool.filter((x) => isTensor(x));
    const any = (): Value => (tensors.length > 0 ? site.choose.from(tensors) : b.constant(1));
    return [...wanted.map((type) => typed(inner, type)), ...Array.from({ length: extra }, any)];
  });
}

/** A few tensors of the pool, some perhaps twice. */
function operands({ pool, choose }: Site, atMost = 3): readonly Value[] {
  const tensors = pool.filter((x) => isTensor(x));
  return Array.from({ length: tensors.length === 0 ? 0 : choose.below(atMost + 1) }, () => choose.from(tensors));
}

const typesOf = (values: readonly Value[]): readonly ValueType[] => values.map((x) => x.type);

const structuredSteps: readonly Step[] = [
  callStep,
  callStep,
  (s) => {
    const inputs = operands(s);
    const graph = body(s, 'custom', typesOf(inputs), [], 1 + s.choose.below(2));
    return s.b.all('customVjp', inputs, { graph, reverse: () => inputs.map(() => null) });
  },
  (s) => {
    const inputs = operands(s);
    const wanted = Array.from({ length: 1 + s.choose.below(3) }, () => s.choose.from(types));
    const then = body(s, 'then', typesOf(inputs), wanted, 0);
    const otherwise = body(s, 'else', typesOf(inputs), wanted, 0);
    return s.b.all('cond', [some(s, 'bool', []), ...inputs], { then, else: otherwise });
  },
  whileStep,
  whileStep,
  scanStep,
  scanStep,
];

/** Calls a new graph, or one that was called before. */
function callStep(site: Site): readonly Value[] {
  const { choose, shared, b } = site;
  const known = choose.below(3) === 0 || shared.length === 0 ? undefined : choose.from(shared);
  const graph = known ?? body(site, `f${shared.length}`, typesOf(operands(site)), [], 1 + choose.below(3));
  // A graph that is being built cannot be in the list yet, so that no graph calls itself.
  if (known === undefined) shared.push(graph);
  return b.all(
    'call',
    graph.inputs.map((input) => typed(site, input.type)),
    { graph },
  );
}

/** A loop of at most three trips: a counter, other carries, perhaps tapes and a flag. */
function whileStep(site: Site): readonly Value[] {
  const { choose, b } = site;
  const captured = [some(site, 'i32', []), ...operands(site)];
  const carry = [b.constant(0, [], 'i32'), ...operands(site)];
  const inputs = typesOf([...captured, ...carry]);
  const condition = buildGraph('condition', inputs, (c, limit, ...rest) => {
    const counter = rest[captured.length - 1] as Value;
    return [c.op('less', [counter, c.op('minimum', [limit as Value, c.constant(3, [], 'i32')])])];
  });
  const taped = choose.below(3);
  const advances = choose.below(2) === 1;
  const made = body(site, 'body', inputs, typesOf(carry), taped);
  const results = b.all('whileLoop', [...captured, ...carry], {
    condition,
    body: withCounter(made, captured.length, advances ? choose : undefined),
    constants: captured.length,
    taped,
    advances,
  });
  for (const tape of results.slice(carry.length)) site.lengths.set(tape, results[0] as Value);
  return results;
}

/** The body with its first carry counted up, and a random flag behind its results if it is to have one. */
function withCounter(graph: Graph, position: number, choose: Choices | undefined): Graph {
  const counter = graph.inputs[position] as Value;
  const extra = buildGraph('extra', [i32], (b, n) => {
    const next = b.op('add', [n as Value, b.constant(1, [], 'i32')]);
    return choose === undefined
      ? [next]
      : [next, b.op('notEqual', [n as Value, b.constant(choose.below(3), [], 'i32')])];
  });
  const nodes = extra.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map((x) => (x === extra.inputs[0] ? counter : x)),
  }));
  const [next, ...flag] = extra.outputs as readonly [Value, ...Value[]];
  return { ...graph, nodes: [...graph.nodes, ...nodes], outputs: [next, ...graph.outputs.slice(1), ...flag] };
}

/** A scan over tapes, over tensors, or a number of times. */
function scanStep(site: Site): readonly Value[] {
  const { choose, pool, b, lengths } = site;
  const first = choose.from([undefined, ...pool.filter((x) => x.type.kind === 'tape')]);
  const tapes = pool.filter(
    (x) => x.type.kind === 'tape' && first !== undefined && lengths.get(x) === lengths.get(first),
  );
  const isTaped = first !== undefined;
  const sequences = isTaped
    ? Array.from({ length: 1 + choose.below(2) }, () => choose.from(tapes))
    : Array.from({ length: choose.below(3) }, () => some(site, 'f64', [3]));
  const length = isTaped ? null : sequences.length > 0 ? 3 : choose.below(3);
  const captured = operands(site);
  const carry = operands(site, 2);
  const elements = sequences.map(({ type }) =>
    type.kind === 'tape' ? type.element : tensorType(type.shape.slice(1), type.dtype),
  );
  const params = { constants: captured.length, carries: carry.length, length, reverse: choose.below(2) === 1 };
  const graph = body(site, 'body', [...typesOf([...captured, ...carry]), ...elements], typesOf(carry), choose.below(3));
  const results = b.all('scan', [...captured, ...carry, ...sequences], { ...params, body: graph });
  if (first !== undefined)
    for (const tape of results.slice(carry.length)) lengths.set(tape, lengths.get(first) as Value);
  return results;
}
