/** Gradients of a solve, with both derivatives of their own. */
import {
  customVjpWithTapes,
  isDifferentiable,
  isTape,
  isTensor,
  jvp,
  vjp,
  zerosLike,
  type Leaves,
  type SolveProblem,
  type Tape,
  type Tensor,
} from '@node-ode/core';
import { alongSteps, type Backward } from './along-steps.ts';

/** Gradients of the wanted operands, solved for along the recorded steps; differentiated through the steps of the solver. */
export function pullBack(
  backward: Backward,
  problemOf: (operands: Leaves) => SolveProblem,
  operands: Leaves,
  ys: Leaves,
  cts: Leaves,
  tapes: readonly Tape[],
): Leaves {
  const count = operands.length;
  const results = customVjpWithTapes(
    'interpolating adjoint.reverse',
    [...operands, ...ys, ...cts, ...tapes],
    (given) => {
      const tensors = given.filter(isTensor);
      const [y, ct] = [tensors.slice(count, count + ys.length), tensors.slice(count + ys.length)];
      return alongSteps(backward, problemOf(tensors.slice(0, count)), y, ct, given.filter(isTape));
    },
    ({ inputs, cotangents, outputs }) => {
      const { floats, x, through } = alongFloats(inputs.filter(isTensor));
      const pulled = vjp(through, x).pullback(
        outputs.filter(isTensor).map((result, i) => cotangents[i] ?? zerosLike(result)),
      );
      return inputs.map((_, i) => pulled[floats.indexOf(i)] ?? null);
    },
    ({ inputs, tangents }) => {
      const { floats, x, through } = alongFloats(inputs.filter(isTensor));
      const directions = floats.map((i) => tangents[i] ?? null).filter((v) => v === null || isTensor(v));
      return jvp(through, x, directions).tangent;
    },
  );
  /** The operands that the gradients move with, their positions, and the gradients as a function of them, through the steps. */
  function alongFloats(given: Leaves): {
    readonly floats: readonly number[];
    readonly x: Leaves;
    readonly through: (x: Leaves) => Leaves;
  } {
    const floats = given.flatMap((x, i) => (isDifferentiable(x.type) && !isOutput(i) ? [i] : []));
    const through = (x: Leaves): Leaves => {
      const all = given.map((tensor, i) => x[floats.indexOf(i)] ?? tensor);
      return throughSteps(backward, problemOf, all.slice(0, count), all.slice(count + ys.length));
    };
    return { floats, x: floats.map((i) => given[i] as Tensor), through };
  }
  /** Whether an operand is one of `ys`: through the steps these follow from the others. */
  function isOutput(i: number): boolean {
    return i >= count && i < count + ys.length;
  }
  return results.filter(isTensor);
}

/** The same gradients by backprop. */
function throughSteps(
  { integrate, wanted }: Backward,
  problemOf: (operands: Leaves) => SolveProblem,
  operands: Leaves,
  cts: Leaves,
): Leaves {
  const chosen = operands.filter((_, i) => wanted[i]);
  const { pullback } = vjp((x: Leaves): Leaves => {
    const rest = [...x];
    const all = operands.map((tensor, i) => (wanted[i] === true ? (rest.shift() ?? tensor) : tensor));
    return integrate(problemOf(all), { phase: 'backward' }).slice(0, cts.length);
  }, chosen);
  return pullback(cts);
}
