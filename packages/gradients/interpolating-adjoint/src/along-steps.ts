/** The backward pass: the adjoint equations, solved along the recorded steps of the forward solve. */
import {
  call,
  constant,
  report,
  scan,
  select,
  stack,
  vjp,
  whileLoop,
  zerosLike,
  type ClosedDynamics,
  type Integrate,
  type IntegrateOptions,
  type Leaves,
  type SolveProblem,
  type Tape,
  type Tensor,
} from '@node-ode/core';
import type { InterpolatingAdjointOptions } from './options.ts';

/** How the backward pass is made. */
export interface Backward {
  readonly integrate: Integrate;
  readonly interpolate: (interpolant: Leaves, theta: Tensor) => Leaves;
  readonly options: InterpolatingAdjointOptions;
  /** For each operand whether its gradient is wanted. */
  readonly wanted: readonly boolean[];
}

/** Gradients of the wanted operands from the adjoint equations. */
export function alongSteps(
  backward: Backward,
  { f, y0, ts: outputTimes, captures }: SolveProblem,
  rows: Leaves,
  cts: Leaves,
  [t, tNext, h, ...interpolant]: readonly Tape[],
): Leaves {
  const n = y0.length;
  const wanted = backward.wanted.slice(n + 1);
  const parameters = captures.filter((_, i) => wanted[i]);
  const [ys, ts] = [rows.slice(0, n), rows[n] ?? outputTimes];
  const system = adjointSystem(f, backward.interpolate, n, wanted, captures.length);
  const given = backwardOptions(backward.options, n, parameters.length);
  const zeros = [...y0.map((y) => zerosLike(y)), ...parameters.map((p) => zerosLike(p))];
  const jumpAt = (j: Tensor, state: Leaves): Leaves =>
    state.map((leaf, i) => (i < n ? leaf.add((cts[i] as Tensor).at(j)) : leaf));
  const { carry } = scan(
    rows.length > n ? afterEvent(ts, cts, zeros) : afterLast(ts, jumpAt, zeros),
    { t: t as Tape, tNext: tNext as Tape, h: h as Tape, interpolant },
    (c, step) => {
      const back = step.t.sub(step.tNext).sign();
      // From output time to output time within the step, and to its start.
      const { carry: end } = whileLoop(
        { ...c, at: step.tNext },
        ({ at }) => at.notEqual(step.t),
        ({ state, j, at }) => {
          const output = ts.at(j);
          const isWithin = output.sub(step.t).mul(back).lessEqual(0);
          const to = select(isWithin, output, step.t);
          const slopes = [...captures, step.t, step.h, ...step.interpolant];
          const interval = { f: system, y0: state, ts: stack([at, to]), captures: slopes };
          const arrived = backward.integrate(interval, { ...given, firstStep: to.sub(at) }).map((leaf) => leaf.at(1));
          // The first output is y0 itself: its cotangent is added once, behind the loop.
          const jumps = isWithin.and(j.greater(0));
          const jumped = jumpAt(j, arrived);
          const next = arrived.map((leaf, i) => (i < n ? select(jumps, jumped[i] as Tensor, leaf) : leaf));
          return { carry: { state: next, j: select(jumps, j.sub(1), j), at: to } };
        },
      );
      return { carry: { state: end.state, j: end.j } };
    },
    { reverse: true },
  );
  const [a, g] = [carry.state.slice(0, n), carry.state.slice(n)];
  const dy0 = a.map((leaf, i) => leaf.add((cts[i] as Tensor).at(0)));
  const dts =
    backward.wanted[n] === true ? [timeGradients(f, ts, ys, cts, a, captures).slice([0], outputTimes.shape)] : [];
  return [...dy0.filter((_, i) => backward.wanted[i]), ...dts, ...g];
}

/** Where the backward pass stands: a and g, and the index of the next output before. */
interface Standing {
  readonly state: Leaves;
  readonly j: Tensor;
}

/** At the last time, with the cotangent of its output. */
function afterLast(ts: Tensor, jumpAt: (j: Tensor, state: Leaves) => Leaves, zeros: Leaves): Standing {
  const last = (ts.shape[0] ?? 1) - 1;
  return { state: jumpAt(constant(last, [], 'i32'), zeros), j: constant(last - 1, [], 'i32') };
}

/** At the end that an event made, with the cotangents of all rows there: those of later times are, too. */
function afterEvent(ts: Tensor, cts: Leaves, zeros: Leaves): Standing {
  const isAtEnd = ts.equal(ts.at(-1));
  const state = zeros.map((leaf, i) => {
    const ct = cts[i];
    if (ct === undefined) return leaf;
    const mask = isAtEnd.reshape([-1, ...leaf.shape.map(() => 1)]);
    return select(mask, ct, 0).sum({ axes: 0 });
  });
  return { state, j: isAtEnd.not().cast('i32').sum().sub(1) };
}

/** The adjoint equations of (a, g) along an interpolant, traced once and called by each stage. */
function adjointSystem(
  f: ClosedDynamics,
  interpolate: Backward['interpolate'],
  n: number,
  wanted: readonly boolean[],
  own: number,
): ClosedDynamics {
  return call('adjoint', (t: Tensor, state: Leaves, operands: Leaves): Leaves => {
    const [captures, [start, h, ...interpolant]] = [operands.slice(0, own), operands.slice(own)];
    const y = interpolate(interpolant, t.sub(start as Tensor).div(h as Tensor));
    const { pullback } = vjp(
      (x: { readonly y: Leaves; readonly theta: Leaves }) => {
        const theta = [...x.theta];
        const all = captures.map((capture, i) => (wanted[i] === true ? (theta.shift() ?? capture) : capture));
        return f(t, x.y, all);
      },
      { y, theta: captures.filter((_, i) => wanted[i]) },
    );
    const pulled = pullback(state.slice(0, n));
    return [...pulled.y, ...pulled.theta].map((x) => x.neg());
  });
}

/** a with the tolerances of y, g with those of its first leaf or outside the norm. */
function backwardOptions(options: InterpolatingAdjointOptions, n: number, parameters: number): IntegrateOptions {
  const { seminorm = false, solver, controller, rtol, atol, maxSteps } = options;
  const states = Array.from({ length: n }, (_, i) => i);
  return {
    phase: 'backward',
    tolerancesOf: [...states, ...Array.from({ length: parameters }, () => (seminorm ? null : 0))],
    changes: { rtol, atol },
    ...(solver === undefined ? {} : { solver }),
    ...(controller === undefined ? {} : { controller }),
    ...(maxSteps === undefined ? {} : { maxSteps }),
  };
}

/** dL/dtⱼ = āⱼ·f(tⱼ, yⱼ) for each output, and −a(t0)·f(t0, y0) for the first time. */
function timeGradients(f: ClosedDynamics, ts: Tensor, ys: Leaves, cts: Leaves, a0: Leaves, captures: Leaves): Tensor {
  const { carry, outputs } = scan(
    { evaluations: constant(0, [], 'i32') },
    { t: ts, ys, cts },
    ({ evaluations }, at) => {
      const slope = f(at.t, at.ys, captures);
      return { carry: { evaluations: evaluations.add(1) }, output: { own: dot(at.cts, slope), first: dot(a0, slope) } };
    },
  );
  report('nfe.backward', carry.evaluations, 'sum');
  return outputs.own.setRow(0, outputs.first.at(0).neg());
}

/** Σ aᵢ·bᵢ over all leaves. */
const dot = (a: Leaves, b: Leaves): Tensor =>
  a.map((x, i) => x.mul(b[i] as Tensor).sum()).reduce((total, term) => total.add(term));
