/**
 * A graph made ready for being driven from the host: calls are written out where they are made, subgraphs use the values
 * around them as they are, and every value of the program is one object, so that the program can be seen as a whole.
 */
import {
  sizeOf,
  tensorType,
  UnsupportedError,
  value,
  type Graph,
  type Node,
  type NodeOf,
  type StructuralPrimitive,
  type TracedParams,
  type Value,
  type ValueType,
} from '@node-ode/core';
import { Numbering } from './numbering.ts';
import { sinkTails } from './sink.ts';

/** A node without subgraphs. */
export type PlainNode = Exclude<Node, { readonly op: StructuralPrimitive | keyof TracedParams }>;

/** A straight line of steps. */
export interface Scope {
  readonly steps: readonly Step[];
  readonly results: readonly Value[];
  /** Names of the graphs called here, with the number of calls. */
  readonly calls: ReadonlyMap<string, number>;
}

/** One operation. */
export interface NodeStep {
  readonly kind: 'node';
  readonly node: PlainNode;
  readonly output: Value;
}

/** One of two scopes. */
export interface CondStep {
  readonly kind: 'cond';
  readonly predicate: Value;
  readonly then: Scope;
  readonly else: Scope;
  readonly outputs: readonly Value[];
}

/**
 * A loop, its test at the end: the body's results are the next carries, the entries for the tapes, whether it advanced
 * (if `advances`), and whether it goes on.
 */
export interface WhileStep {
  readonly kind: 'while';
  /** Whether there is a first iteration. */
  readonly predicate: Value;
  readonly initial: readonly Value[];
  readonly carries: readonly Value[];
  readonly body: Scope;
  readonly taped: number;
  readonly advances: boolean;
  /** The last carries, then the tapes. */
  readonly outputs: readonly Value[];
}

/** A loop over sequences: the body's results are the next carries, then an element for each sequence that is written. */
export interface ScanStep {
  readonly kind: 'scan';
  /** Number of iterations; null for as many as the tapes have entries. */
  readonly length: number | null;
  readonly reverse: boolean;
  /** The position of the elements: an i32 scalar of the body. */
  readonly index: Value;
  readonly initial: readonly Value[];
  readonly carries: readonly Value[];
  /** Tapes; tensors are read by a `gather` in the body. */
  readonly tapes: readonly Value[];
  /** The tapes' entries at the position, for the body. */
  readonly elements: readonly Value[];
  readonly body: Scope;
  /** The last carries, then the sequences. */
  readonly outputs: readonly Value[];
}

export type StructuralStep = CondStep | WhileStep | ScanStep;
export type Step = NodeStep | StructuralStep;

/** A whole program. */
export interface FlatProgram {
  readonly inputs: readonly Value[];
  readonly main: Scope;
  /** Names of all graphs that are called anywhere. */
  readonly called: readonly string[];
}

/**
 * Writes a lowered graph out.
 *
 * @throws UnsupportedError for a graph that was not lowered.
 */
export function flatten(graph: Graph): FlatProgram {
  const called = new Set<string>();
  const inputs = graph.inputs.map(({ type }) => value(type));
  const main = new ScopeBuilder(called);
  const results = main.inline(graph, inputs);
  return { inputs, main: main.close(results), called: [...called] };
}

/** The scopes inside a step. */
export function scopesOf(step: StructuralStep): readonly Scope[] {
  return step.kind === 'cond' ? [step.then, step.else] : [step.body];
}

/** Operands of a structural step itself, without what its scopes use from around them. */
export function operandsOf(step: StructuralStep): readonly Value[] {
  switch (step.kind) {
    case 'cond':
      return [step.predicate];
    case 'while':
      return [step.predicate, ...step.initial];
    case 'scan':
      return [...step.initial, ...step.tapes];
  }
}

/** Values that the body of a loop starts with. */
export function parametersOf(step: StructuralStep): readonly Value[] {
  switch (step.kind) {
    case 'cond':
      return [];
    case 'while':
      return step.carries;
    case 'scan':
      return [step.index, ...step.carries, ...step.elements];
  }
}

