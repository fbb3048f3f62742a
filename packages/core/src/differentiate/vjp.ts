/** `vjp`, `grad` and `valueAndGrad`: reverse-mode derivatives of functions over trees, differentiable themselves. */
import { DifferentiationError, DTypeError, ShapeError } from '../errors.ts';
import { isFloat } from '../graph/dtype.ts';
import { formatType, sameType } from '../graph/graph.ts';
import { capturesOf, closeGraph, openTrace, asTensorResult } from '../tensor/trace.ts';
import { onesLike, stopGradient, zerosLike } from '../tensor/functions.ts';
import { isTensor, type Tensor } from '../tensor/tensor.ts';
import { flattenTree, requireSameStructure, type TreeStructure } from '../tree.ts';
import { passReports, withReports } from '../control/thread.ts';
import { eliminateDeadCode } from '../passes/dead-code.ts';
import { linearize } from './linearize.ts';

/** A function's value and the map from cotangents of the value to cotangents of the argument. */
export interface Vjp<X, Y> {
  readonly value: Y;
  /** vᵀ·∂f/∂x. Leaves that the value does not depend on get exact zeros. */
  readonly pullback: (cotangent: Y) => X;
}

/**
 * The value of `f` at `x` with its pullback. Tensors that `f` uses by closure are constants here.
 *
 * @throws DifferentiationError if a leaf of `x` is no float; TreeError, ShapeError or DTypeError if a cotangent's structure,
 * shape or dtype is not the value's.
 * @example
 * const { value, pullback } = vjp((x: Tensor) => x.square(), x);
 * const gradient = pullback(onesLike(value)); // 2·x
 */
export function vjp<X, Y>(f: (x: X) => Y, x: X): Vjp<X, Y> {
  const inputs = flattenTree('vjp', x, isTensor);
  inputs.leaves.forEach((leaf, i) => {
    if (!isFloat(leaf.dtype)) {
      throw new DifferentiationError(
        'vjp',
        `leaf '${inputs.structure.paths[i] ?? ''}' of the argument is ${formatType(leaf.type)}`,
        {
          expected: 'f32 or f64: integers and booleans have no derivative',
          advice: 'Pass it by closure, or as an argument that is not differentiated.',
        },
      );
    }
  });
  const { trace, inputs: parameters } = openTrace(
    'vjp',
    inputs.leaves.map((leaf) => leaf.type),
  );
  const result = flattenTree('vjp', f(inputs.structure.rebuild(parameters) as X), isTensor);
  const threaded = withReports(trace, result.leaves);
  const body = trace.close(threaded.results);
  const captures = capturesOf(body);
  const graph = eliminateDeadCode(closeGraph(body, captures));
  const active = [...captures.map(() => false), ...inputs.leaves.map(() => true)];
  const linear = linearize(graph, [...captures, ...inputs.leaves], active);
  const outputs = linear.outputs.map(asTensorResult);
  passReports(threaded.reports, outputs.slice(result.leaves.length));
  const pullback = (cotangent: Y): X => {
    const given = flattenTree('vjp', cotangent, isTensor);
    requireSameStructure('vjp', result.structure, given.structure);
    given.leaves.forEach((leaf, i) => {
      const { type } = outputs[i] as Tensor;
      if (sameType(leaf.type, type)) return;
      const Mismatch = leaf.dtype === type.dtype ? ShapeError : DTypeError;
      throw new Mismatch(
        'vjp',
        `leaf '${given.structure.paths[i] ?? ''}' of the cotangent is ${formatType(leaf.type)}`,
        {
          expected: `${formatType(type)}, as the value`,
        },
      );
    });
    const pulled = linear.pullback([...given.leaves, ...threaded.reports.map(() => null)]).slice(captures.length);
    const gradients = inputs.leaves.map((leaf, i) => pulled[i] ?? zerosLike(leaf));
    return inputs.structure.rebuild(gradients) as X;
  };
  return { value: result.structure.rebuild(outputs.slice(0, result.leaves.length)) as Y, pullback };
}

/**
 * The gradient of a scalar function with respect to its first argument.
 *
 * @throws DifferentiationError if the function's value is not a float scalar.
 * @example
 * const gradient = grad((w: Tensor) => w.square().sum())(w); // 2·w
 */
export function grad<X, Rest extends readonly unknown[]>(
  f: (x: X, ...rest: Rest) => Tensor,
): (x: X, ...rest: Rest) => X {
  const both = valueAndGrad(f);
  return (x, ...rest) => both(x, ...rest).grad;
}

/**
 * The value and the gradient of a scalar function with respect to its first argument.
 *
 * @throws DifferentiationError if the function's value is not a float scalar.
 * @example
 * const { value, grad } = valueAndGrad((params, batch) => loss(params, batch))(params, batch);
 */
export function valueAndGrad<X, Rest extends readonly unknown[]>(
  f: (x: X, ...rest: Rest) => Tensor,
): (x: X, ...rest: Rest) => { readonly value: Tensor; readonly grad: X } {
  return (x, ...rest) => {
    const { value, pullback } = vjp((argument: X) => f(argument, ...rest), x);
    return { value, grad: pullback(unitCotangent(value)) };
  };
}

/**
 * `valueAndGrad` of a function that returns a scalar and an auxiliary tree of tensors, which is not differentiated.
 *
 * @example
 * valueAndGradWithAux((params) => ({ value: loss(params), aux: { accuracy } }))(params);
 */
export function valueAndGradWithAux<X, A, Rest extends readonly unknown[]>(
  f: (x: X, ...rest: Rest) => { readonly value: Tensor; readonly aux: A },
): (x: X, ...rest: Rest) => { readonly value: Tensor; readonly grad: X; readonly aux: A } {
  return (x, ...rest) => {
    let structure: TreeStructure | undefined;
    const { value, pullback } = vjp((argument: X) => {
      const { value: scalar, aux } = f(argument, ...rest);
      const flat = flattenTree('valueAndGradWithAux', aux, isTensor);
      structure = flat.structure;
      return [scalar, ...flat.leaves.map(stopGradient)] as readonly Tensor[];
    }, x);
    const [scalar, ...leaves] = value as readonly [Tensor, ...Tensor[]];
    const cotangent = [unitCotangent(scalar), ...leaves.map(zerosLike)];
    return { value: scalar, grad: pullback(cotangent), aux: structure?.rebuild(leaves) as A };
  };
}

function unitCotangent(value: Tensor): Tensor {
  if (value.rank === 0 && isFloat(value.dtype)) {
    return onesLike(value);
  }
  throw new DifferentiationError('grad', `the function's value is ${formatType(value.type)}`, {
    expected: 'a float scalar',
    advice: 'Reduce it with .sum() or .mean(), or use vjp.',
  });
}
