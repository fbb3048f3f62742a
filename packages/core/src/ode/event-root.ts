/**
 * The first event within a step: the ITP method (Oliveira & Takahashi 2021, "An enhancement of the bisection method average
 * performance preserving minmax optimality"), which brackets a root and never needs more halvings than bisection plus one.
 */
import { whileLoop } from '../control/loops.ts';
import { arange, select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import type { Sight } from './events.ts';
import { resolution } from './verdict.ts';

/** Where an event lies in its step. */
export interface Root {
  /** Its position: 0 < θ ≤ 1. The sign has changed there. */
  readonly theta: Tensor;
  /** Which event it is: i32. Of several at one time, the first of the list. */
  readonly index: Tensor;
}

/** The step that holds an event. */
export interface EventStep extends Pick<Sight, 'crossed'> {
  readonly t: Tensor;
  readonly tNext: Tensor;
  readonly h: Tensor;
  /** Signs before the step, and values at its end. */
  readonly signs: Tensor;
  readonly values: Tensor;
}

interface Bracket {
  /** No event has happened at `low`; one has at `high`. */
  readonly low: Tensor;
  readonly high: Tensor;
  /** What is left until the first of the events happens there, of size 1 at the end of the step. */
  readonly lowLeft: Tensor;
  readonly highLeft: Tensor;
  /** Values at `high`. */
  readonly values: Tensor;
  /** Half of the largest bracket that bisection would have by now, twice over. */
  readonly budget: Tensor;
}

/** κ₁ of the method, for a first bracket of size 1; its κ₂ is 2, its n₀ is 1. */
const truncation = 0.2;

/** Finds the first of the events that a step has crossed, to the resolution of t. `valuesAt` gives their values at θ. */
export function firstRoot(
  { t, tNext, h, signs, values, crossed }: EventStep,
  valuesAt: (theta: Tensor) => Tensor,
): Root {
  const scale = values.abs();
  const scales = select(scale.greater(0), scale, 1);
  const left = (x: Tensor): Tensor => select(crossed, signs.mul(x).div(scales), Infinity).min();
  const clock = t.abs().maximum(tNext.abs());
  const least = clock
    .div(h.abs())
    .maximum(1)
    .mul(resolution(t) / 2);
  const start: Bracket = {
    low: constant(0, [], t.dtype),
    high: constant(1, [], t.dtype),
    lowLeft: left(valuesAt(constant(0, [], t.dtype))).maximum(0),
    highLeft: left(values),
    values,
    budget: constant(1, [], t.dtype),
  };
  const { carry } = whileLoop(
    start,
    ({ low, high, budget }) =>
      high
        .sub(low)
        .greater(least.mul(2))
        .and(budget.greater(least.mul(0.25))),
    (b) => {
      const theta = nextPoint(b);
      const found = valuesAt(theta);
      const leftThere = left(found);
      const hasHappened = leftThere.lessEqual(0);
      return {
        carry: {
          low: select(hasHappened, b.low, theta),
          high: select(hasHappened, theta, b.high),
          lowLeft: select(hasHappened, b.lowLeft, leftThere),
          highLeft: select(hasHappened, leftThere, b.highLeft),
          values: select(hasHappened, found, b.values),
          budget: b.budget.mul(0.5),
        },
      };
    },
  );
  const count = crossed.shape[0] ?? 0;
  const happened = crossed.and(signs.mul(carry.values).lessEqual(0));
  return { theta: carry.high, index: select(happened, arange(count), count - 1).min() };
}

/** The interpolated point, truncated towards the middle and projected onto what keeps the bound. */
function nextPoint({ low, high, lowLeft, highLeft, budget }: Bracket): Tensor {
  const [width, middle] = [high.sub(low), high.add(low).mul(0.5)];
  const drop = lowLeft.sub(highLeft);
  const secant = low.add(width.mul(lowLeft).div(select(drop.greater(0), drop, 1)));
  const towards = middle.sub(secant).sign();
  const shift = width.square().mul(truncation);
  const truncated = select(shift.lessEqual(middle.sub(secant).abs()), secant.add(towards.mul(shift)), middle);
  const reach = budget.sub(width.mul(0.5)).maximum(0);
  return select(truncated.sub(middle).abs().lessEqual(reach), truncated, middle.sub(towards.mul(reach)));
}
