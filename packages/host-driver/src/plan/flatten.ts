/**
 * A graph made ready for being driven from the host: calls are written out where they are made, subgraphs use the values
 * around them as they are, so that the program can be seen as a whole.
 */
import {
  sizeOf,
  tensorType,
  UnsupportedError,
  value,
  type Graph,
  type Node,
  type NodeOf,
  type Value,
  type ValueType,
} from '@node-ode/core';
import { Numbering } from './numbering.ts';
import {
  usesOf,
  type CondStep,
  type FlatProgram,
  type PlainNode,
  type ScanStep,
  type Scope,
  type Step,
  type WhileStep,
} from './scope.ts';
import { sinkTails } from './sink.ts';

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
