/** Learning rates that change from step to step: pure functions of the step, traced with the update that they scale. */
import { constant, OptionError, select, type Tensor } from '@node-ode/core';
import { requireFinite, requireNonNegative, requirePositive, requirePositiveInteger } from '../options.ts';

/**
 * The learning rate of a step. Steps count from 0: it is the number of updates made before. The optimisers pass it in the
 * dtype of the parameters.
 *
 * @example
 * const rootDecay: Schedule = (step) => step.add(1).sqrt().reciprocal().mul(1e-2);
 */
export type Schedule = (step: Tensor) => Tensor;

/** The step as a float, so that schedules take the i32 counter too. */
const asFloat = (step: Tensor): Tensor => (step.dtype === 'i32' ? step.cast('f32') : step);

const filled = (value: number, step: Tensor): Tensor => constant(value, [], step.dtype);

/** The same rate at each step. */
export function constantSchedule(value: number): Schedule {
  requireFinite('constantSchedule', 'value', value);
  return (step) => filled(value, asFloat(step));
}

/** What `exponentialDecay` does. */
export interface ExponentialDecayOptions {
  readonly initial: number;
  /** The factor of each `every` steps. */
  readonly rate: number;
  /** 1 by default. */
  readonly every?: number;
  /** Decays at once every `every` steps instead of smoothly; false by default. */
  readonly staircase?: boolean;
}

/**
 * initial · rate^(step / every).
 *
 * @throws OptionError if `rate` or `every` is not positive.
 * @example
 * adam({ learningRate: exponentialDecay({ initial: 1e-2, rate: 0.99 }) });
 */
export function exponentialDecay(options: ExponentialDecayOptions): Schedule {
  const { initial, rate, every = 1, staircase = false } = options;
  requireFinite('exponentialDecay', 'initial', initial);
  requirePositive('exponentialDecay', 'rate', rate);
  requirePositive('exponentialDecay', 'every', every);
  return (step) => {
    const periods = asFloat(step).div(every);
    return (staircase ? periods.floor() : periods).mul(Math.log(rate)).exp().mul(initial);
  };
}

/** What `stepDecay` does. */
export interface StepDecayOptions {
  readonly initial: number;
  /** Steps at which the rate is multiplied, in increasing order. */
  readonly boundaries: readonly number[];
  /** The factor at each boundary; 0.1 by default. */
  readonly factor?: number;
}

/**
 * initial · factorᵏ, where k counts the boundaries reached: boundary b is reached at step b.
 *
 * @throws OptionError if the boundaries are not increasing positive integers or the factor is not positive.
 * @example
 * sgd({ learningRate: stepDecay({ initial: 0.1, boundaries: [60, 100, 140], factor: 0.1 }), momentum: 0.9 });
 */
export function stepDecay({ initial, boundaries, factor = 0.1 }: StepDecayOptions): Schedule {
  requireFinite('stepDecay', 'initial', initial);
  requirePositive('stepDecay', 'factor', factor);
  requireIncreasing('stepDecay', boundaries);
  return (step) => {
    const at = asFloat(step);
    return boundaries.reduce(
      (rate, boundary, k) => select(at.greaterEqual(boundary), initial * factor ** (k + 1), rate),
      filled(initial, at),
    );
  };
}

/** What `cosineDecay` does. */
export interface CosineDecayOptions {
  readonly initial: number;
  /** Steps until `final` is reached. */
  readonly steps: number;
  /** 0 by default. */
  readonly final?: number;
}

/**
 * From `initial` to `final` along half a cosine (Loshchilov & Hutter 2017), and `final` from then on:
 * final + ½(initial − final)(1 + cos(π·min(step / steps, 1))).
 *
 * @throws OptionError if `steps` is no positive integer.
 */
export function cosineDecay({ initial, steps, final = 0 }: CosineDecayOptions): Schedule {
  requireFinite('cosineDecay', 'initial', initial);
  requireFinite('cosineDecay', 'final', final);
  requirePositiveInteger('cosineDecay', 'steps', steps);
  return (step) => {
    const fraction = asFloat(step).div(steps).minimum(1);
    return fraction
      .mul(Math.PI)
      .cos()
      .add(1)
      .mul((initial - final) / 2)
      .add(final);
  };
}

/** What `linearWarmup` does. */
export interface LinearWarmupOptions {
  /** The rate of step 0; 0 by default. */
  readonly from?: number;
  /** The rate of step `steps` and all after it. */
  readonly to: number;
  readonly steps: number;
}

/**
 * From `from` to `to` in equal increments, and `to` from then on.
 *
 * @throws OptionError if `steps` is no positive integer or a rate is negative.
 */
export function linearWarmup({ from = 0, to, steps }: LinearWarmupOptions): Schedule {
  requireNonNegative('linearWarmup', 'from', from);
  requireNonNegative('linearWarmup', 'to', to);
  requirePositiveInteger('linearWarmup', 'steps', steps);
  return (step) =>
    asFloat(step)
      .div(steps)
      .minimum(1)
      .mul(to - from)
      .add(from);
}

/**
 * One schedule after the other: the next begins, from its own step 0, at each boundary.
 *
 * @throws OptionError if there is not one boundary fewer than schedules, or they are not increasing positive integers.
 * @example
 * joinSchedules([linearWarmup({ to: 1e-3, steps: 100 }), cosineDecay({ initial: 1e-3, steps: 900 })], [100]);
 */
export function joinSchedules(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
  const [first, ...rest] = schedules;
  if (first === undefined || rest.length !== boundaries.length) {
    throw new OptionError('joinSchedules', `${schedules.length} schedules and ${boundaries.length} boundaries`, {
      expected: 'one boundary between each schedule and the next',
    });
  }
  requireIncreasing('joinSchedules', boundaries);
  return (step) => {
    const at = asFloat(step);
    return rest.reduce((rate, next, i) => {
      const start = boundaries[i]!;
      return select(at.greaterEqual(start), next(at.sub(start).maximum(0)), rate);
    }, first(at));
  };
}

function requireIncreasing(operation: string, boundaries: readonly number[]): void {
  const increasing = boundaries.every(
    (boundary, i) => Number.isInteger(boundary) && boundary > (boundaries[i - 1] ?? 0),
  );
  if (increasing) return;
  throw new OptionError(operation, `boundaries [${boundaries.join(', ')}]`, {
    expected: 'positive integers, each larger than the one before',
  });
}
