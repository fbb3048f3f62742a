/** Adaptive steps: proportional–integral–derivative control of the scaled error (Söderlind 2003; Hairer & Wanner IV.2). */
import { isHostArray, type HostArray } from '../array.ts';
import { OptionError, ShapeError, TreeError } from '../errors.ts';
import { formatType, type Shape } from '../graph/graph.ts';
import { requireKnownOptions, type OptionNames } from '../options.ts';
import { onesLike, select, stopGradient } from '../tensor/functions.ts';
import { asTensor, isTensor, type Tensor, type TensorLike } from '../tensor/tensor.ts';
import { flattenTree } from '../tree.ts';
import { firstStep } from './first-step.ts';
import { choose } from './lanes.ts';
import { leafNorm, type LeafTolerance, type Norm } from './norm.ts';
import type { Leaves } from './solver.ts';
import type { StepController } from './step-controller.ts';

/**
 * A tolerance: one for all leaves, or a tree like the state. Leaves broadcast to the state's leaves; with steps for each
 * sample they lead with the samples ([B], [B, …] or [1, …] for a leaf [B, …]).
 */
export type Tolerance = TensorLike | readonly Tolerance[] | { readonly [key: string]: Tolerance };

export interface PidOptions {
  /** Relative tolerance. */
  readonly rtol?: Tolerance;
  /** Absolute tolerance. */
  readonly atol?: Tolerance;
  /** Root mean square over all elements by default. */
  readonly norm?: Norm;
  /** βP, βI and βD, divided by the order of the error: (0, 1, 0) is the classical I controller, (0.4, 0.3, 0) a PI one. */
  readonly pCoefficient?: number;
  readonly iCoefficient?: number;
  readonly dCoefficient?: number;
  /** The next step is this fraction of the one that would just be accepted. */
  readonly safety?: number;
  /** Bounds of the change of the step size from one step to the next. */
  readonly minFactor?: number;
  readonly maxFactor?: number;
  /** Size of the first step; by Hairer's rule if it is not given. */
  readonly firstStep?: number;
  /** A step that would be smaller ends the solve with `stepUnderflow`. */
  readonly minStep?: number;
  /** Steps are never larger. */
  readonly maxStep?: number;
}

const pidOptions: OptionNames<PidOptions> = {
  rtol: true,
  atol: true,
  norm: true,
  pCoefficient: true,
  iCoefficient: true,
  dCoefficient: true,
  safety: true,
  minFactor: true,
  maxFactor: true,
  firstStep: true,
  minStep: true,
  maxStep: true,
};

/** What is carried: the inverse of the last two errors, where P or D look at them. */
type PidState = readonly Tensor[];

/** Smallest error that the control formula sees; below, the factor is at its bound anyway. */
const smallestError = 1e-20;

/**
 * The step-size controller of adaptive solvers.
 *
 * With error ratios E, order k of the error estimate plus one: the next step is
 * h·safety·E₁^(−(βP+βI+βD)/k)·E₂^((βP+2βD)/k)·E₃^(−βD/k), where E₁ is this step's and E₂, E₃ the accepted ones before it.
 *
 * @throws OptionError naming the option that is out of range, or not known.
 * @example
 * createOde({ backend, solver: dopri5(), controller: pid({ rtol: 1e-6, atol: 1e-8, pCoefficient: 0.4, iCoefficient: 0.3 }) });
 */
export function pid(options: PidOptions = {}): StepController<PidState> {
  requireKnownOptions('pid', options, pidOptions);
  return controller(options, undefined);
}

/** Another state than the one that the tolerances are for. */
interface OtherLeaves {
  /** For each leaf the one whose tolerances it has, or null. */
  readonly source: readonly (number | null)[];
  /** Extent of the samples' axis, with which tolerances lead. */
  readonly samples: Shape;
}

