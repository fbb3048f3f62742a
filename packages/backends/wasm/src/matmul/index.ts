/** Matrix products. */
import { get, i32, op } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { emitPlan } from './emit-plan.ts';
import { emitPacking } from './functions.ts';
import { packedBytes, planMatmul, resultBytes, type Packing } from './plan.ts';
import { whole } from './span.ts';
import { isEmpty, type MatmulOperands, type MatmulSpec, type Store } from './spec.ts';
import { storePart, vectorType } from './vector.ts';

export { blockedMatmul, type BlockedMatmul } from './blocked.ts';
export type { MatmulOperands, MatmulSpec, ResultVector, Store } from './spec.ts';

/** Bytes of scratch memory that the product needs (0 if none). */
export function scratchBytes(spec: MatmulSpec): number {
  if (isEmpty(spec)) return 0;
  const plan = planMatmul(spec);
  const { a, b } = plan.packings;
  return packedBytes(spec, a) + packedBytes(spec, b) + resultBytes(plan);
}

/**
 * Writes the product of the matrices at `a` and `b`. `store` is called, while code is written, for each of the one or two
 * places where a vector of results is complete; the code delivers each element of C once, rows in order. What `store` writes
 * must not overwrite `a` or `b`, which are still read, nor the scratch memory.
 *
 * @example
 * emitMatmul(f, spec, { a, b, scratch: i32(address) }, storeTo(f, spec, c));
 */
export function emitMatmul(
  f: FunctionBuilder,
  spec: MatmulSpec,
  { a, b, scratch }: MatmulOperands,
  store: Store,
): void {
  if (isEmpty(spec)) return;
  const plan = planMatmul(spec);
  const { packings } = plan;
  const bytesOfA = packedBytes(spec, packings.a);
  const bytes = bytesOfA + packedBytes(spec, packings.b);
  const operand = (source: Local, packing: Packing | undefined, offset: number): Local => {
    if (packing === undefined) return source;
    const target = f.keep('i32', op('i32.add', scratch, i32(offset)));
    emitPacking(f, vectorType(spec.dtype), packing, source, target);
    return target;
  };
  const place = {
    a: get(operand(a, packings.a, 0)),
    b: get(operand(b, packings.b, bytesOfA)),
    results: op('i32.add', scratch, i32(bytes)),
    rows: whole(spec.m),
    columns: whole(spec.n),
  };
  emitPlan(f, spec, plan, place, store);
}

/** A `store` for `emitMatmul` that writes the plain results to a dense, row-major [m, n] matrix at `c`. */
export function storeTo(f: FunctionBuilder, spec: MatmulSpec, c: Local): Store {
  const type = vectorType(spec.dtype);
  const address = f.local('i32');
  return ({ value, row, column, count }) => {
    const element = op('i32.add', op('i32.mul', row, i32(spec.n)), column);
    f.emit(op('i32.add', get(c), op('i32.mul', element, i32(type.bytes)))).set(address);
    storePart(f, type, address, value, count);
  };
}
