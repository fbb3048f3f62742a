/**
 * Tracing: a function over tensors leaves a list of nodes. Each tensor knows its own trace; a body may use tensors of the
 * traces around it, which become captures (closure conversion). There is no current trace: an operation belongs to the
 * innermost trace among its operands, so what uses outer tensors alone is done outside.
 */
import type { HostArray } from '../array.ts';
import { addReport } from '../control/report.ts';
import { TraceError } from '../errors.ts';
import { formatType, value, type Graph, type Node, type Value, type ValueType } from '../graph/graph.ts';
import { inferTypes, type Application } from '../graph/infer.ts';
import type { Primitive, PrimitiveParams } from '../graph/primitives.ts';
import { Tape } from './tape.ts';
import { Tensor } from './tensor.ts';

/** A traced value: a tensor, or a tape of tensors. */
export type Traced = Tensor | Tape;

/** An application of a primitive to tensors that no trace holds yet: constants and host arrays alone. */
export interface Deferred {
  readonly op: Primitive;
  readonly inputs: readonly Traced[];
  readonly params: PrimitiveParams[Primitive];
  readonly types: readonly ValueType[];
  /** Diagnostics that leave with the application, wherever it is executed. */
  readonly reports: Report[];
}

/** Where a traced value comes from. */
export type Source =
  | { readonly kind: 'trace'; readonly trace: Trace; readonly value: Value }
  | { readonly kind: 'host'; readonly array: HostArray }
  | { readonly kind: 'deferred'; readonly node: Deferred; readonly index: number };

/** How reports of one name are combined: `first` keeps the first vector whose leading element is not zero. */
export type Combine = 'sum' | 'max' | 'first';

/** A diagnostic that leaves by the side. */
export interface Report {
  readonly name: string;
  readonly combine: Combine;
  readonly value: Tensor;
}

/** Serial numbers only order traces: of two open ones, the later is the inner. */
let traces = 0;

/** A body being traced. */
export class Trace {
  readonly serial = traces++;
  readonly reports: Report[] = [];
  readonly nodes: Node[] = [];
  /** Outer values and host arrays that the body uses, with the input each became. */
  readonly captures = new Map<Value | HostArray, { readonly outer: Traced; readonly inner: Value }>();
  readonly inputs: Value[] = [];
  /** Results of `stopGradient`: constants to every derivative. */
  readonly stopped = new Set<Value>();
  open = true;
  readonly name: string;
  readonly #deferred = new Map<Deferred, readonly Value[]>();

  constructor(name: string) {
    this.name = name;
  }

  /** A new input of the body. */
  input(type: ValueType): Traced {
    const input = value(type);
    this.inputs.push(input);
    return wrap(type, { kind: 'trace', trace: this, value: input });
  }

  /** The value of a tensor in this trace, captured from outside if need be. */
  lower(x: Traced): Value {
    const { source } = x;
    switch (source.kind) {
      case 'trace':
        if (source.trace === this) return source.value;
        requireOpen(source.trace, x);
        return this.#capture(source.value, x);
      case 'host':
        return this.#capture(source.array, x);
      case 'deferred':
        return this.#materialise(source.node)[source.index] as Value;
    }
  }

  /** The tensor of a value of this trace. */
  traced(inner: Value): Traced {
    return wrap(inner.type, { kind: 'trace', trace: this, value: inner });
  }

  /** Appends a node; gives its outputs. */
  emit(
    op: Primitive,
    inputs: readonly Value[],
    params: PrimitiveParams[Primitive],
    types: readonly ValueType[],
  ): readonly Value[] {
    const outputs = types.map(value);
    this.nodes.push({ op, inputs, params, outputs } as Node);
    if (op === 'stopGradient') for (const output of outputs) this.stopped.add(output);
    return outputs;
  }

  /** Brings results into the body, and with them the reports of what was deferred. */
  settle(results: readonly Traced[]): void {
    for (const result of results) this.lower(result);
  }

  /** Ends the body with these results. */
  close(results: readonly Traced[]): Body {
    const outputs = results.map((result) => this.lower(result));
    this.open = false;
    const { name, inputs, captures, nodes } = this;
    return { name, inputs, captures, nodes, outputs };
  }

