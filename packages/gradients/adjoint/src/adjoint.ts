/** The adjoint method of Chen et al. 2018 (arXiv:1806.07366), Algorithm 1 with its appendices B and C. */
import {
  call,
  concat,
  cond,
  constant,
  customVjp,
  isDifferentiable,
  OptionError,
  report,
  requireKnownOptions,
  scan,
  vjp,
  zerosLike,
  type ClosedDynamics,
  type GradientMethod,
  type Integrate,
  type IntegrateOptions,
  type Leaves,
  type Norm,
  type OptionNames,
  type ReverseRule,
  type Solver,
  type SolveProblem,
  type StepController,
  type Tensor,
  type Tolerance,
} from '@node-ode/core';
import { clockOf, largestOfSamples, type Clock } from './clock.ts';

/** Options of the backward solve; what is not given is as in the forward one. */
export interface AdjointOptions {
  readonly solver?: Solver;
  readonly controller?: StepController;
  readonly rtol?: Tolerance;
  readonly atol?: Tolerance;
  readonly maxSteps?: number;
  /**
   * Leaves the parameters' adjoint, a mere integral, out of the error norm (Kidger et al. 2021, "Hey, that's not an ODE"):
   * fewer backward steps at the same accuracy of the gradient's other parts. False by default.
   */
  readonly seminorm?: boolean;
  /** The norm of the backward solve's scaled error, in place of the root mean square over all of it. */
  readonly norm?: (scaledError: AugmentedLeaves) => Tensor;
}

const known: OptionNames<AdjointOptions> = {
  solver: true,
  controller: true,
  rtol: true,
  atol: true,
  maxSteps: true,
  seminorm: true,
  norm: true,
};

/** Leaves of the augmented state: y, its adjoint a, and the gradients of what the dynamics use. */
export interface AugmentedLeaves {
  readonly y: Leaves;
  readonly a: Leaves;
  readonly g: Leaves;
}

/**
 * Optimise, then discretise. With a = ∂L/∂y the augmented system
 *
 *     dy/dt = f(t, y),   da/dt = −aᵀ·∂f/∂y,   dg/dt = −aᵀ·∂f/∂θ
 *
 * is solved from the last output time to the first. At each output time a jumps by the cotangent of that output, and y is
 * set to the value that the forward solve had there. Memory does not grow with the number of steps. The gradients are those
 * of the continuous problem: they agree with the discrete solution's to the tolerance.
 *
 * Times: dL/dtⱼ = āⱼ·f(tⱼ, yⱼ) for an output's cotangent āⱼ (eq. 52), and dL/dt0 = −a(t0)·f(t0, y0). The paper integrates
 * −aᵀ·∂f/∂t for the latter; that integral is a·f, as d(a·f)/dt = aᵀ·∂f/∂t, so that no further component is needed.
 *
 * The reverse rule solves by the same method, so that derivatives of derivatives are adjoint solves too.
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), gradient: adjoint({ seminorm: true }), rtol: 1e-6 });
 */
export function adjoint(options: AdjointOptions = {}): GradientMethod {
  requireKnownOptions('adjoint', options, known);
  if (options.seminorm === true && options.norm !== undefined) {
    throw new OptionError('adjoint', 'both seminorm and norm', {
      expected: 'one of them',
      advice: 'A norm that does not look at g is a seminorm.',
    });
  }
  return {
    name: 'adjoint',
    perSample: true,
    handlesEvents: true,
    solve: (problem, integrate) => {
      const { y0, ts } = problem;
      const [leafOf, isSampled] = [y0.map((_, i) => i), y0.map(() => ts.rank > 1)];
      return solveWithAdjoint(problem, integrate, { options, leafOf, isSampled, given: {} });
    },
  };
}

interface Context {
  readonly options: AdjointOptions;
  /** For each leaf of the state the leaf of the user's state whose tolerances it has; null: not in the norm. */
  readonly leafOf: readonly (number | null)[];
  /** For each leaf of the state whether it leads with samples that have times of their own. */
  readonly isSampled: readonly boolean[];
  /** How this solve is integrated. */
  readonly given: IntegrateOptions;
}

