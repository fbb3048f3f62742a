/**
 * The adjoint method of Chen et al. 2018 (arXiv:1806.07366, eqs. 4, 5 and 52) with the state read from the dense output of the
 * forward solve, instead of solved for backwards (Rackauckas et al. 2018, arXiv:1812.01892, "interpolating adjoint").
 */
import {
  call,
  constant,
  customVjpWithTapes,
  isDifferentiable,
  isTape,
  isTensor,
  jvp,
  report,
  requireKnownOptions,
  scan,
  select,
  stack,
  vjp,
  whileLoop,
  zerosLike,
  type ClosedDynamics,
  type GradientMethod,
  type Integrate,
  type IntegrateAndRecord,
  type IntegrateOptions,
  type Leaves,
  type OptionNames,
  type Solver,
  type SolveProblem,
  type StepController,
  type Tape,
  type Tensor,
  type Tolerance,
} from '@node-ode/core';

/** Options of the backward solve; what is not given is as in the forward one. */
export interface InterpolatingAdjointOptions {
  readonly solver?: Solver;
  readonly controller?: StepController;
  readonly rtol?: Tolerance;
  readonly atol?: Tolerance;
  readonly maxSteps?: number;
  /** Leaves the parameters' adjoint, a mere integral, out of the error norm (Kidger et al. 2021). False by default. */
  readonly seminorm?: boolean;
}

const known: OptionNames<InterpolatingAdjointOptions> = {
  solver: true,
  controller: true,
  rtol: true,
  atol: true,
  maxSteps: true,
  seminorm: true,
};

/**
 * Optimise, then discretise. With a = ∂L/∂y and y(t) the dense output of the forward solve,
 *
 *     da/dt = −aᵀ·∂f/∂y,   dg/dt = −aᵀ·∂f/∂θ
 *
 * are solved backwards over each step of the forward solve, from the last to the first. At an output time a jumps by the
 * cotangent of that output. As y is not solved for again, it can't diverge where the problem contracts: that is where
 * `adjoint()` fails. Memory grows with the number of steps, by one interpolant each.
 *
 * Times are as in `adjoint()`: dL/dtⱼ = āⱼ·f(tⱼ, yⱼ), dL/dt0 = −a(t0)·f(t0, y0). The derivative of the reverse rule, for second
 * derivatives by either mode, goes through the steps of the solver.
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), gradient: interpolatingAdjoint(), rtol: 1e-6 });
 */
export function interpolatingAdjoint(options: InterpolatingAdjointOptions = {}): GradientMethod {
  requireKnownOptions('interpolatingAdjoint', options, known);
  return {
    name: 'interpolating adjoint',
    handlesEvents: true,
    solve: (problem, integrate, record) =>
      problem.ts.shape[0] === 1 ? integrate(problem) : solve(problem, integrate, record, options),
  };
}

/** A problem as the operands of a custom rule: y0, ts, captures. */
const operandsOf = ({ y0, ts, captures }: SolveProblem): Leaves => [...y0, ts, ...captures];

function solve(
  problem: SolveProblem,
  integrate: Integrate,
  record: IntegrateAndRecord,
  options: InterpolatingAdjointOptions,
): Leaves {
  const n = problem.y0.length;
  const hasEvents = problem.events !== undefined;
  const problemOf = (operands: Leaves): SolveProblem => ({
    ...problem,
    y0: operands.slice(0, n),
    ts: operands[n] as Tensor,
    captures: operands.slice(n + 1),
  });
  let interpolate: Backward['interpolate'] | undefined;
  const results = customVjpWithTapes(
    'interpolating adjoint',
    operandsOf(problem),
    (operands) => {
      const recorded = record(problemOf(operands.filter(isTensor)));
      interpolate = recorded.interpolate;
      const { t, tNext, h, interpolant } = recorded.steps;
      return [...recorded.ys, t, tNext, h, ...interpolant];
    },
    ({ inputs, outputs, cotangents, active }) => {
      const operands = inputs.filter(isTensor);
      const wanted = operands.map((x, i) => active[i] === true && isDifferentiable(x.type));
      const given = outputs.filter(isTensor);
      const cts = given.slice(0, n).map((y, i) => cotangents[i] ?? zerosLike(y));
      // With events the rows end where the solve did, with their times behind them.
      const ys = given.slice(0, hasEvents ? n + 1 : n);
      const backward: Backward = { integrate, interpolate: interpolate as Backward['interpolate'], options, wanted };
      const gradient = [...pullBack(backward, problemOf, operands, ys, cts, outputs.filter(isTape))];
      return wanted.map((isWanted) => (isWanted ? (gradient.shift() ?? null) : null));
    },
  );
  return results.filter(isTensor);
}

