/** The equations of the stages of one implicit step: what they share, and how each is solved. */
import { OptionError } from '../errors.ts';
import { linearCombination, linearSolve, stopGradient, zerosLike } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { closeLeaves, restrict, type ClosedLeaves } from './closed-leaves.ts';
import { denseJacobian, identity, newtonMatrix } from './dense-jacobian.ts';
import { differentiableStage } from './implicit-stage.ts';
import { simplifiedNewton, type Iterate } from './newton.ts';
import type { ErrorMeasure, LeafDynamics, Leaves } from './solver.ts';
import { stateVector } from './state-vector.ts';
import { resolution } from './verdict.ts';

/** A larger system is refused: its matrix and factorisation would cost more than anything else. */
const mostUnknowns = 512;

/** The iteration ends at this fraction of the step's tolerance, so that what is left does not count beside the error. */
const newtonFraction = 0.01;

/** Without a controller to say so, an error is tolerated of so many roundings of a state of size 1 or more. */
const toleratedRoundings = 500;

/**
 * Iterations after which a stage counts as not solved. A controller had better choose a smaller step than wait; a step of
 * given size has no other choice.
 */
const patience = { controlled: 10, alone: 50 } as const;

/** A step that is about to be taken. */
export interface ImplicitStep {
  readonly t: Tensor;
  readonly h: Tensor;
  readonly y: Leaves;
  /** The coefficient of a stage's own slope. */
  readonly gamma: number;
  /** Leading axes along which samples do not interact, if they are more than those of t. */
  readonly batchAxes: number;
  readonly measure: ErrorMeasure | undefined;
}

/** The equation k = f(t, base + γh·k) of one stage. */
export interface StageProblem {
  readonly t: Tensor;
  readonly base: Leaves;
  readonly guess: Leaves;
  /** Whether the step's results use k itself. If only later stages do, slopes of integrals are not evaluated: zeros. */
  readonly counts: boolean;
}

/** What one stage's iteration leaves to the next. */
export type Progress = Pick<Iterate, 'isSolved' | 'rate'>;

/** A stage's slope k = f(t, y) at y = base + γh·k. */
export interface SolvedStage {
  readonly k: Leaves;
  readonly y: Leaves;
  readonly evaluations: number | Tensor;
  readonly progress: Progress;
}

/** The stages of a step. */
export interface StageSystem {
  /** f(t, y) where it was evaluated, with the Jacobian; its gradient is stopped. */
  readonly slopes: Leaves | undefined;
  readonly progress: Progress;
  solve(progress: Progress, stage: StageProblem): SolvedStage;
}

/** What the stages of a step share. Where f uses the state, f and its Jacobian are evaluated at the beginning of the step. */
export function stageSystem(dynamics: LeafDynamics, step: ImplicitStep): StageSystem {
  const f = closeLeaves(dynamics, step.t, step.y);
  const unknown = step.y.flatMap((_, i) => (f.uses[i] === true ? [i] : []));
  return unknown.length === 0 ? integrals(f, step) : newtonStages(f, step, unknown);
}

const begin = ({ t }: ImplicitStep): Progress => ({
  isSolved: constant(true, t.shape),
  rate: constant(1, t.shape, t.dtype),
});

/** base + w·k */
const advance = (base: Leaves, w: Tensor, k: Leaves): Leaves =>
  base.map((leaf, i) => linearCombination([1, w], [leaf, k[i] as Tensor]));

/** Stages of dynamics that do not use the state: there is nothing to solve. */
function integrals(f: ClosedLeaves, step: ImplicitStep): StageSystem {
  const w = step.h.mul(step.gamma);
  return {
    slopes: undefined,
    progress: begin(step),
    solve: (progress, { t, base, counts }) => {
      if (!counts) return { k: base.map(zerosLike), y: base, evaluations: 0, progress };
      const k = f.f(t, base, f.captures);
      return { k, y: advance(base, w, k), evaluations: 1, progress };
    },
  };
}

