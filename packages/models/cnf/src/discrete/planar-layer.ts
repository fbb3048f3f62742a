/** One planar map z + û·tanh(wᵀz + b), its log determinant, and its inverse. */
import { select, stopGradient, whileLoop, asTensor, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';

/** Parameters of one planar map. */
export interface PlanarLayerParams {
  /** w: [D]. */
  readonly weight: HostArray;
  /** u: [D], before it is constrained. */
  readonly direction: HostArray;
  /** b: a scalar. */
  readonly bias: HostArray;
}

type Layer = TensorsOf<PlanarLayerParams>;

/** What the map does to points, and log |∂z'/∂z|: [samples]. */
export interface MappedPoints {
  readonly z: Tensor;
  readonly logDeterminant: Tensor;
}

/** û, whose part along w is moved so that wᵀû = −1 + log(1 + e^(wᵀu)) > −1: then the map is invertible. */
interface Invertible {
  readonly direction: Tensor;
  /** 1 + wᵀû = log(1 + e^(wᵀu)) > 0. */
  readonly stretch: Tensor;
}

/** Below this ‖w‖² the map only moves points, which needs no constraint; dividing by it is not defined. */
const tiny = 1e-12;

function invertible({ weight, direction }: Layer): Invertible {
  const along = weight.mul(direction).sum();
  const norm = weight.square().sum();
  const stretch = select(norm.less(tiny), along.add(1), along.softplus());
  const correction = stretch.sub(1).sub(along).div(norm.maximum(tiny));
  return { direction: direction.add(weight.mul(correction)), stretch };
}

/** wᵀz: [samples]. */
const along = (z: Tensor, weight: Tensor): Tensor => z.mul(weight).sum({ axes: [1] });

/** û·h added to each point, h [samples]. */
const moved = (z: Tensor, h: Tensor, direction: Tensor): Tensor => z.add(h.expandDims(1).mul(direction));

/** det = 1 + tanh'(a)·wᵀû = tanh²(a) + tanh'(a)·(1 + wᵀû): a sum of positive terms, in which nothing cancels. */
const determinant = (h: Tensor, stretch: Tensor): Tensor => h.square().add(h.square().neg().add(1).mul(stretch));

/** The map and its log determinant (Rezende & Mohamed 2015, eq. 10 to 12 and A.1). */
export function forward(layer: Layer, z: Tensor): MappedPoints {
  const { direction, stretch } = invertible(layer);
  const h = along(z, layer.weight).add(layer.bias).tanh();
  return { z: moved(z, h, direction), logDeterminant: determinant(h, stretch).log() };
}

/** Halvings of an interval that holds wᵀz: as many as the dtype can tell. */
const halvings = { f32: 26, f64: 54 } as const;

/**
 * The point that is mapped to z', and log |∂z'/∂z| there. α = wᵀz solves wᵀz' = α + wᵀû·tanh(α + b), which grows with α: its
 * interval |α − wᵀz'| ≤ |wᵀû| is halved, and a step by Newton's method makes the last digits and, as it is
 * differentiated, the derivative by the implicit function theorem.
 */
export function inverse(layer: Layer, mapped: Tensor): MappedPoints {
  const { direction, stretch } = invertible(layer);
  const pull = stretch.sub(1);
  const target = along(mapped, layer.weight);
  const residual = (alpha: Tensor, of: Fixed): Tensor =>
    alpha.add(of.pull.mul(alpha.add(of.bias).tanh())).sub(of.target);
  const free = { pull, bias: layer.bias, target };
  const fixed = { pull: stopGradient(pull), bias: stopGradient(layer.bias), target: stopGradient(target) };
  const { carry } = whileLoop(
    { i: asTensor(0, 'i32'), low: fixed.target.sub(fixed.pull.abs()), high: fixed.target.add(fixed.pull.abs()) },
    ({ i }) => i.less(mapped.dtype === 'f64' ? halvings.f64 : halvings.f32),
    ({ i, low, high }) => {
      const middle = low.add(high).mul(0.5);
      const isBelow = residual(middle, fixed).less(0);
      return { carry: { i: i.add(1), low: select(isBelow, middle, low), high: select(isBelow, high, middle) } };
    },
  );
  const found = stopGradient(carry.low.add(carry.high).mul(0.5));
  const slope = stopGradient(determinant(found.add(fixed.bias).tanh(), stretch));
  const alpha = found.sub(residual(found, free).div(slope));
  const h = alpha.add(layer.bias).tanh();
  return { z: moved(mapped, h.neg(), direction), logDeterminant: determinant(h, stretch).log() };
}

interface Fixed {
  readonly pull: Tensor;
  readonly bias: Tensor;
  readonly target: Tensor;
}
