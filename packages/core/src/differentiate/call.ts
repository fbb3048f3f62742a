/** The reverse rule of `call`: the graph is differentiated once, its intermediate values pass from one call to the other. */
import { passReports } from '../control/thread.ts';
import type { Graph, NodeOf } from '../graph/graph.ts';
import { apply, closeGraph, type Report, type Traced } from '../tensor/trace.ts';
import { activeOutputs } from './activity.ts';
import type { Linearized } from './linearize.ts';
import { traceForwardBackward, wantedCotangents } from './residuals.ts';

/** A called graph with its derivative. */
interface CallDerivative {
  readonly wanted: readonly boolean[];
  /** The graph with its residuals behind its results. */
  readonly forward: Graph;
  /** From residuals and cotangents to cotangents. */
  readonly backward: Graph;
  readonly reports: readonly Report[];
  /** For each residual: an input of the graph, or a result behind the graph's own. */
  readonly residuals: readonly ({ readonly input: number } | { readonly output: number })[];
  readonly positions: readonly (number | null)[];
}

/** Derivatives by graph, so that dynamics are differentiated once however often they are called. */
const derivatives = new WeakMap<Graph, Map<string, CallDerivative>>();

/** Applies a call so that its residuals are kept; its pullback is another call. */
export function linearizeCall(
  { params: { graph } }: NodeOf<'call'>,
  inputs: readonly Traced[],
  active: readonly boolean[],
): Linearized {
  const derivative = derivativeOf(graph, active);
  const results = apply('call', inputs, { graph: derivative.forward });
  const outputs = results.slice(0, graph.outputs.length);
  return {
    outputs,
    pullback: (cotangents) => {
      const residuals = derivative.residuals.map((r) => ('input' in r ? inputs[r.input] : results[r.output]) as Traced);
      const given = wantedCotangents(cotangents, derivative.wanted, outputs);
      const pulled = apply('call', [...residuals, ...given], { graph: derivative.backward });
      passReports(derivative.reports, pulled.slice(pulled.length - derivative.reports.length));
      return derivative.positions.map((position) => (position === null ? null : (pulled[position] ?? null)));
    },
  };
}

function derivativeOf(graph: Graph, active: readonly boolean[]): CallDerivative {
  const known = derivatives.get(graph) ?? new Map<string, CallDerivative>();
  derivatives.set(graph, known);
  const key = active.map(Number).join('');
  const found = known.get(key);
  if (found !== undefined) return found;
  const wanted = activeOutputs(graph, active);
  const fb = traceForwardBackward(graph, active, wanted);
  const inputs = new Map(fb.inputs.map((input, i) => [fb.forward.lower(input), i] as const));
  const extra: Traced[] = [];
  const residuals = fb.captures.map((x) => {
    const input = inputs.get(fb.forward.lower(x));
    if (input !== undefined) return { input };
    extra.push(x);
    return { output: graph.outputs.length + extra.length - 1 };
  });
  const forward = closeGraph(fb.forward.close([...fb.outputs, ...extra]), []);
  const derivative = {
    wanted,
    forward,
    backward: fb.backward,
    reports: fb.reports,
    residuals,
    positions: fb.positions,
  };
  known.set(key, derivative);
  return derivative;
}
