/** The scaled error norm of a step. */
import { sizeOf, tensorType } from '@node-ode/core';
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

/** Smallest relative tolerance that is divided by: below it squares would underflow in f32. */
const smallestFactor = 1e-12;

/**
 * √(Σ (e / (atol + rtol·m))² / n) with m = max(|y0|, |y1|). Where one relative tolerance is known for all leaves it is taken
 * out: √(Σ (e / (m + atol/rtol))²) / (rtol·√n), a node less for each leaf. Squares are of the state's dtype: in f32 an error
 * of 10¹⁹ tolerances is ∞, and one of 10⁻²² tolerances, or of 10⁻²² of the state, is 0.
 */
export const errorNorm: Lowering<'errorNorm'> = (emitter, _, operands) => {
  const leaves = leavesOf(operands);
  const { dtype } = (operands[0] as Operand).type;
  const factor = commonFactor(leaves);
  const ratios = leaves.map((leaf) => ratio(emitter, leaf, factor));
  const size = leaves.reduce((n, { error }) => n + sizeOf(error.type.shape), 0);
  const root = emitter.emit('Sqrt', [count(emitter, size, numberType(operands[0] as Operand))]);
  const divisor = factor === undefined ? root : emitter.emit('Mul', [root, emitter.scalar(factor, dtype)]);
  return emitter.emit('Div', [norm(emitter, ratios), divisor]);
};

function leavesOf(operands: readonly Operand[]): readonly Leaf[] {
  const leaves: Leaf[] = [];
  for (let i = 0; i < operands.length; i += 5) {
    const [error, y0, y1, rtol, atol] = operands.slice(i, i + 5) as [Operand, Operand, Operand, Operand, Operand];
    leaves.push({ error, y0, y1, rtol, atol });
  }
  return leaves;
}

/** The relative tolerance of all leaves, if it is known and their absolute tolerances may be divided by it. */
function commonFactor(leaves: readonly Leaf[]): number | undefined {
  const factor = leaves[0]?.rtol.splat;
  if (factor === undefined || !(factor >= smallestFactor)) return undefined;
  const fits = leaves.every(
    ({ rtol, atol }) => rtol.splat === factor && Math.fround(Number(atol.splat) / factor) < Infinity,
  );
  return fits ? factor : undefined;
}

/** e / (atol + rtol·m), or that without its factor 1/rtol. */
function ratio(emitter: Emitter, { error, y0, y1, rtol, atol }: Leaf, factor: number | undefined): Operand {
  const { shape, dtype } = error.type;
  const magnitude = (y: Operand): Operand => emitter.operand(emitter.emit('Abs', [y.name]), y.type);
  const larger = emitter.lower('maximum', [magnitude(y0), magnitude(y1)], {});
  const scaled = factor === undefined ? emitter.emit('Mul', [larger.name, rtol.broadcast]) : larger.name;
  const shift = factor === undefined ? atol.broadcast : emitter.scalar(Number(atol.splat) / factor, dtype);
  const scale = factor !== undefined && atol.splat === 0 ? scaled : emitter.emit('Add', [scaled, shift]);
  return emitter.operand(emitter.emit('Div', [error.name, scale]), tensorType(shape, dtype));
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
