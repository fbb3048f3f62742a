/** What a classical test problem is: dynamics written against `Tensor` alone, and values to compare with. */
import type { FloatDType, Tensor } from '@node-ode/core';

/** The solution's value at one time. */
export interface ReferencePoint {
  readonly t: number;
  readonly y: readonly number[];
}

/** An initial value problem dy/dt = f(t, y) whose solution is known; the state is a vector. */
export interface Problem {
  readonly name: string;
  /** Dtype of the state, of time, and of the arrays that the dynamics capture. */
  readonly dtype: FloatDType;
  readonly t0: number;
  readonly t1: number;
  /** State at `t0`, shape [y0.length]. */
  readonly y0: readonly number[];
  /** f: a scalar time and a state of `y0`'s shape to dy/dt, of the same shape. */
  readonly dynamics: (t: Tensor, y: Tensor) => Tensor;
  /** Values to compare with, in the order of time, the first at `t0`, the last at `t1`. */
  readonly reference: readonly [ReferencePoint, ...ReferencePoint[]];
  /** The exact solution at any time, where there is one. */
  readonly solution?: (t: number) => number[];
}

/** A problem for a dtype: the arrays that its dynamics capture have it. */
export type ProblemFactory = (dtype: FloatDType) => Problem;

/** The parts of a problem that its reference points do not already tell. */
export interface ProblemParts extends Pick<Problem, 'name' | 'dtype' | 'dynamics' | 'reference'> {
  readonly solution?: (t: number) => number[];
}

/** A problem that starts at its first reference point and ends at its last. */
export function problem(parts: ProblemParts): Problem {
  const [first] = parts.reference;
  const last = parts.reference[parts.reference.length - 1] ?? first;
  return { ...parts, t0: first.t, t1: last.t, y0: first.y };
}

/**
 * The same problem from its last reference time back to its first.
 *
 * @example
 * const back = reversed(sine('f64'));
 * back.t0; // 8
 */
export function reversed(forward: Problem): Problem {
  const [last, ...rest] = [...forward.reference].reverse();
  return last === undefined
    ? forward
    : problem({ ...forward, name: `${forward.name}, reversed`, reference: [last, ...rest] });
}

/** The times of a problem's reference points: what to hand to `odeint`. */
export const referenceTimes = (p: Problem): number[] => p.reference.map(({ t }) => t);
