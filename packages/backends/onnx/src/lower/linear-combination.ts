/**
 * Weighted sums: the stages of a Runge–Kutta step. ONNX Runtime takes 0.3–0.5 µs for a small node, whatever it does, so the
 * number of nodes decides; what was measured is in the README.
 */
import { sizeOf, type DType, type Shape } from '@node-ode/core';
import { elementTypeOf } from '../model/ir.ts';
import type { Emitter, Lowering, Operand } from './contract.ts';
import { hasKernel } from './kernels.ts';
import { int, reshape, vector, withTrailingAxes } from './shaping.ts';

/** A term whose factor is a number by now. */
interface Term {
  readonly factor: number;
  readonly name: string;
}

interface Sum {
  readonly terms: readonly Term[];
  readonly shape: Shape;
  readonly dtype: 'f32' | 'f64';
}

/**
 * From this many terms with a factor other than 1, one product with their stack is faster than a node for each: 2.1 against
 * 2.8 µs for six terms of 40 elements, 72 against 99 µs for six of 65,536, the same for four.
 */
const manyTerms = 3;

/**
 * Σ cᵢ·wᵢ·xᵢ as a sum with numbers for factors: a weight that is known is one; another is multiplied with its tensor first.
 * The stages of a step share those products (h·kᵢ), which the runtime computes once.
 */
export const linearCombination: Lowering<'linearCombination'> = (emitter, { params: { coefficients } }, operands) => {
  const n = coefficients.length;
  const terms = coefficients.map((coefficient, i): Term => {
    const [weight, x] = [operands[i], operands[n + i]] as readonly [Operand, Operand];
    if (weight.splat !== undefined) return { factor: coefficient * weight.splat, name: x.name };
    const aligned = withTrailingAxes(emitter, weight, x.type.shape.length);
    return { factor: coefficient, name: emitter.emit('Mul', [aligned, x.name]) };
  });
  const { shape, dtype } = (operands[n] as Operand).type;
  const sum: Sum = { terms, shape, dtype: dtype === 'f64' ? 'f64' : 'f32' };
  const scaled = terms.filter(({ factor }) => factor !== 1).length;
  return scaled >= manyTerms && shape.length > 0 && sizeOf(shape) > 0
    ? stackedSum(emitter, sum)
    : termByTerm(emitter, sum);
};

/**
 * The factors as a row, times the terms as rows of a matrix. Each column is an element of the result, so that what is not
 * finite stays where it is: a product with a matrix that holds zeros between the columns would spread it.
 */
function stackedSum(emitter: Emitter, { terms, shape, dtype }: Sum): string {
  const factors = terms.map(({ factor }) => factor);
  const names = terms.map(({ name }) => name);
  const concatenated = emitter.emit('Concat', names, { axis: int(0) });
  const rows = reshape(emitter, concatenated, [terms.length, sizeOf(shape)]);
  if (shape.length === 1) return emitter.emit('MatMul', [emitter.constant(vector(factors, dtype)), rows]);
  const row = emitter.constant(vector(factors, dtype, [1, terms.length]));
  return reshape(emitter, emitter.emit('Gemm', [row, rows]), shape);
}

function termByTerm(emitter: Emitter, { terms, dtype }: Sum): string {
  const products = terms.map(({ factor, name }) =>
    factor === 1 ? name : emitter.emit('Mul', [name, emitter.scalar(factor, dtype)]),
  );
  return total(emitter, products, dtype);
}

/** The sum of tensors of one shape. */
export function total(emitter: Emitter, names: readonly string[], dtype: DType): string {
  if (names.length > 2 && hasKernel(emitter.provider, 'Sum', elementTypeOf(dtype))) return emitter.emit('Sum', names);
  return names.reduce((sum, name) => emitter.emit('Add', [sum, name]));
}
