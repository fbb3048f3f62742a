/** Matrix products. */
import { get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { emitBlocks } from './blocks.ts';
import { emitDirect } from './direct.ts';
import { packed } from './functions.ts';
import { packedBytes, planMatmul, resultBytes, type Packing } from './plan.ts';
import type { MatmulSpec, ResultVector } from './spec.ts';
import { storePart, vectorType } from './vector.ts';

export type { MatmulSpec, ResultVector } from './spec.ts';

/** Bytes of scratch memory that the product needs (0 if none). */
export function scratchBytes(spec: MatmulSpec): number {
  if (spec.m === 0 || spec.n === 0) return 0;
  const plan = planMatmul(spec);
  const { a, b } = plan.packings;
  return packedBytes(spec, a) + packedBytes(spec, b) + (plan.kind === 'blocks' ? resultBytes(plan) : 0);
}

/**
 * Writes the product of the matrices at `a` and `b`. `store` is called, while code is written, for each of the one or two
 * places where a vector of results is complete, and writes what becomes of it; the code delivers each element of C once, rows
 * in order. It must not overwrite `a` or `b`, which are still read, nor the scratch memory, which starts at a multiple of 16.
 *
 * @example
 * emitMatmul(f, spec, { a, b, scratch: i32(address) }, storeTo(f, spec, c));
 */
export function emitMatmul(
  f: FunctionBuilder,
  spec: MatmulSpec,
  operands: { readonly a: Local; readonly b: Local; readonly scratch: Code },
  store: (result: ResultVector) => void,
): void {
  if (spec.m === 0 || spec.n === 0) return;
  const type = vectorType(spec.dtype);
  const plan = planMatmul(spec);
  const { packings } = plan;
  const bytesOfA = packedBytes(spec, packings.a);
  const scratchAt = (offset: number): Local => f.keep('i32', op('i32.add', operands.scratch, i32(offset)));
  const operand = (source: Local, packing: Packing | undefined, offset: number): Local =>
    packing === undefined ? source : packed(f, type, packing, source, scratchAt(offset));
  const a = operand(operands.a, packings.a, 0);
  const b = operand(operands.b, packings.b, bytesOfA);
  if (plan.kind === 'direct') {
    emitDirect(f, type, plan.product, { left: a, right: b }, store);
    return;
  }
  const results = scratchAt(bytesOfA + packedBytes(spec, packings.b));
  emitBlocks(f, type, spec, plan, { a, b, results }, store);
}

/** A `store` for `emitMatmul` that writes the plain results to a dense, row-major [m, n] matrix at `c`. */
export function storeTo(f: FunctionBuilder, spec: MatmulSpec, c: Local): (result: ResultVector) => void {
  const type = vectorType(spec.dtype);
  const address = f.local('i32');
  return ({ value, row, column, count }) => {
    const element = op('i32.add', op('i32.mul', row, i32(spec.n)), column);
    f.emit(op('i32.add', get(c), op('i32.mul', element, i32(type.bytes)))).set(address);
    storePart(f, type, address, value, count);
  };
}