/** What a step's scopes use from around it. */
export function capturesOf(step: StructuralStep): ReadonlySet<Value> {
  const defined = new Set<Value>(parametersOf(step));
  const captured = new Set<Value>();
  const use = (x: Value): void => {
    if (!defined.has(x)) captured.add(x);
  };
  const visit = (scope: Scope): void => {
    for (const inner of scope.steps) {
      if (inner.kind === 'node') {
        inner.node.inputs.forEach(use);
        defined.add(inner.output);
        continue;
      }
      operandsOf(inner).forEach(use);
      parametersOf(inner).forEach((x) => defined.add(x));
      scopesOf(inner).forEach(visit);
      inner.outputs.forEach((x) => defined.add(x));
    }
    scope.results.forEach(use);
  };
  scopesOf(step).forEach(visit);
  return captured;
}

/** Steps without nodes whose results nobody uses: what a test or a body computed for callers that want less. */
function withoutDeadNodes(steps: readonly Step[], results: readonly Value[]): readonly Step[] {
  const used = new Set<Value>(results);
  const kept = [...steps].reverse().filter((step) => {
    if (step.kind === 'node' && !used.has(step.output)) return false;
    usesOf(step).forEach((x) => used.add(x));
    return true;
  });
  return kept.reverse();
}

/** Everything from around it that a step uses, each value once. */
export function usesOf(step: Step): ReadonlySet<Value> {
  if (step.kind === 'node') return new Set(step.node.inputs);
  return new Set([...operandsOf(step), ...capturesOf(step)]);
}

const fresh = (values: readonly Value[]): readonly Value[] => values.map(({ type }) => value(type));

class ScopeBuilder {
  readonly #steps: Step[] = [];
  readonly #calls = new Map<string, number>();
  readonly #called: Set<string>;
  readonly #numbering: Numbering;

  constructor(called: Set<string>, numbering = new Numbering()) {
    this.#called = called;
    this.#numbering = numbering;
  }

  close(results: readonly Value[]): Scope {
    return { steps: sinkTails(withoutDeadNodes(this.#steps, results), results), results, calls: this.#calls };
  }

  /** Appends what a graph does to `operands`; gives its results. */
  inline(graph: Graph, operands: readonly Value[]): readonly Value[] {
    const values = new Map<Value, Value>(graph.inputs.map((input, i) => [input, operands[i]!]));
    const of = (list: readonly Value[]): readonly Value[] => list.map((x) => values.get(x)!);
    for (const node of graph.nodes) {
      const results = this.#node(node, of(node.inputs));
      node.outputs.forEach((output, i) => values.set(output, results[i]!));
    }
    return of(graph.outputs);
  }

  #node(node: Node, inputs: readonly Value[]): readonly Value[] {
    switch (node.op) {
      case 'call': {
        const { graph } = node.params;
        this.#called.add(graph.name);
        this.#calls.set(graph.name, (this.#calls.get(graph.name) ?? 0) + 1);
        return this.inline(graph, inputs);
      }
      case 'cond':
        return this.#cond(node, inputs);
      case 'whileLoop':
        return this.#whileLoop(node, inputs);
      case 'scan':
        return this.#scan(node, inputs);
      case 'customVjp':
      case 'stopGradient':
        throw new UnsupportedError('compile', `'${node.op}' in a graph for an engine`, {
          expected: 'a lowered graph',
          advice: 'Call lower(graph, composites) first.',
        });
      default:
        return this.#plain(node, inputs);
    }
  }

  #plain(node: PlainNode, inputs: readonly Value[]): readonly Value[] {
    const { type } = node.outputs[0]!;
    const output = value(type);
    if (type.kind !== 'tensor')
      throw new UnsupportedError('compile', `'${node.op}' of a tape`, { expected: 'tensors' });
    const { shape, dtype } = type;
    // A size is known, and so is every element of a tensor without any.
    const known = node.op === 'size' ? sizeOf(extentsOf(node, inputs[0]!)) : sizeOf(shape) === 0 ? 0 : undefined;
    const outputs = [output];
    const written: PlainNode =
      known === undefined
        ? { ...node, inputs, outputs }
        : { op: 'constant', inputs: [], params: { value: known, shape, dtype }, outputs };
    const computed = this.#numbering.find(written);
    if (computed !== undefined) return [computed];
    this.#steps.push({ kind: 'node', node: written, output });
    return outputs;
  }

  #cond({ params, outputs }: NodeOf<'cond'>, [predicate, ...operands]: readonly Value[]): readonly Value[] {
    const step: CondStep = {
      kind: 'cond',
      predicate: predicate!,
      then: this.#inner((scope) => scope.inline(params.then, operands)),
      else: this.#inner((scope) => scope.inline(params.else, operands)),
      outputs: fresh(outputs),
    };
    this.#steps.push(step);
    return step.outputs;
  }

