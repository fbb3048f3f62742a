/** The equations of the stages of one implicit step: what they share, and how each is solved. */
import { OptionError } from '../errors.ts';
import { linearCombination, linearSolve, stopGradient, zerosLike } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { closeLeaves, restrict } from './closed-leaves.ts';
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
  /** f(t, y), found with the Jacobian; its gradient is stopped. */
  readonly slopes: Leaves;
  readonly progress: Progress;
  solve(progress: Progress, stage: { readonly t: Tensor; readonly base: Leaves; readonly guess: Leaves }): SolvedStage;
}

/** Evaluates f and its Jacobian at the beginning of a step; one matrix serves all stages. */
export function stageSystem(dynamics: LeafDynamics, step: ImplicitStep): StageSystem {
  const { t, h, y, gamma } = step;
  const f = closeLeaves(dynamics, t, y);
  const w = h.mul(gamma);
  const [t0, y0, captures] = [stopGradient(t), y.map(stopGradient), f.captures.map(stopGradient)];
  const linear = f.linearize(t0, y0, captures, [...captures.map(() => false), false, ...f.uses]);
  const { slopes } = linear;
  const progress: Progress = { isSolved: constant(true, t.shape), rate: constant(1, t.shape, t.dtype) };
  const integrals = (at: Tensor, base: Leaves): Leaves => f.f(at, base, f.captures);
  const advance = (base: Leaves, k: Leaves): Leaves =>
    base.map((leaf, i) => linearCombination([1, w], [leaf, k[i] as Tensor]));

  const unknown = y.flatMap((_, i) => (f.uses[i] === true ? [i] : []));
  if (unknown.length === 0) {
    const solve: StageSystem['solve'] = (before, stage) => {
      const k = integrals(stage.t, stage.base);
      return { k, y: advance(stage.base, k), evaluations: 1, progress: before };
    };
    return { slopes, progress, solve };
  }

  const pick = <T>(list: readonly T[]): readonly T[] => unknown.map((i) => list[i] as T);
  const place = <T>(some: readonly T[], others: readonly T[]): readonly T[] =>
    others.map((other, i) => some[unknown.indexOf(i)] ?? other);
  const vector = stateVector('esdirk', pick(y), Math.max(t.rank, step.batchAxes));
  demandSmall(vector.n);
  const none = y.map(() => null);
  const jacobian = denseJacobian((ct) => pick(linear.pullback(place<Tensor | null>(ct, none)).y), vector, pick(y0));
  const w0 = stopGradient(w);
  const matrix = newtonMatrix(jacobian, w0);
  const inverse = linearSolve(matrix, identity(matrix.shape, matrix.dtype));
  const measure = step.measure ?? relativeSize(t.rank);
  const zeros = y0.map(zerosLike);
  // Increments never get smaller than what rounding leaves of the state.
  const noise = measure(
    place(
      pick(y0).map((leaf) => leaf.mul(10 * resolution(leaf))),
      zeros,
    ),
    y0,
  );
  const equation = {
    weight: w0,
    inverse,
    vector,
    measure: (change: Leaves) => measure(place(change, zeros), y0),
    tolerance: noise.maximum(newtonFraction),
    stagnation: noise.mul(100).minimum(1),
    mostIterations: step.measure === undefined ? patience.alone : patience.controlled,
  };
  const inner = restrict(f, unknown, y);
  const hasIntegrals = unknown.length < y.length;

  return {
    slopes,
    progress,
    solve: (before, { t: at, base, guess }) => {
      const [at0, base0] = [stopGradient(at), pick(base).map(stopGradient)];
      const slopesAt = (k: Leaves): Leaves =>
        inner.f(at0, base0.map((leaf, i) => linearCombination([1, w0], [leaf, k[i] as Tensor])), captures); // prettier-ignore
      const found = simplifiedNewton(
        { ...equation, slopes: slopesAt },
        { ...before, k: pick(guess).map(stopGradient) },
      );
      const solved = differentiableStage(found.k, { f: inner, t: at, base: pick(base), w, vector });
      if (!hasIntegrals) return { k: solved, y: advance(base, solved), evaluations: found.iterations, progress: found };
      const k = place(solved, integrals(at, place(advance(pick(base), solved), base)));
      return { k, y: advance(base, k), evaluations: found.iterations.add(1), progress: found };
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
