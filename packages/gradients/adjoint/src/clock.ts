/**
 * The time of the backward solve. Where samples have times of their own it is one for all, which each sample's own time
 * follows at a rate of its own: so parameters that samples share have one adjoint, not one for each sample.
 */
import {
  linearCombination,
  rootMeanSquare,
  select,
  selectSamples,
  stack,
  stopGradient,
  zerosLike,
  type Leaves,
  type Norm,
  type Tensor,
} from '@node-ode/core';

/** Where an interval of the backward solve begins: times are scalars, or vectors of one for each sample. */
export interface Start {
  readonly t: Tensor;
  readonly y: Leaves;
}

/** How the backward solve's time leads through an interval. */
export interface Clock {
  /** The problem's times, the state that it begins with, and what `read` needs among its captures, as the last of them. */
  interval(from: Start, to: Tensor): { readonly ts: Tensor; readonly y: Leaves; readonly own: Leaves };
  /** The dynamics' time at one of the backward solve, and what turns derivatives by it into derivatives by the latter. */
  read(time: Tensor, captures: Leaves): { readonly t: Tensor; scaled(dy: Leaves): Leaves };
  /** Σ aᵢ·bᵢ over all leaves, or for each sample; 0 for samples that did not get as far as `y`. */
  dot(a: Leaves, b: Leaves, y: Leaves): Tensor;
}

/** The clock of a problem with such times and such a first state. */
export const clockOf = (ts: Tensor, y0: Leaves): Clock => (ts.rank === 1 ? sharedClock : sampleClock(ts.at(0), y0));

const sharedClock: Clock = {
  interval: ({ t, y }, to) => ({ ts: stack([t, to]), y, own: [] }),
  read: (t) => ({ t, scaled: (dy) => dy }),
  dot: (a, b) => a.map((x, i) => x.mul(b[i] as Tensor).sum()).reduce((total, term) => total.add(term)),
};

/**
 * From 0 to the longest of the samples' spans, so that steps of a given size are none larger for any sample. A sample that
 * failed, whose state is not finite, stays at its first state.
 */
function sampleClock(t0: Tensor, y0: Leaves): Clock {
  return {
    interval: ({ t, y }, to) => {
      const isSound = areSound(y);
      const start = select(isSound, t, t0);
      const span = select(isSound, to.sub(t), zerosLike(t));
      const longest = stopGradient(span.abs().max());
      const end = select(longest.equal(0), 1, longest);
      return {
        ts: stack([zerosLike(end), end]),
        y: y.map((leaf, i) => selectSamples(isSound, leaf, y0[i] as Tensor)),
        own: [start, span.div(end)],
      };
    },
    read: (time, captures) => {
      const [start, rate] = captures.slice(-2) as [Tensor, Tensor];
      return {
        t: start.add(rate.mul(time)),
        scaled: (dy) => dy.map((leaf) => linearCombination([rate], [leaf])),
      };
    },
    dot: (a, b, y) => {
      const products = a.map((x, i) => overSamples(x.mul(b[i] as Tensor), (p, axes) => p.sum({ axes })));
      const total = products.reduce((sum, term) => sum.add(term));
      return select(areSound(y), total, zerosLike(total));
    },
  };
}

/** Whether a sample's state is finite. */
const areSound = (y: Leaves): Tensor =>
  y.map((leaf) => overSamples(leaf.isFinite(), (x, axes) => x.all({ axes }))).reduce((a, b) => a.and(b));

/** A reduction of every axis but the samples'. */
const overSamples = (x: Tensor, reduce: (x: Tensor, axes: readonly number[]) => Tensor): Tensor =>
  x.rank === 1 ? x : reduce(x, x.shape.map((_, axis) => axis).slice(1));

/**
 * The largest of each sample's root mean square and that of the leaves that belong to no sample: each sample is solved as
 * accurately as alone. The mean over a batch would let one sample be wrong where the others are right.
 */
export const largestOfSamples =
  (isSampled: readonly boolean[]): Norm =>
  (scaled) => {
    const [own, shared] = [scaled.filter((_, i) => isSampled[i]), scaled.filter((_, i) => isSampled[i] !== true)];
    const norms = [
      ...(own.length === 0 ? [] : [rootMeanSquare(own, 1).max()]),
      ...(shared.length === 0 ? [] : [rootMeanSquare(shared)]),
    ];
    return norms.reduce((a, b) => a.maximum(b));
  };
