/** Simplified Newton iteration for the stages of an implicit step (Hairer & Wanner, Solving ODEs II, IV.8). */
import { whileLoop } from '../control/loops.ts';
import { linearCombination, select } from '../tensor/functions.ts';
import { asTensor, constant, type Tensor } from '../tensor/tensor.ts';
import { anySample, isPerSample, selectSamples } from './lanes.ts';
import type { Leaves } from './solver.ts';
import type { StateVector } from './state-vector.ts';
import { resolution } from './verdict.ts';

/** The equation k = f(t, base + w·k) of a stage, for the leaves that f uses. */
export interface StageEquation {
  /** f(t, base + w·k). */
  readonly slopes: (k: Leaves) => Leaves;
  readonly w: Tensor;
  /** (I − w·J)⁻¹ [..., n, n], with J = ∂f/∂y near the solution. */
  readonly inverse: Tensor;
  readonly vector: StateVector;
  /** The size of a change of the state: a scalar, or of the shape of t. */
  readonly measure: (change: Leaves) => Tensor;
  /** The iteration ends when what is left is estimated to be of at most this size. */
  readonly tolerance: Tensor;
  /** Increments of at most this size that no longer shrink are rounding errors: nothing more can be done. */
  readonly stagnation: Tensor;
  /** After so many iterations the equation counts as not solved: the step is too large. */
  readonly mostIterations: number;
}

/** Where an iteration stands; flags and sizes are scalars, or of the shape of t. */
export interface Iterate {
  readonly k: Leaves;
  readonly isSolved: Tensor;
  /** Θ/(1 − Θ) for the last contraction Θ: what is left after an increment, relative to it. */
  readonly rate: Tensor;
  /** Evaluations of f: an i32 scalar. */
  readonly iterations: Tensor;
}

/** Increments that grow by more than this are no beginning of convergence. */
const growth = 2;

/**
 * Solves a stage's equation from a guess. Samples whose flag `isSolved` is false before have no part in it. `rate` is that of
 * an equation with the same matrix, 1 if there was none.
 */
export function simplifiedNewton(equation: StageEquation, { k, isSolved, rate }: Omit<Iterate, 'iterations'>): Iterate {
  const { slopes, w, inverse, vector, measure, tolerance, stagnation, mostIterations } = equation;
  const one = constant(1, isSolved.shape, rate.dtype);
  const { carry } = whileLoop(
    {
      k,
      size: one,
      rate: rate.maximum(resolution(rate)).pow(0.8),
      isActive: isSolved,
      isSolved: isSolved.and(false),
      iterations: asTensor(0, 'i32'),
    },
    ({ isActive, iterations }) => iterations.less(mostIterations).and(anySample(isActive)),
    (c) => {
      const residual = slopes(c.k).map((slope, i) => slope.sub(c.k[i] as Tensor));
      const increment = vector.split(inverse.matmul(vector.join(residual).expandDims(-1)).squeeze(-1));
      const size = measure(increment.map((d) => linearCombination([w], [d])));
      const isFirst = c.iterations.equal(0);
      const contraction = size.div(c.size);
      const contracts = contraction.less(1);
      const later = select(contracts, contraction.div(select(contracts, one.sub(contraction), 1)), Infinity);
      const left = select(isFirst, c.rate, later);
      const isStagnant = isFirst.or(contracts).not().and(size.lessEqual(stagnation));
      const isDone = left.mul(size).lessEqual(tolerance).or(isStagnant);
      const hope = size.isFinite().and(isFirst.or(contraction.lessEqual(growth)));
      const keep = (next: Tensor, last: Tensor): Tensor =>
        isPerSample(c.isActive) ? selectSamples(c.isActive, next, last) : next;
      return {
        carry: {
          k: c.k.map((slope, i) => keep(slope.add(increment[i] as Tensor), slope)),
          size: keep(size, c.size),
          rate: keep(left, c.rate),
          isActive: c.isActive.and(isDone.not()).and(hope),
          isSolved: c.isSolved.or(c.isActive.and(isDone)),
          iterations: c.iterations.add(1),
        },
      };
    },
  );
  return { k: carry.k, isSolved: carry.isSolved, rate: carry.rate, iterations: carry.iterations };
}