  #whileLoop({ params, outputs }: NodeOf<'whileLoop'>, inputs: readonly Value[]): readonly Value[] {
    const { condition, body, constants: n, taped, advances } = params;
    const [constants, initial] = [inputs.slice(0, n), inputs.slice(n)];
    const carries = fresh(initial);
    // The test is written behind the body, so that what it computes on the device is part of the body's last segment.
    const test = (scope: ScopeBuilder, carry: readonly Value[]): Value =>
      scope.inline(condition, [...constants, ...carry])[0]!;
    const step: WhileStep = {
      kind: 'while',
      predicate: test(this, initial),
      initial,
      carries,
      body: this.#inner((scope) => {
        const results = scope.inline(body, [...constants, ...carries]);
        return [...results, test(scope, results.slice(0, carries.length))];
      }),
      taped,
      advances,
      outputs: fresh(outputs),
    };
    this.#steps.push(step);
    return step.outputs;
  }

  #scan({ params, outputs }: NodeOf<'scan'>, inputs: readonly Value[]): readonly Value[] {
    const { body, constants: n, carries: m, length, reverse } = params;
    const [constants, initial, sequences] = [inputs.slice(0, n), inputs.slice(n, n + m), inputs.slice(n + m)];
    const carries = fresh(initial);
    const index = value(tensorType([], 'i32'));
    const elements = fresh(body.inputs.slice(n + m));
    const isTape = sequences.map(({ type }) => type.kind === 'tape');
    if (length === 0) return [...initial, ...outputs.slice(m).map(({ type }) => this.#empty(type))];
    const step: ScanStep = {
      kind: 'scan',
      length,
      reverse,
      index,
      initial,
      carries,
      tapes: sequences.filter((_, i) => isTape[i]),
      elements: elements.filter((_, i) => isTape[i]),
      body: this.#inner((scope) => {
        const given = elements.map((element, i) =>
          isTape[i] ? element : scope.#element(sequences[i]!, index, element.type),
        );
        return scope.inline(body, [...constants, ...carries, ...given]);
      }),
      outputs: fresh(outputs),
    };
    this.#steps.push(step);
    return step.outputs;
  }

  /** A row of a tensor. */
  #element(sequence: Value, index: Value, type: ValueType): Value {
    const node: PlainNode = { op: 'gather', inputs: [sequence, index], params: { axis: 0 }, outputs: [value(type)] };
    return this.#plain(node, node.inputs)[0]!;
  }

  /** A tensor without elements. */
  #empty(type: ValueType): Value {
    if (type.kind !== 'tensor')
      throw new UnsupportedError('compile', 'a tape of a fixed length', { expected: 'tensors' });
    const { shape, dtype } = type;
    return this.#plain(
      { op: 'constant', inputs: [], params: { value: 0, shape, dtype }, outputs: [value(type)] },
      [],
    )[0]!;
  }

  #inner(build: (scope: ScopeBuilder) => readonly Value[]): Scope {
    const scope = new ScopeBuilder(this.#called, new Numbering(this.#numbering));
    return scope.close(build(scope));
  }
}

function extentsOf({ params }: NodeOf<'size'>, { type }: Value): readonly number[] {
  return params.axes.map((axis) => (type.kind === 'tensor' ? type.shape[axis]! : 0));
}
