/** For the tests of the passes: random small graphs, loops, branches, tapes and shared calls included. */
import { NodeOdeError } from '../../src/errors.ts';
import { tensorType, type Graph, type Value, type ValueType } from '../../src/graph/graph.ts';
import { buildGraph, i32 } from './build.ts';
import { tensorOf, type Evaluated } from './evaluate.ts';
import {
  isTensor,
  relatedSteps,
  simpleSteps,
  some,
  special,
  typed,
  types,
  type Choices,
  type Site,
  type Step,
} from './random-steps.ts';

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

/** Appends random nodes; their results join the pool. Nodes that the operands at hand do not fit are left out. */
function grow(site: Site): void {
  const steps = [...simpleSteps, ...relatedSteps, ...(site.depth < 2 ? structuredSteps : [])];
  for (let i = 2 + site.choose.below(site.depth === 0 ? 20 : 8); i > 0; i--) {
    try {
      site.pool.push(...site.choose.from(steps)(site));
    } catch (error) {
      if (!(error instanceof NodeOdeError)) throw error;
    }
  }
}

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
  whileStep,
  scanStep,
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
