/** What each composite primitive means, in basic ones: the decomposition that a backend may override. */
import { select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { imageComposites } from './image-composites.ts';
import { decomposeLinearSolve } from './linear-solve.ts';
import { sizeOf } from './graph.ts';
import type { CompositePrimitive, PrimitiveParams } from './primitives.ts';

type Decomposition<P extends CompositePrimitive> = (inputs: readonly Tensor[], params: PrimitiveParams[P]) => Tensor;

/** A weight of the leading axes, with axes of extent 1 behind so that it broadcasts against `rank` axes. */
const alongLeading = (weight: Tensor, rank: number): Tensor =>
  weight.rank === 0 ? weight : weight.reshape([...weight.shape, ...new Array<number>(rank - weight.rank).fill(1)]);

export const composites: { readonly [P in CompositePrimitive]: Decomposition<P> } = {
  mean: ([x], { axes, keepDims }) => (x as Tensor).sum({ axes, keepDims }).div((x as Tensor).size(axes)),
  // max(x, 0) + log(1 + e^−|x|)
  softplus: ([x]) => (x as Tensor).maximum(0).add((x as Tensor).abs().neg().exp().log1p()),
  // The maximum is subtracted where it is finite, so that −∞ everywhere gives −∞ and not NaN.
  logSumExp: ([x], { axes, keepDims }) => {
    const input = x as Tensor;
    const top = input.max({ axes, keepDims: true });
    const safe = select(top.isFinite(), top, 0);
    const total = input.sub(safe).exp().sum({ axes, keepDims: true }).log().add(safe);
    return keepDims ? total : total.reshape(input.shape.filter((_, axis) => !axes.includes(axis)));
  },
  softmax: ([x], { axis }) => {
    const input = x as Tensor;
    const exps = input.sub(input.max({ axes: axis, keepDims: true })).exp();
    return exps.div(exps.sum({ axes: axis, keepDims: true }));
  },
  logSoftmax: ([x], { axis }) => {
    const input = x as Tensor;
    const shifted = input.sub(input.max({ axes: axis, keepDims: true }));
    return shifted.sub(shifted.exp().sum({ axes: axis, keepDims: true }).log());
  },
  linearCombination: (inputs, { coefficients }) => {
    const n = coefficients.length;
    return coefficients
      .map((coefficient, i) => {
        const [weight, term] = [inputs[i] as Tensor, inputs[n + i] as Tensor];
        return term.mul(alongLeading(coefficient === 1 ? weight : weight.mul(coefficient), term.rank));
      })
      .reduce((sum, term) => sum.add(term));
  },
  errorNorm: (inputs) => {
    let squares: Tensor | undefined;
    let count: Tensor | undefined;
    for (let i = 0; i < inputs.length; i += 5) {
      const [error, y0, y1, rtol, atol] = inputs.slice(i, i + 5) as [Tensor, Tensor, Tensor, Tensor, Tensor];
      const scale = y0.abs().maximum(y1.abs()).mul(rtol).add(atol);
      const sum = error.div(scale).square().sum();
      squares = squares === undefined ? sum : squares.add(sum);
      count = count === undefined ? error.size() : count.add(error.size());
    }
    return (squares as Tensor).div(count as Tensor).sqrt();
  },
  // Of a leaf without elements there is nothing to ask, and no least of them.
  allFinite: (inputs) => {
    const tests = inputs
      .filter(({ shape }) => sizeOf(shape) > 0)
      .map((x) => (x.rank === 0 ? x.isFinite() : x.isFinite().all()));
    const [first = constant(true), ...others] = tests;
    return others.reduce((all, test) => all.and(test), first);
  },
  ...imageComposites,
  linearSolve: ([a, b], { transposeA }) => decomposeLinearSolve(a as Tensor, b as Tensor, transposeA),
};