function solveWithAdjoint(problem: SolveProblem, integrate: Integrate, context: Context): Leaves {
  const { y0, ts, captures } = problem;
  const n = y0.length;
  // One time: nothing is solved.
  if (ts.shape[0] === 1) return integrate(problem, context.given);
  const problemOf = (inputs: Leaves): SolveProblem => ({
    ...problem,
    y0: inputs.slice(0, n),
    ts: inputs[n] as Tensor,
    captures: inputs.slice(n + 1),
  });
  const forward = (inputs: Leaves): Leaves => integrate(problemOf(inputs), context.given);
  return customVjp('adjoint', [...y0, ts, ...captures], forward, reverse(problemOf, integrate, context));
}

function reverse(problemOf: (inputs: Leaves) => SolveProblem, integrate: Integrate, context: Context): ReverseRule {
  return ({ inputs, outputs, cotangents, active }) => {
    const solved = problemOf(inputs);
    const { f, y0, captures } = solved;
    const n = y0.length;
    const hasEvents = solved.events !== undefined;
    // With events the rows end where the solve did, and their times are behind them.
    const [ys, ts] = [outputs.slice(0, n), hasEvents ? (outputs[n] as Tensor) : solved.ts];
    const wanted = captures.map((x, i) => active[n + 1 + i] === true && isDifferentiable(x.type));
    const wantsTimes = active[n] === true;
    const parameters = captures.filter((_, i) => wanted[i]);
    const intervals = (ts.shape[0] ?? 1) - 1;
    const ct = ys.map((y, i) => cotangents[i] ?? zerosLike(y));
    const clock = clockOf(solved);
    const augmented = augment(f, n, wanted, clock);
    const backward = backwardContext(context, parameters.length);
    const rows = (x: Tensor, first: number): Tensor =>
      x.slice([first, ...x.shape.slice(1).map(() => 0)], [intervals, ...x.shape.slice(1)]);

    // From the last interval to the first. Nothing but a and g is carried.
    const { carry, outputs: toRows } = scan(
      {
        a: y0.map(zerosLike) as Leaves,
        g: parameters.map(zerosLike) as Leaves,
        evaluations: constant(0, [], 'i32'),
      },
      {
        from: { t: rows(ts, 1), y: ys.map((y) => rows(y, 1)), jump: ct.map((c) => rows(c, 1)) },
        to: { t: rows(ts, 0), y: ys.map((y) => rows(y, 0)), jump: ct.map((c) => rows(c, 0)) },
      },
      ({ a, g, evaluations }, { from, to }) => {
        const next = between(hasEvents, from, to, { a, g }, (start, end, g1, a1) => {
          const interval = clock.interval(start, end.t);
          const problem: SolveProblem = {
            f: augmented,
            y0: [...interval.y, ...a1, ...g1],
            ts: interval.ts,
            captures: [...captures, ...interval.own],
          };
          const solved = solveWithAdjoint(problem, integrate, backward).map((leaf) => leaf.at(1));
          return { a: solved.slice(n, 2 * n), g: solved.slice(2 * n) };
        });
        if (!wantsTimes) return { carry: { ...next, evaluations }, output: [] };
        const slope = f(to.t, to.y, captures);
        // āⱼ·f(tⱼ, yⱼ), and −a(tⱼ)·f(tⱼ, yⱼ), which is wanted at t0 alone
        const output = [clock.dot(to.jump, slope, to.y), clock.dot(next.a, slope, from.y).neg()];
        return { carry: { ...next, evaluations: evaluations.add(1) }, output };
      },
      { reverse: true, length: intervals },
    );
    const [inner, atStart] = toRows;
    let dts: Tensor | null = null;
    if (inner !== undefined && atStart !== undefined) {
      const last = (leaves: Leaves): Leaves => leaves.map((leaf) => leaf.at(-1));
      const atEnd = (): Tensor => clock.dot(last(ct), f(ts.at(-1), last(ys), captures), last(ys)).expandDims(0);
      const toTimes = inner.setRow(0, atStart.at(0));
      // The time of a row that an event made is a constant.
      dts = hasEvents ? toTimes : concat([toTimes, atEnd()]);
    }
    const others = clock.evaluations + (wantsTimes && !hasEvents ? 1 : 0);
    if (wantsTimes || others > 0) report('nfe.backward', carry.evaluations.add(others), 'sum');
    const dy0 = carry.a.map((a, i) => a.add((ct[i] as Tensor).at(0)));
    const dparameters = [...carry.g];
    return [...dy0, dts, ...wanted.map((isWanted) => (isWanted ? (dparameters.shift() ?? null) : null))];
  };
}

