/** Control flow: `cond` as `If`, `whileLoop` as `Loop`, `scan` as `Scan`. What a subgraph captures it uses by name. */
import type { Graph, NodeOf, Value, ValueType } from '@node-ode/core';
import type { OnnxGraph, ValueInfo } from '../model/ir.ts';
import { asOperand, infoOf, isTapeOperand, type Lowered } from './lowered.ts';
import type { Scope } from './scope.ts';

/** Lowers a graph into a scope: `lowerGraph`, handed in. */
type LowerGraph = (scope: Scope, graph: Graph, inputs: readonly Lowered[]) => readonly Lowered[];

/** A value by its name: a tape's is that of its stacked entries. */
const nameOf = ({ name }: Lowered): string => name;

/** A value of a type by its name. */
const lowered = (scope: Scope, name: string, type: ValueType): Lowered =>
  type.kind === 'tape' ? { element: type.element, name } : scope.operand(name, type);

const results = (scope: Scope, names: readonly string[], values: readonly Value[]): readonly Lowered[] =>
  values.map(({ type }, i) => lowered(scope, names[i] as string, type));

/** `cond` → `If`. */
export function lowerCond(
  scope: Scope,
  node: NodeOf<'cond'>,
  inputs: readonly Lowered[],
  lowerGraph: LowerGraph,
): readonly Lowered[] {
  const predicate = asOperand(inputs[0], node.op);
  const branch = (graph: Graph): OnnxGraph => {
    const inner = scope.branch();
    const names = inner.outputs(lowerGraph(inner, graph, inputs.slice(1)));
    return inner.graph(
      scope.fresh(graph.name),
      [],
      names.map((name, i) => infoOf(name, (node.outputs[i] as Value).type)),
    );
  };
  const attributes = {
    then_branch: { kind: 'graph', value: branch(node.params.then) },
    else_branch: { kind: 'graph', value: branch(node.params.else) },
  } as const;
  scope.origin = node.op;
  return results(scope, scope.emitMany('If', [predicate.name], node.outputs.length, attributes), node.outputs);
}

/**
 * `whileLoop` → `Loop` without a trip count. Its condition is computed before the loop and, on the new carry, at the end of
 * the body. Tapes are scan outputs; entries of iterations that did not advance are dropped after the loop.
 */
export function lowerWhileLoop(
  scope: Scope,
  node: NodeOf<'whileLoop'>,
  inputs: readonly Lowered[],
  lowerGraph: LowerGraph,
): readonly Lowered[] {
  const { condition, body, constants, taped, advances } = node.params;
  const captured = inputs.slice(0, constants);
  const carry = inputs.slice(constants).map((input) => asOperand(input, node.op));
  const [first] = lowerGraph(scope, condition, [...captured, ...carry]);

  const inner = scope.loop();
  const iteration = scope.fresh('iteration');
  const again = scope.fresh('again');
  const carried = carry.map(({ type }) => inner.input('carry', type));
  const computed = lowerGraph(inner, body, [...captured, ...carried]);
  const next = computed.slice(0, carry.length);
  const [more] = lowerGraph(inner, condition, [...captured, ...next]);
  const isTaped = taped > 0;
  // Without tapes nobody asks which iterations advanced.
  const entries = isTaped ? computed.slice(carry.length) : [];
  const outputs = [more as Lowered, ...next, ...entries];
  const names = inner.outputs(outputs);
  const graph = inner.graph(
    scope.fresh(body.name),
    [
      { name: iteration, elementType: 'int64', dims: [] },
      { name: again, elementType: 'bool', dims: [] },
      ...carried.map(({ name, type }) => infoOf(name, type)),
    ],
    names.map((name, i) => infoOf(name, asOperand(outputs[i], node.op).type)),
  );

  scope.origin = node.op;
  const attributes = { body: { kind: 'graph', value: graph } } as const;
  const loop = scope.emitMany(
    'Loop',
    ['', nameOf(first as Lowered), ...carry.map(nameOf)],
    carry.length + entries.length,
    attributes,
  );
  const advanced = isTaped && advances ? loop[loop.length - 1] : undefined;
  const tapes = loop
    .slice(carry.length, carry.length + taped)
    .map((tape) =>
      advanced === undefined ? tape : scope.emit('Compress', [tape, advanced], { axis: { kind: 'int', value: 0 } }),
    );
  return results(scope, [...loop.slice(0, carry.length), ...tapes], node.outputs);
}