/** How the backward pass is made. */
interface Backward {
  readonly integrate: Integrate;
  readonly interpolate: (interpolant: Leaves, theta: Tensor) => Leaves;
  readonly options: InterpolatingAdjointOptions;
  /** For each operand whether its gradient is wanted. */
  readonly wanted: readonly boolean[];
}

/** Gradients of the wanted operands, solved for along the recorded steps; differentiated through the steps of the solver. */
function pullBack(
  backward: Backward,
  problemOf: (operands: Leaves) => SolveProblem,
  operands: Leaves,
  ys: Leaves,
  cts: Leaves,
  tapes: readonly Tape[],
): Leaves {
  const count = operands.length;
  const results = customVjpWithTapes(
    'interpolating adjoint.reverse',
    [...operands, ...ys, ...cts, ...tapes],
    (given) => {
      const tensors = given.filter(isTensor);
      const [y, ct] = [tensors.slice(count, count + ys.length), tensors.slice(count + ys.length)];
      return alongSteps(backward, problemOf(tensors.slice(0, count)), y, ct, given.filter(isTape));
    },
    ({ inputs, cotangents, outputs }) => {
      const { floats, x, through } = alongFloats(inputs.filter(isTensor));
      const pulled = vjp(through, x).pullback(
        outputs.filter(isTensor).map((result, i) => cotangents[i] ?? zerosLike(result)),
      );
      return inputs.map((_, i) => pulled[floats.indexOf(i)] ?? null);
    },
    ({ inputs, tangents }) => {
      const { floats, x, through } = alongFloats(inputs.filter(isTensor));
      const directions = floats.map((i) => tangents[i] ?? null).filter((v) => v === null || isTensor(v));
      return jvp(through, x, directions).tangent;
    },
  );
  /** The operands that the gradients move with, their positions, and the gradients as a function of them, through the steps. */
  function alongFloats(given: Leaves): {
    readonly floats: readonly number[];
    readonly x: Leaves;
    readonly through: (x: Leaves) => Leaves;
  } {
    const floats = given.flatMap((x, i) => (isDifferentiable(x.type) && !isOutput(i) ? [i] : []));
    const through = (x: Leaves): Leaves => {
      const all = given.map((tensor, i) => x[floats.indexOf(i)] ?? tensor);
      return throughSteps(backward, problemOf, all.slice(0, count), all.slice(count + ys.length));
    };
    return { floats, x: floats.map((i) => given[i] as Tensor), through };
  }
  /** Whether an operand is one of `ys`: through the steps these follow from the others. */
  function isOutput(i: number): boolean {
    return i >= count && i < count + ys.length;
  }
  return results.filter(isTensor);
}

/** The same gradients by backprop. */
function throughSteps(
  { integrate, wanted }: Backward,
  problemOf: (operands: Leaves) => SolveProblem,
  operands: Leaves,
  cts: Leaves,
): Leaves {
  const chosen = operands.filter((_, i) => wanted[i]);
  const { pullback } = vjp((x: Leaves): Leaves => {
    const rest = [...x];
    const all = operands.map((tensor, i) => (wanted[i] === true ? (rest.shift() ?? tensor) : tensor));
    return integrate(problemOf(all), { phase: 'backward' }).slice(0, cts.length);
  }, chosen);
  return pullback(cts);
}

/** Gradients of the wanted operands from the adjoint equations. */
function alongSteps(
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