/** A row of the forward solve, and the cotangent of that output. */
interface Row {
  readonly t: Tensor;
  readonly y: Leaves;
  readonly jump: Leaves;
}

/** What an interval between two rows is solved back to. */
interface Adjoints {
  readonly a: Leaves;
  readonly g: Leaves;
}

/** Rows behind an event are all at its time: between two of these nothing is solved. */
const between = (
  hasEvents: boolean,
  from: Row,
  to: Row,
  { a, g }: Adjoints,
  solve: (from: Row, to: Row, g: Leaves, a: Leaves) => Adjoints,
): Adjoints => {
  const jumped = a.map((ai, i) => ai.add(from.jump[i] as Tensor));
  if (!hasEvents) return solve(from, to, g, jumped);
  return cond(
    from.t.equal(to.t),
    { from, to, g, a: jumped },
    (x) => ({ a: x.a, g: x.g }),
    (x) => solve(x.from, x.to, x.g, x.a),
  );
};

/** The augmented dynamics of (y, a, g), traced once and called by each stage. */
function augment(f: ClosedDynamics, n: number, wanted: readonly boolean[], clock: Clock): ClosedDynamics {
  return call('adjoint', (time: Tensor, state: Leaves, captures: Leaves): Leaves => {
    const [y, a] = [state.slice(0, n), state.slice(n, 2 * n)];
    const { t, scaled } = clock.read(time, captures);
    const { value: dy, pullback } = vjp(
      (x: { readonly y: Leaves; readonly theta: Leaves }) => {
        const theta = [...x.theta];
        return f(
          t,
          x.y,
          captures.map((capture, i) => (wanted[i] === true ? (theta.shift() ?? capture) : capture)),
        );
      },
      { y, theta: captures.filter((_, i) => wanted[i]) },
    );
    const pulled = pullback(scaled(a));
    return [...scaled(dy), ...pulled.y.map((x) => x.neg()), ...pulled.theta.map((x) => x.neg())];
  });
}

/** How the augmented system is integrated: y and a with the tolerances of y, g with those of its first leaf or outside the norm. */
function backwardContext({ options, leafOf, isSampled }: Context, parameters: number): Context {
  const { seminorm = false, solver, controller, rtol, atol, norm, maxSteps } = options;
  const n = leafOf.length;
  const forParameters = Array.from({ length: parameters }, () => (seminorm ? null : 0));
  const tolerancesOf = [...leafOf, ...leafOf, ...forParameters];
  const areSampled = [...isSampled, ...isSampled, ...forParameters.map(() => false)];
  const normed = areSampled.filter((_, i) => tolerancesOf[i] !== null);
  const leafNorm: Norm | undefined =
    norm && ((scaled) => norm({ y: scaled.slice(0, n), a: scaled.slice(n, 2 * n), g: scaled.slice(2 * n) }));
  // A norm is for this augmented state; the reverse of the reverse has another.
  const { norm: _, ...others } = options;
  return {
    options: others,
    leafOf: tolerancesOf,
    isSampled: areSampled,
    given: {
      phase: 'backward',
      tolerancesOf,
      ...(areSampled.includes(true) ? { norm: largestOfSamples(normed) } : {}),
      changes: { rtol, atol, norm: leafNorm },
      ...(solver === undefined ? {} : { solver }),
      ...(controller === undefined ? {} : { controller }),
      ...(maxSteps === undefined ? {} : { maxSteps }),
    },
  };
}