function controller(options: PidOptions, other: OtherLeaves | undefined): StepController<PidState> {
  const { rtol = 1e-3, atol = 1e-6, norm, pCoefficient = 0, iCoefficient = 1, dCoefficient = 0 } = options;
  const { safety = 0.9, minFactor = 0.2, maxFactor = 10 } = options;
  checkOptions({ safety, minFactor, maxFactor, ...options });
  const [rtols, atols] = [toleranceLeaves('rtol', rtol), toleranceLeaves('atol', atol)];
  const remembers = pCoefficient !== 0 || dCoefficient !== 0 ? (dCoefficient !== 0 ? 2 : 1) : 0;
  const bounded = (h: Tensor): Tensor => {
    const { maxStep } = options;
    return maxStep === undefined ? h : h.sign().mul(h.abs().minimum(maxStep));
  };
  const traced = [...rtols, ...atols].filter(isTraced);
  const validity = (): { readonly isValid?: Tensor } =>
    traced.length === 0 ? {} : { isValid: traced.map(isTolerance).reduce((a, b) => a.and(b)) };
  const tolerancesFor = (y: Leaves, lanes: Shape): readonly (LeafTolerance | null)[] =>
    tolerances(y, lanes, rtols, atols, other);
  return {
    name: 'pid',
    needsErrorEstimate: true,
    isUniform: false,
    perSample: true,
    ...(options.minStep === undefined ? {} : { minStep: options.minStep }),

    init: (problem) => {
      const state = Array.from({ length: remembers }, () => onesLike(problem.t0));
      const direction = problem.t1.sub(problem.t0).sign();
      if (options.firstStep !== undefined)
        return { h: bounded(direction.mul(options.firstStep)), state, evaluations: 0, ...validity() };
      const { h, evaluations } = firstStep(problem, tolerancesFor(problem.y0, problem.t0.shape), norm);
      return { h: bounded(h), state, evaluations, ...validity() };
    },

    next: ({ h, y0, y1, error, errorOrder }, state) => {
      const ratio = leafNorm(error ?? [], y0, y1, tolerancesFor(y0, h.shape), norm, h.shape);
      const accept = ratio.lessEqual(1);
      const k = errorOrder + 1;
      const inverse = ratio.maximum(smallestError).reciprocal();
      const [second, third] = state;
      let factor = inverse.pow((pCoefficient + iCoefficient + dCoefficient) / k).mul(safety);
      if (second !== undefined) factor = factor.mul(second.pow(-(pCoefficient + 2 * dCoefficient) / k));
      if (third !== undefined) factor = factor.mul(third.pow(dCoefficient / k));
      const clip = (x: Tensor): Tensor => x.maximum(minFactor).minimum(maxFactor);
      const remembered = [inverse, ...state].slice(0, remembers);
      const next = choose(
        accept,
        { h, factor, state, remembered },
        (x) => ({ h: x.h.mul(clip(x.factor)), state: x.remembered }),
        (x) => {
          // An error that is not finite says nothing but: much smaller.
          const shrinking = select(x.factor.isFinite(), clip(x.factor), minFactor).minimum(safety);
          return { h: x.h.mul(shrinking), state: x.state };
        },
      );
      return { accept, h: bounded(next.h), state: next.state };
    },

    measure: (error, y, lanes) => leafNorm(error, y, y, tolerancesFor(y, lanes), norm, lanes),
    tensors: traced,
    withTensors: (tensors) => {
      const rest = [...tensors];
      const replaced = (all: readonly TensorLike[]): readonly TensorLike[] =>
        all.map((tolerance) => (isTraced(tolerance) ? (rest.shift() ?? tolerance) : tolerance));
      return controller({ ...options, rtol: replaced(rtols), atol: replaced(atols) }, other);
    },
    withTolerances: (changes) => {
      const given = Object.fromEntries(Object.entries(changes).filter(([, change]) => change !== undefined));
      return controller({ ...options, ...given }, other);
    },
    forLeaves: (source, samples = []) => {
      const { norm: _, ...rest } = options;
      return controller(rest, { source, samples });
    },
  };
}

const isToleranceLeaf = (x: unknown): x is TensorLike => typeof x === 'number' || isTensor(x) || isHostArray(x);

const isTraced = (x: TensorLike): x is Tensor => isTensor(x) && x.source.kind === 'trace';

/** Whether every element is a tolerance: finite and not negative. */
const isTolerance = (x: Tensor): Tensor => {
  const value = stopGradient(x);
  return value.isFinite().and(value.greaterEqual(0)).all();
};

