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
  type SolveProblem,
  type Tensor,
} from '@node-ode/core';

/** Where an interval of the backward solve begins: times are scalars, or vectors of one for each sample. */
export interface Start {
  readonly t: Tensor;
  readonly y: Leaves;
}

/** How the backward solve's time leads through an interval. */
export interface Clock {
  /** The problem's times, the state that it begins with, and what `read` needs among its captures, behind all others. */
  interval(from: Start, to: Tensor): { readonly ts: Tensor; readonly y: Leaves; readonly own: Leaves };
  /** The dynamics' time at one of the backward solve, and what turns derivatives by it into derivatives by the latter. */
  read(time: Tensor, captures: Leaves): { readonly t: Tensor; scaled(dy: Leaves): Leaves };
  /** Evaluations of f that it needs. */
  readonly evaluations: number;
  /** Σ aᵢ·bᵢ over all leaves, or for each sample; 0 where a solve that failed did not get as far as `y`. */
  dot(a: Leaves, b: Leaves, y: Leaves): Tensor;
}

/** The clock of a problem. */
export const clockOf = (problem: SolveProblem): Clock =>
  problem.ts.rank === 1 && problem.mayFail !== true ? sharedClock : ownClock(problem);

const sharedClock: Clock = {
  interval: ({ t, y }, to) => ({ ts: stack([t, to]), y, own: [] }),
  read: (t) => ({ t, scaled: (dy) => dy }),
  evaluations: 0,
  dot: (a, b) => a.map((x, i) => x.mul(b[i] as Tensor).sum()).reduce((total, term) => total.add(term)),
};

/** From 0 to the longest of the samples' spans, so that steps of a given size are none larger for any sample. */
function ownClock(problem: SolveProblem): Clock {
  const { ts, captures } = problem;
  const lanes = ts.rank - 1;
  const refuge = problem.mayFail === true ? refugeOf(problem) : undefined;
  return {
    interval: (from, to) => {
      const isSound = refuge && areFinite(from.y, lanes);
      const { t, y } = refuge === undefined || isSound === undefined ? from : sheltered(isSound, from, refuge);
      const span = isSound === undefined ? to.sub(t) : select(isSound, to.sub(t), zerosLike(t));
      const longest = stopGradient(span.abs().max());
      // Where nobody has a way to go, any time will do.
      const end = select(longest.equal(0), 1, longest);
      return { ts: stack([zerosLike(end), end]), y, own: [t, span.div(end)] };
    },
    read: (time, given) => {
      const [t, rate] = given.slice(captures.length, captures.length + 2) as [Tensor, Tensor];
      return { t: t.add(rate.mul(time)), scaled: (dy) => dy.map((leaf) => linearCombination([rate], [leaf])) };
    },
    evaluations: refuge?.evaluations ?? 0,
    dot: (a, b, y) => {
      const products = a.map((x, i) => behind(x.mul(b[i] as Tensor), lanes, (p, axes) => p.sum({ axes })));
      const total = products.reduce((sum, term) => sum.add(term));
      return refuge === undefined ? total : select(areFinite(y, lanes), total, zerosLike(total));
    },
  };
}

/** Where a sample that failed waits, at rest: its first state, or that of another sample if f is not finite there. */
function refugeOf({ f, y0, ts, captures }: SolveProblem): Start & { readonly evaluations: number } {
  const t0 = ts.at(0);
  if (t0.rank === 0) return { t: t0, y: y0, evaluations: 0 };
  const isSound = areFinite([...y0, ...f(t0, y0, captures)], t0.rank);
  const lender = isSound.cast('i32').argMax();
  return {
    t: select(isSound, t0, t0.at(lender)),
    y: y0.map((leaf) => selectSamples(isSound, leaf, leaf.at(lender))),
    evaluations: 1,
  };
}

const sheltered = (isSound: Tensor, own: Start, refuge: Start): Start => ({
  t: select(isSound, own.t, refuge.t),
  y: own.y.map((leaf, i) => selectSamples(isSound, leaf, refuge.y[i] as Tensor)),
});

/** Whether all leaves are finite, for each index of their leading axes. */
const areFinite = (y: Leaves, leading: number): Tensor =>
  y.map((leaf) => behind(leaf.isFinite(), leading, (x, axes) => x.all({ axes }))).reduce((a, b) => a.and(b));

/** A reduction of the axes behind the leading ones. */
const behind = (x: Tensor, leading: number, reduce: (x: Tensor, axes: readonly number[]) => Tensor): Tensor =>
  x.rank === leading ? x : reduce(x, x.shape.map((_, axis) => axis).slice(leading));

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
