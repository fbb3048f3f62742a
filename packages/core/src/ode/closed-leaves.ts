/** Dynamics over leaves, traced once: with what they use from outside as an argument, and with their linearization. */
import { trace } from '../control/call.ts';
import { passReports } from '../control/thread.ts';
import { pushForward } from '../differentiate/forward/push-forward.ts';
import { inline, linearize } from '../differentiate/linearize.ts';
import { eliminateDeadCode } from '../passes/dead-code.ts';
import { zerosLike } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { asTensorResult, type Traced } from '../tensor/trace.ts';
import type { ClosedDynamics } from './gradient-method.ts';
import type { LeafDynamics, Leaves } from './solver.ts';

/** Changes or tangents of leaves; null is zero. */
export type Changes = readonly (Tensor | null)[];

/** Dynamics at a point, with their pullback. */
export interface LinearDynamics {
  readonly slopes: Leaves;
  /** From cotangents of the slopes to those of what was asked for. */
  readonly pullback: (cotangents: Changes) => Record<'t' | 'y' | 'captures', Changes>;
}

/** Dynamics that were traced. */
export interface ClosedLeaves {
  readonly f: ClosedDynamics;
  readonly captures: Leaves;
  /** For each leaf of the state whether f uses it: one that it does not is a mere integral. */
  readonly uses: readonly boolean[];
  /** f at a point, to be pulled back to the operands that `active` names, in the order captures, t, leaves of y. */
  readonly linearize: (t: Tensor, y: Leaves, captures: Leaves, active: readonly boolean[]) => LinearDynamics;
  /** The tangents of f at a point from those of its operands, in that order. */
  readonly push: (t: Tensor, y: Leaves, captures: Leaves, tangents: Changes) => Changes;
}

/** The part of dynamics that acts on some leaves of the state `like`, and uses no others. */
export function restrict(f: ClosedLeaves, indices: readonly number[], like: Leaves): ClosedLeaves {
  const types = like.map(({ type }) => ({ type }));
  const all = (some: Leaves): Leaves => types.map((x, i) => some[indices.indexOf(i)] ?? zerosLike(x));
  const pick = <T>(list: readonly T[]): readonly T[] => indices.map((i) => list[i] as T);
  const n = f.captures.length;
  const spread = (some: Changes): Changes => types.map((_, i) => some[indices.indexOf(i)] ?? null);
  return {
    captures: f.captures,
    uses: pick(f.uses),
    f: (t, y, captures) => pick(f.f(t, all(y), captures)),
    linearize: (t, y, captures, active) => {
      const given = types.map((_, i) => active[n + 1 + indices.indexOf(i)] === true && indices.includes(i));
      const { slopes, pullback } = f.linearize(t, all(y), captures, [...active.slice(0, n + 1), ...given]);
      return {
        slopes: pick(slopes),
        pullback: (cotangents) => {
          const pulled = pullback(spread(cotangents));
          return { ...pulled, y: pick(pulled.y) };
        },
      };
    },
    push: (t, y, captures, tangents) =>
      pick(f.push(t, all(y), captures, [...tangents.slice(0, n + 1), ...spread(tangents.slice(n + 1))])),
  };
}

/** Traces dynamics at a time and a state like these. */
export function closeLeaves(dynamics: LeafDynamics, t: Tensor, y: Leaves): ClosedLeaves {
  const types = [t, ...y].map((x) => x.type);
  const traced = trace('stage', types, ([time, ...state]) => dynamics(time as Tensor, state));
  const graph = eliminateDeadCode(traced.graph);
  const used = new Set([...graph.outputs, ...graph.nodes.flatMap((node) => node.inputs)]);
  const captures = traced.captures.map(asTensorResult);
  const [n, first] = [y.length, captures.length];
  const slopesOf = (outputs: readonly Traced[]): Leaves => {
    passReports(traced.reports, outputs.slice(n));
    return outputs.slice(0, n).map(asTensorResult);
  };
  return {
    captures,
    uses: graph.inputs.slice(first + 1).map((input) => used.has(input)),
    f: (time, state, given) => slopesOf(inline(graph, [...given, time, ...state])),
    linearize: (time, state, given, active) => {
      const linear = linearize(graph, [...given, time, ...state], active);
      const silent = traced.reports.map(() => null);
      return {
        slopes: slopesOf(linear.outputs),
        pullback: (cotangents) => {
          const pulled = linear.pullback([...cotangents, ...silent]).map((ct) => ct && asTensorResult(ct));
          return { captures: pulled.slice(0, first), t: pulled.slice(first, first + 1), y: pulled.slice(first + 1) };
        },
      };
    },
    push: (time, state, given, tangents) => {
      const pushed = pushForward(graph, [...given, time, ...state], tangents);
      slopesOf(pushed.outputs);
      return pushed.tangents.slice(0, n).map((tangent) => tangent && asTensorResult(tangent));
    },
  };
}