  #capture(key: Value | HostArray, outer: Traced): Value {
    const known = this.captures.get(key);
    if (known !== undefined) return known.inner;
    const inner = value(outer.type);
    this.captures.set(key, { outer, inner });
    return inner;
  }

  #materialise(node: Deferred): readonly Value[] {
    const known = this.#deferred.get(node);
    if (known !== undefined) return known;
    const inputs = node.inputs.map((input) => this.lower(input));
    const outputs = this.emit(node.op, inputs, node.params, node.types);
    this.#deferred.set(node, outputs);
    for (const { value: x, ...rest } of node.reports) {
      addReport(this, { ...rest, value: asTensorResult(this.traced(this.lower(x))) });
    }
    return outputs;
  }
}

/** A traced body whose captures are known but not yet operands. */
export interface Body {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly captures: Trace['captures'];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}

/** What several bodies use from outside, each value once: the operands that their node needs. */
export function capturesOf(...bodies: readonly Body[]): readonly Traced[] {
  const union = new Map<Value | HostArray, Traced>();
  for (const { captures } of bodies) for (const [key, { outer }] of captures) union.set(key, outer);
  return [...union.values()];
}

/** The body as a closed graph whose first inputs are `captures`. */
export function closeGraph(body: Body, captures: readonly Traced[]): Graph {
  const constants = captures.map((x) => body.captures.get(captureKey(x))?.inner ?? value(x.type));
  return { name: body.name, inputs: [...constants, ...body.inputs], nodes: body.nodes, outputs: body.outputs };
}

function captureKey(x: Traced): Value | HostArray {
  if (x.source.kind === 'trace') return x.source.value;
  if (x.source.kind === 'host') return x.source.array;
  throw new TraceError('closeGraph', 'a deferred tensor was captured', { advice: 'This is a bug in @node-ode/core.' });
}

/** Applies a primitive: checks it, and adds it to the innermost trace among its operands. */
export function apply<P extends Primitive>(
  op: P,
  inputs: readonly Traced[],
  params: PrimitiveParams[P],
): readonly Traced[] {
  const types = inferTypes({ op, inputs, params } as Application);
  const trace = innermost(inputs);
  if (trace === undefined) {
    const node: Deferred = { op, inputs, params, types, reports: [] };
    return types.map((type, index) => wrap(type, { kind: 'deferred', node, index }));
  }
  const values = trace.emit(
    op,
    inputs.map((input) => trace.lower(input)),
    params,
    types,
  );
  return values.map((output) => wrap(output.type, { kind: 'trace', trace, value: output }));
}

/** Applies a primitive whose one result is a tensor. */
export function applyOne<P extends Primitive>(op: P, inputs: readonly Traced[], params: PrimitiveParams[P]): Tensor {
  return asTensorResult(apply(op, inputs, params)[0]);
}

/** The innermost trace among tensors; undefined if none of them is traced. */
export function innermost(inputs: readonly Traced[]): Trace | undefined {
  let result: Trace | undefined;
  for (const input of inputs) {
    if (input.source.kind !== 'trace') continue;
    const { trace } = input.source;
    requireOpen(trace, input);
    if (result === undefined || trace.serial > result.serial) result = trace;
  }
  return result;
}

function requireOpen(trace: Trace, x: Traced): void {
  if (trace.open) return;
  throw new TraceError(
    'trace',
    `a tensor ${formatType(x.type)} of '${trace.name}' was used after that function had ended`,
    {
      expected: 'tensors of the function being traced or of one around it',
      advice: 'Return the tensor from the function that made it instead of keeping it in a variable outside.',
    },
  );
}

/** The user-facing object of a value. */
export function wrap(type: ValueType, source: Source): Traced {
  return type.kind === 'tape' ? new Tape(type, source) : new Tensor(type, source);
}

/** Narrows a traced value to a tensor. */
export function asTensorResult(x: Traced | undefined): Tensor {
  if (x instanceof Tensor) return x;
  throw new TraceError('trace', x === undefined ? 'a result is missing' : `a result is ${formatType(x.type)}`, {
    expected: 'a tensor',
    advice: 'Read a tape with scan.',
  });
}

/** Traces `fn` on fresh inputs of the given types; the trace stays open until it is closed. */
export function openTrace(
  name: string,
  types: readonly ValueType[],
): { readonly trace: Trace; readonly inputs: readonly Traced[] } {
  const trace = new Trace(name);
  return { trace, inputs: types.map((type) => trace.input(type)) };
}
