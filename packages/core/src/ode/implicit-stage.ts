/** The slope of a stage as a differentiable function: by the implicit function theorem, however it was found. */
import { customVjp, type ReverseRule, type TangentRule } from '../control/custom-vjp.ts';
import { report } from '../control/report.ts';
import { isDifferentiable } from '../graph/infer.ts';
import { linearCombination, linearSolve, zerosLike, type LinearSolveOptions } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ClosedLeaves, Changes } from './closed-leaves.ts';
import { denseJacobian, newtonMatrix } from './dense-jacobian.ts';
import type { Leaves } from './solver.ts';
import type { StateVector } from './state-vector.ts';
import { reports } from './status.ts';

/** The equation k = f(t, base + w·k) of a stage. */
export interface Stage {
  readonly f: Pick<ClosedLeaves, 'linearize' | 'push' | 'captures'>;
  readonly t: Tensor;
  readonly base: Leaves;
  /** A scalar, or of the shape of the leading axes. */
  readonly w: Tensor;
  readonly vector: StateVector;
}

/**
 * `found`, a solution k of a stage's equation whose gradient is stopped, with the derivative that the equation gives it:
 * (I − w·J)·dk = ∂f/∂t·dt + J·(d base + k·dw) + ∂f/∂θ·dθ, J = ∂f/∂y at base + w·k. Costs nothing until it is differentiated.
 */
export function differentiableStage(found: Leaves, stage: Stage): Leaves {
  const { f, t, base, w } = stage;
  const inputs = [...found, ...f.captures, t, ...base, w];
  const forward = (given: Leaves): Leaves => given.slice(0, found.length);
  return customVjp('stage', inputs, forward, reverseOf(stage, found.length), tangentOf(stage, found.length));
}

/** The operands of a stage by name. */
const partsOf = <T>({ f, base }: Stage, n: number, operands: readonly T[]) => {
  const atTime = n + f.captures.length;
  return {
    captures: operands.slice(n, atTime),
    t: operands[atTime] as T,
    base: operands.slice(atTime + 1, atTime + 1 + base.length),
    w: operands.at(-1) as T,
  };
};

/** One evaluation, as often as this is executed. */
const countEvaluation = (name: string, k: Leaves): void => {
  report(name, (k[0] as Tensor).size([]).cast('i32'), 'sum');
};

function reverseOf(stage: Stage, n: number): ReverseRule {
  return ({ inputs, outputs: k, cotangents, active }) => {
    const { captures, t, base, w } = partsOf(stage, n, inputs);
    const y = base.map((leaf, i) => linearCombination([1, w], [leaf, k[i] as Tensor]));
    // The matrix of the system needs the derivative by y, whatever is active.
    const wanted = [...captures, t, ...y].map(
      (x, i) => isDifferentiable(x.type) && (i > captures.length || active[n + i] === true),
    );
    const { pullback } = stage.f.linearize(t, y, captures, wanted);
    countEvaluation(reports.nfeBackward, k);
    const matrix = newtonMatrix(
      denseJacobian((ct) => pullback(ct).y, stage.vector, k),
      w,
    );
    const pulled = pullback(solve(matrix, cotangents, k, stage.vector, { transposeA: true }));
    const found = k.map(() => null);
    return [...found, ...pulled.captures, ...pulled.t, ...pulled.y, weightCotangent(pulled.y, k, w)];
  };
}

function tangentOf(stage: Stage, n: number): TangentRule {
  return ({ inputs, outputs: k, tangents }) => {
    const { captures, t, base, w } = partsOf(stage, n, inputs);
    const moves = partsOf(stage, n, tangents);
    const y = base.map((leaf, i) => linearCombination([1, w], [leaf, k[i] as Tensor]));
    const direction = moves.base.map((d, i) => addTo(d, moves.w, k[i] as Tensor));
    const pushed = stage.f.push(t, y, captures, [...moves.captures, moves.t, ...direction]);
    if (pushed.every((tangent) => tangent === null)) return pushed;
    const ofState = [...captures, t, ...y].map((x, i) => isDifferentiable(x.type) && i > captures.length);
    const { pullback } = stage.f.linearize(t, y, captures, ofState);
    countEvaluation(reports.nfe, k);
    countEvaluation(reports.nfe, k);
    const matrix = newtonMatrix(
      denseJacobian((ct) => pullback(ct).y, stage.vector, k),
      w,
    );
    return solve(matrix, pushed, k, stage.vector, {});
  };
}

/** d base + k·dw */
function addTo(base: Tensor | null, w: Tensor | null, k: Tensor): Tensor | null {
  if (w === null) return base;
  return base === null ? linearCombination([w], [k]) : linearCombination([1, w], [base, k]);
}

/** The solution of a system whose right-hand side is a change of leaves. */
function solve(matrix: Tensor, right: Changes, like: Leaves, vector: StateVector, options: LinearSolveOptions): Leaves {
  const joined = vector.join(like.map((leaf, i) => right[i] ?? zerosLike(leaf)));
  return vector.split(linearSolve(matrix, joined.expandDims(-1), options).squeeze(-1));
}

/** Σ ȳ·k over all axes but those of w. */
function weightCotangent(cotangents: Changes, k: Leaves, w: Tensor): Tensor {
  const terms = k.flatMap((slope, i) => {
    const ct = cotangents[i];
    return ct == null ? [] : [ct.mul(slope).sum({ axes: slope.shape.map((_, axis) => axis).slice(w.rank) })];
  });
  return terms.reduce((sum, term) => sum.add(term), zerosLike(w));
}