function toleranceLeaves(name: string, tolerance: Tolerance): readonly TensorLike[] {
  const { leaves } = flattenTree('pid', tolerance, isToleranceLeaf, 'a number or a tensor');
  for (const leaf of leaves) {
    const values = typeof leaf === 'number' ? [leaf] : isHostArray(leaf) ? Array.from((leaf as HostArray).data) : [];
    const wrong = values.find((value) => !(value >= 0 && Number.isFinite(value)));
    if (wrong !== undefined) {
      throw new OptionError('pid', `${name} = ${wrong}`, {
        expected: 'a number that is not negative',
        advice: 'Typical values are rtol 1e-3 … 1e-8, with atol the size below which the state is noise.',
      });
    }
  }
  return leaves;
}

function tolerances(
  y: Leaves,
  lanes: Shape,
  rtols: readonly TensorLike[],
  atols: readonly TensorLike[],
  other: OtherLeaves | undefined,
): readonly (LeafTolerance | null)[] {
  const isLed = (other?.samples ?? lanes).length > 0;
  const of = (name: string, all: readonly TensorLike[], i: number, leaf: Tensor): Tensor => {
    const count = other === undefined ? y.length : undefined;
    if (all.length !== 1 && count !== undefined && all.length !== count) {
      throw new TreeError('pid', `${name} has ${all.length} leaves and the state ${count}`, {
        expected: 'one tolerance, or a tree like the state',
      });
    }
    const tolerance = (all.length === 1 ? all[0] : all[i]) as TensorLike;
    // Tolerances have the state's dtype whatever they were given in.
    const own = asTensor(tolerance, leaf.dtype, 'pid');
    const given = (isLed && own.rank > 0 ? alongSamples(name, own, leaf, other) : own).cast(leaf.dtype);
    return isTensor(tolerance) ? stopGradient(given) : given;
  };
  return y.map((leaf, i) => {
    const from = other === undefined ? i : other.source[i];
    if (from === null || from === undefined) return null;
    return { rtol: of('rtol', rtols, from, leaf), atol: of('atol', atols, from, leaf) };
  });
}

/**
 * A tolerance so that it broadcasts to a leaf by its leading axes, as times and sizes do. For a leaf without samples, which
 * only other states have, it is the smallest of the tolerance's elements.
 */
function alongSamples(name: string, tolerance: Tensor, leaf: Tensor, other: OtherLeaves | undefined): Tensor {
  const { shape, rank } = tolerance;
  const fits = rank <= leaf.rank && shape.every((extent, axis) => extent === 1 || extent === leaf.shape[axis]);
  if (fits)
    return rank === leaf.rank ? tolerance : tolerance.reshape([...shape, ...leaf.shape.slice(rank).map(() => 1)]);
  if (other !== undefined) return tolerance.min();
  throw new ShapeError('pid', `${name} is ${formatType(tolerance.type)} for a leaf ${formatType(leaf.type)}`, {
    expected: 'a number, or a shape of which each axis, from the first on, is that of the leaf or 1',
    advice: 'With perSample the first axis is that of the samples: tolerances of components begin with an axis of 1.',
  });
}

function checkOptions(
  options: PidOptions & { readonly safety: number; readonly minFactor: number; readonly maxFactor: number },
): void {
  const { safety, minFactor, maxFactor, firstStep: first, minStep, maxStep } = options;
  const refuse = (name: string, value: number | undefined, expected: string): never => {
    throw new OptionError('pid', `${name} = ${String(value)}`, { expected });
  };
  if (!(safety > 0 && safety < 1)) refuse('safety', safety, 'a number between 0 and 1');
  if (!(minFactor > 0 && minFactor < 1)) refuse('minFactor', minFactor, 'a number between 0 and 1');
  if (!(maxFactor > 1)) refuse('maxFactor', maxFactor, 'a number above 1');
  if (first !== undefined && !(first > 0)) refuse('firstStep', first, 'a positive step');
  if (minStep !== undefined && !(minStep >= 0)) refuse('minStep', minStep, 'a step that is not negative');
  if (maxStep !== undefined && !(maxStep > 0)) refuse('maxStep', maxStep, 'a positive step');
}
