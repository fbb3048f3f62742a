/** The slope of a stage as a differentiable function: by the implicit function theorem, however it was found. */
import { customVjp, type ReverseRule } from '../control/custom-vjp.ts';
import { report } from '../control/report.ts';
import { isDifferentiable } from '../graph/infer.ts';
import { linearCombination, linearSolve, zerosLike } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ClosedLeaves, Cotangents } from './closed-leaves.ts';
import { denseJacobian, newtonMatrix } from './dense-jacobian.ts';
import type { Leaves } from './solver.ts';
import type { StateVector } from './state-vector.ts';
import { reports } from './status.ts';

/** The equation k = f(t, base + w·k) of a stage. */
export interface Stage {
  readonly f: Pick<ClosedLeaves, 'linearize' | 'captures'>;
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
  return customVjp('stage', inputs, (given) => given.slice(0, found.length), reverseStage(stage, found.length));
}

function reverseStage({ f, base, vector }: Stage, n: number): ReverseRule {
  const atTime = n + f.captures.length;
  return ({ inputs, outputs: k, cotangents, active }) => {
    const [captures, t, w] = [inputs.slice(n, atTime), inputs[atTime] as Tensor, inputs.at(-1) as Tensor];
    const start = inputs.slice(atTime + 1, atTime + 1 + base.length);
    const y = start.map((leaf, i) => linearCombination([1, w], [leaf, k[i] as Tensor]));
    // The matrix of the system needs the derivative by y, whatever is active.
    const wanted = [...captures, t, ...y].map(
      (x, i) => isDifferentiable(x.type) && (i > captures.length || active[n + i] === true),
    );
    const { pullback } = f.linearize(t, y, captures, wanted);
    // One evaluation, as often as this is executed.
    report(reports.nfeBackward, (k[0] as Tensor).size([]).cast('i32'), 'sum');
    const pulled = pullback(throughSystem(cotangents, k, w, vector, (ct) => pullback(ct).y));
    return [...k.map(() => null), ...pulled.captures, ...pulled.t, ...pulled.y, weightCotangent(pulled.y, k, w)];
  };
}

/** (I − w·J)⁻ᵀ·ct. */
function throughSystem(
  cotangents: Cotangents,
  like: Leaves,
  w: Tensor,
  vector: StateVector,
  pullback: (ct: Leaves) => Cotangents,
): Leaves {
  const ct = vector.join(like.map((leaf, i) => cotangents[i] ?? zerosLike(leaf)));
  const matrix = newtonMatrix(denseJacobian(pullback, vector, like), w);
  return vector.split(linearSolve(matrix, ct.expandDims(-1), { transposeA: true }).squeeze(-1));
}

/** Σ ȳ·k over all axes but those of w. */
function weightCotangent(cotangents: Cotangents, k: Leaves, w: Tensor): Tensor {
  const terms = k.flatMap((slope, i) => {
    const ct = cotangents[i];
    return ct == null ? [] : [ct.mul(slope).sum({ axes: slope.shape.map((_, axis) => axis).slice(w.rank) })];
  });
  return terms.reduce((sum, term) => sum.add(term), zerosLike(w));
}
