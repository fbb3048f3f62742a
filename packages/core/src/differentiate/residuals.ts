/**
 * What a backward body needs of its forward body. One policy serves loops and branches: scalars that cost something (a
 * reduction, a decision, a result of a call) are saved, and so are decisions and counts of any shape that come out of a
 * structured operation; the rest is computed again from the body's inputs.
 */
import { passReports } from '../control/thread.ts';
import { isFloat } from '../graph/dtype.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { eliminateDeadCode } from '../passes/dead-code.ts';
import type { Report, Trace, Traced } from '../tensor/trace.ts';
import { capturesOf, closeGraph, openTrace } from '../tensor/trace.ts';
import { materialize, type Cotangent } from './accumulate.ts';
import { applyNode, inline, linearize, lookUp } from './linearize.ts';

/** A body traced forwards, and its pullback traced inside it. */
export interface ForwardBackward {
  /** Still open, so that a rule can add results. */
  readonly forward: Trace;
  readonly inputs: readonly Traced[];
  readonly outputs: readonly Traced[];
  /** From residuals of `forward` (its captures) and one cotangent for each wanted output. */
  readonly backward: Graph;
  readonly captures: readonly Traced[];
  readonly reports: readonly Report[];
  /** For each input of the forward body, the position of its cotangent among the results of `backward`; null is zero. */
  readonly positions: readonly (number | null)[];
}

/** Traces a graph forwards and its pullback backwards; each of the `wanted` outputs is given a cotangent. */
export function traceForwardBackward(
  graph: Graph,
  active: readonly boolean[],
  wanted: readonly boolean[],
): ForwardBackward {
  const { trace: forward, inputs } = openTrace(
    graph.name,
    graph.inputs.map((input) => input.type),
  );
  const { outputs, pullback } = linearize(graph, inputs, active);
  const { trace } = openTrace(`${graph.name}.reverse`, []);
  const cotangents = graph.outputs.map((output, i) => (wanted[i] === true ? trace.input(output.type) : null));
  const results = pullback(cotangents);
  const nonZero = results.filter((cotangent) => cotangent !== null);
  const positions = results.map((cotangent) => (cotangent === null ? null : nonZero.indexOf(cotangent)));
  trace.settle(nonZero);
  const reports = [...trace.reports];
  const body = trace.close([...nonZero, ...reports.map((r) => r.value)]);
  const all = capturesOf(body);
  const whole = eliminateDeadCode(closeGraph(body, all));
  // What only dead code captured need not be kept for the backward body.
  const used = new Set([...whole.outputs, ...whole.nodes.flatMap((node) => node.inputs)]);
  const isUsed = (_: unknown, i: number): boolean => i >= all.length || used.has(whole.inputs[i] as Value);
  const backward: Graph = { ...whole, inputs: whole.inputs.filter(isUsed) };
  return { forward, inputs, outputs, backward, captures: all.filter(isUsed), reports, positions };
}

/** What is kept from the forward body for the backward one. */
export interface Residuals {
  /** Positions of the forward body's inputs that are needed. */
  readonly inputs: readonly number[];
  /** Scalars and decisions to save. */
  readonly saved: readonly Traced[];
  /** Nodes to execute again, in order. */
  readonly program: readonly Node[];
}

/** Divides what the backward body captured into inputs, saved scalars and nodes to execute again. */
export function planResiduals({ forward, inputs, captures }: ForwardBackward): Residuals {
  const producers = new Map<Value, Node>();
  for (const node of forward.nodes) for (const output of node.outputs) producers.set(output, node);
  const isInput = new Map(inputs.map((input, i) => [forward.lower(input), i] as const));
  const needed = new Set<number>();
  const saved = new Map<Value, Traced>();
  const program = new Set<Node>();
  const visited = new Set<Value>();
  const pending = captures.filter((x) => !isHost(x)).map((x) => forward.lower(x));
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (visited.has(value)) continue;
    visited.add(value);
    const input = isInput.get(value);
    const producer = producers.get(value);
    if (input !== undefined) needed.add(input);
    else if (producer !== undefined && isWorthSaving(value, producer)) saved.set(value, forward.traced(value));
    else if (producer !== undefined) {
      program.add(producer);
      pending.push(...producer.inputs);
    }
  }
  return {
    inputs: [...needed].sort((a, b) => a - b),
    saved: [...saved.values()],
    program: forward.nodes.filter((node) => program.has(node)),
  };
}

/** An array of the host, which any body may use: it is no residual. */
const isHost = ({ source }: Traced): boolean => source.kind === 'host';

/** A scalar that is not made by element-wise arithmetic of other scalars; a decision or count that took a whole body. */
function isWorthSaving(value: Value, producer: Node): boolean {
  if (!isScalar(value)) return isStructured(producer) && value.type.kind === 'tensor' && !isFloat(value.type.dtype);
  return producer.inputs.length > 0 && (producer.inputs.some((input) => !isScalar(input)) || isStructured(producer));
}

const isScalar = ({ type }: Value): boolean => type.kind === 'tensor' && type.shape.length === 0;

const isStructured = ({ op }: Node): boolean =>
  op === 'call' || op === 'cond' || op === 'whileLoop' || op === 'scan' || op === 'customVjp';

/**
 * Applies the backward body, after what has to be computed again. `given` has a tensor for each needed input (by position)
 * and saved scalar; results are cotangents for each input of the forward body.
 */
export function applyBackward(
  fb: ForwardBackward,
  residuals: Residuals,
  given: {
    readonly inputs: ReadonlyMap<number, Traced>;
    readonly saved: readonly Traced[];
    readonly cotangents: readonly Traced[];
  },
): readonly Cotangent[] {
  const { forward } = fb;
  const env = new Map<Value, Traced>();
  fb.inputs.forEach((input, i) => {
    const x = given.inputs.get(i);
    if (x !== undefined) env.set(forward.lower(input), x);
  });
  residuals.saved.forEach((x, i) => env.set(forward.lower(x), given.saved[i] as Traced));
  for (const node of residuals.program) {
    const outputs = applyNode(node, lookUp(env, node.inputs));
    // A saved scalar stays the one that was saved.
    node.outputs.forEach((output, i) => {
      if (!env.has(output)) env.set(output, outputs[i] as Traced);
    });
  }
  const captured = fb.captures.map((x) => (isHost(x) ? x : (env.get(forward.lower(x)) as Traced)));
  const results = inline(fb.backward, [...captured, ...given.cotangents]);
  passReports(fb.reports, results.slice(results.length - fb.reports.length));
  return fb.positions.map((position) => (position === null ? null : (results[position] ?? null)));
}

/** The cotangents of wanted outputs, zeros where there is none. */
export const wantedCotangents = (
  cotangents: readonly Cotangent[],
  wanted: readonly boolean[],
  like: readonly Traced[],
): readonly Traced[] => like.flatMap((x, i) => (wanted[i] === true ? [materialize(cotangents[i] ?? null, x)] : []));