/** Stages whose slopes of the `unknown` leaves are found by iteration, and those of the others from them. */
function newtonStages(f: ClosedLeaves, step: ImplicitStep, unknown: readonly number[]): StageSystem {
  const { t, y } = step;
  const w = step.h.mul(step.gamma);
  const w0 = stopGradient(w);
  const [y0, captures] = [y.map(stopGradient), f.captures.map(stopGradient)];
  const pick = <T>(all: readonly T[]): readonly T[] => unknown.map((i) => all[i] as T);
  const place = <T>(some: readonly T[], all: readonly T[]): readonly T[] =>
    all.map((other, i) => some[unknown.indexOf(i)] ?? other);
  const vector = stateVector('esdirk', pick(y), Math.max(t.rank, step.batchAxes));
  demandSmall(vector.n);

  const linear = f.linearize(stopGradient(t), y0, captures, [...captures.map(() => false), false, ...f.uses]);
  const none = y.map((): Tensor | null => null);
  const jacobian = denseJacobian((ct) => pick(linear.pullback(place<Tensor | null>(ct, none)).y), vector, pick(y0));
  const matrix = newtonMatrix(jacobian, w0);
  const zeros = y0.map(zerosLike);
  const size = step.measure ?? relativeSize(t.rank);
  const measure = (change: Leaves): Tensor => size(place(change, zeros), y0);
  // Increments never get smaller than what rounding leaves of the state.
  const noise = measure(pick(y0).map((leaf) => leaf.mul(10 * resolution(leaf))));
  const equation = {
    w: w0,
    inverse: linearSolve(matrix, identity(matrix.shape, matrix.dtype)),
    vector,
    measure,
    tolerance: noise.maximum(newtonFraction),
    stagnation: noise.mul(100).minimum(1),
    mostIterations: step.measure === undefined ? patience.alone : patience.controlled,
  };
  const inner = restrict(f, unknown, y);

  return {
    slopes: linear.slopes,
    progress: begin(step),
    solve: (before, stage) => {
      const base = pick(stage.base);
      const [at0, base0] = [stopGradient(stage.t), base.map(stopGradient)];
      const slopes = (k: Leaves): Leaves => inner.f(at0, advance(base0, w0, k), captures);
      const guess = pick(stage.guess).map(stopGradient);
      const progress = simplifiedNewton({ ...equation, slopes }, { ...before, k: guess });
      const found = differentiableStage(progress.k, { f: inner, t: stage.t, base, w, vector });
      const ends = advance(base, w, found);
      if (unknown.length === y.length) return { k: found, y: ends, evaluations: progress.iterations, progress };
      if (!stage.counts)
        return { k: place(found, zeros), y: place(ends, stage.base), evaluations: progress.iterations, progress };
      const k = place(found, f.f(stage.t, place(ends, stage.base), f.captures));
      return { k, y: advance(stage.base, w, k), evaluations: progress.iterations.add(1), progress };
    },
  };
}

function demandSmall(n: number): void {
  if (n <= mostUnknowns) return;
  throw new OptionError('esdirk', `a system of ${n} unknowns`, {
    expected: `at most ${mostUnknowns}: it is dense`,
    advice:
      'Say batchAxes: 1 if the samples of a batch do not interact; else use an explicit solver, or another gradient method.',
  });
}

/** The root mean square of e/(1 + |y|) over the axes behind the first `lead`, in parts of what is tolerated. */
function relativeSize(lead: number): ErrorMeasure {
  return (error, y) => {
    const scaled = error.map((leaf, i) => leaf.div((y[i] as Tensor).abs().add(1)).square());
    const axesOf = (leaf: Tensor): readonly number[] => leaf.shape.map((_, axis) => axis).slice(lead);
    const sums = scaled.map((leaf) => leaf.sum({ axes: axesOf(leaf) }));
    const counts = scaled.map((leaf) => leaf.size(axesOf(leaf)));
    const total = (terms: Leaves): Tensor => terms.reduce((sum, term) => sum.add(term));
    const mean = total(sums).div(total(counts));
    return mean.sqrt().div(toleratedRoundings * resolution(mean));
  };
}