/**
 * `scan` → `Scan`, which reads and writes its sequences in either direction without a copy. ONNX Runtime refuses sequences
 * of no entries: a `Scan` over tapes is the branch of an `If`.
 */
export function lowerScan(
  scope: Scope,
  node: NodeOf<'scan'>,
  inputs: readonly Lowered[],
  lowerGraph: LowerGraph,
): readonly Lowered[] {
  const { constants, carries, length } = node.params;
  const captured = inputs.slice(0, constants);
  const carry = inputs.slice(constants, constants + carries);
  const sequences = inputs.slice(constants + carries);
  const run = (target: Scope): readonly Lowered[] =>
    results(target, emitScan(target, node, captured, carry, sequences, lowerGraph), node.outputs);
  const skip = (target: Scope): readonly Lowered[] => [...carry, ...emptySequences(target, node)];

  if (length !== null) return length > 0 ? run(scope) : skip(scope);
  const branch = (hint: string, emit: (target: Scope) => readonly Lowered[]): OnnxGraph => {
    const inner = scope.branch();
    inner.origin = node.op;
    const names = inner.outputs(emit(inner));
    return inner.graph(
      scope.fresh(hint),
      [],
      names.map((name, i) => infoOf(name, (node.outputs[i] as Value).type)),
    );
  };
  const attributes = {
    then_branch: { kind: 'graph', value: branch('entries', run) },
    else_branch: { kind: 'graph', value: branch('no_entries', skip) },
  } as const;
  scope.origin = node.op;
  const tape = nameOf(sequences.find(isTapeOperand) as Lowered);
  const entries = scope.emit('Shape', [tape], { start: { kind: 'int', value: 0 }, end: { kind: 'int', value: 1 } });
  const isAny = scope.emit('Greater', [entries, scope.ints([0])]);
  return results(scope, scope.emitMany('If', [isAny], node.outputs.length, attributes), node.outputs);
}

function emitScan(
  scope: Scope,
  node: NodeOf<'scan'>,
  captured: readonly Lowered[],
  carry: readonly Lowered[],
  sequences: readonly Lowered[],
  lowerGraph: LowerGraph,
): readonly string[] {
  const { body, carries, constants, length, reverse } = node.params;
  const inner = scope.loop();
  const carried = carry.map((input) => inner.input('carry', asOperand(input, node.op).type));
  const elements = body.inputs.slice(constants + carries).map(({ type }) => {
    const element = type.kind === 'tape' ? type.element : type;
    return inner.input('element', element);
  });
  const computed = lowerGraph(inner, body, [...captured, ...carried, ...elements]);
  const names = inner.outputs(computed);
  const inputs: ValueInfo[] = [...carried, ...elements].map(({ name, type }) => infoOf(name, type));
  const read = sequences.map(nameOf);
  if (read.length === 0) {
    // Scan counts its iterations by its sequences: one that nobody reads.
    read.push(scope.emit('Expand', [scope.scalar(0, 'bool'), scope.ints([length ?? 0])]));
    inputs.push({ name: scope.fresh('element'), elementType: 'bool', dims: [] });
  }
  const graph = inner.graph(
    scope.fresh(body.name),
    inputs,
    names.map((name, i) => infoOf(name, (body.outputs[i] as Value).type)),
  );
  const direction = reverse ? 1 : 0;
  const directions = (count: number): readonly number[] => new Array<number>(count).fill(direction);
  scope.origin = node.op;
  return scope.emitMany('Scan', [...carry.map(nameOf), ...read], node.outputs.length, {
    body: { kind: 'graph', value: graph },
    num_scan_inputs: { kind: 'int', value: read.length },
    scan_input_directions: { kind: 'ints', value: directions(read.length) },
    scan_output_directions: { kind: 'ints', value: directions(node.outputs.length - carries) },
  });
}

/** Sequences of no entries, for the outputs of a scan that runs zero times. */
const emptySequences = (scope: Scope, { params: { carries }, outputs }: NodeOf<'scan'>): readonly Lowered[] =>
  outputs.slice(carries).map(({ type }) => {
    const { shape, dtype } = type.kind === 'tape' ? type.element : { ...type, shape: type.shape.slice(1) };
    const empty = scope.emit('Expand', [scope.scalar(0, dtype), scope.ints([0, ...shape])]);
    return lowered(scope, empty, type);
  });
