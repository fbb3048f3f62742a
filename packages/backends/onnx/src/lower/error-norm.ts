/** The scaled error norm of a step. */
import { sizeOf } from '@node-ode/core';
import type { Emitter, Lowering, Operand } from './contract.ts';
import { total } from './linear-combination.ts';
import { reduce } from './reduction.ts';
import { count, numberType } from './shaping.ts';

/** What a leaf of the state brings. */
interface Leaf {
  readonly error: Operand;
  readonly y0: Operand;
  readonly y1: Operand;
  readonly rtol: Operand;
  readonly atol: Operand;
}

/**
 * √(Σ (e / (atol + rtol·m))² / n) with m = max(|y0|, |y1|), in the same operations whether tolerances are known or computed:
 * a file whose tolerances are inputs takes the steps of the engine that was given numbers. Squares are of the state's dtype:
 * in f32 an error of 10¹⁹ tolerances is ∞, and one of 10⁻²² tolerances is 0.
 */
export const errorNorm: Lowering<'errorNorm'> = (emitter, _, operands) => {
  const leaves = leavesOf(operands);
  const ratios = leaves.map((leaf) => ratio(emitter, leaf));
  const size = leaves.reduce((n, { error }) => n + sizeOf(error.type.shape), 0);
  const root = emitter.emit('Sqrt', [count(emitter, size, numberType(operands[0] as Operand))]);
  return emitter.emit('Div', [norm(emitter, ratios), root]);
};

function leavesOf(operands: readonly Operand[]): readonly Leaf[] {
  const leaves: Leaf[] = [];
  for (let i = 0; i < operands.length; i += 5) {
    const [error, y0, y1, rtol, atol] = operands.slice(i, i + 5) as [Operand, Operand, Operand, Operand, Operand];
    leaves.push({ error, y0, y1, rtol, atol });
  }
  return leaves;
}

/** e / (atol + rtol·m) */
function ratio(emitter: Emitter, { error, y0, y1, rtol, atol }: Leaf): Operand {
  const magnitude = (y: Operand): Operand => emitter.operand(emitter.emit('Abs', [y.name]), y.type);
  const larger = emitter.lower('maximum', [magnitude(y0), magnitude(y1)], {});
  const scale = emitter.emit('Add', [emitter.emit('Mul', [larger.name, rtol.broadcast]), atol.broadcast]);
  return emitter.operand(emitter.emit('Div', [error.name, scale]), error.type);
}

/** √Σx² over all elements of all tensors. */
function norm(emitter: Emitter, tensors: readonly Operand[]): string {
  const all = (x: Operand): { axes: readonly number[]; keepDims: boolean } => ({
    axes: x.type.shape.map((_, axis) => axis),
    keepDims: false,
  });
  const [first] = tensors as readonly [Operand];
  if (tensors.length === 1) {
    if (first.type.shape.length === 0) return emitter.emit('Abs', [first.name]);
    return reduce(emitter, 'errorNorm', 'ReduceL2', first, all(first));
  }
  const squares = tensors.map((x) =>
    x.type.shape.length === 0
      ? emitter.emit('Mul', [x.name, x.name])
      : reduce(emitter, 'errorNorm', 'ReduceSumSquare', x, all(x)),
  );
  return emitter.emit('Sqrt', [total(emitter, squares, first.type.dtype)]);
}
