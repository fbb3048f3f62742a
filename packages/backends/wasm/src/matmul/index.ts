/** Matrix products. */
import { get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { emitBlocks, type BlocksPlace } from './blocks.ts';
import { emitDirect } from './direct.ts';
import { emitPacking } from './functions.ts';
import { packedBytes, planMatmul, resultBytes, type MatmulPlan, type Packing } from './plan.ts';
import { spanOfBlock, whole, type Span } from './span.ts';
import type { MatmulSpec, ResultVector } from './spec.ts';
import { storePart, vectorType } from './vector.ts';

export type { MatmulSpec, ResultVector } from './spec.ts';

/** Addresses of the matrices, and of scratch memory, a multiple of 16. */
export interface MatmulOperands {
  readonly a: Local;
  readonly b: Local;
  readonly scratch: Code;
}

/** Writes what becomes of a vector of results. */
export type Store = (result: ResultVector) => void;

/** Bytes of scratch memory that the product needs (0 if none). */
export function scratchBytes(spec: MatmulSpec): number {
  if (isEmpty(spec)) return 0;
  const plan = planMatmul(spec);
  return packingBytes(spec, plan) + resultBytes(plan);
}

/**
 * Writes the product of the matrices at `a` and `b`. `store` is called, while code is written, for each of the one or two
 * places where a vector of results is complete; the code delivers each element of C once, rows in order. What `store` writes
 * must not overwrite `a` or `b`, which are still read, nor the scratch memory.
 *
 * @example
 * emitMatmul(f, spec, { a, b, scratch: i32(address) }, storeTo(f, spec, c));
 */
export function emitMatmul(f: FunctionBuilder, spec: MatmulSpec, operands: MatmulOperands, store: Store): void {
  if (isEmpty(spec)) return;
  const plan = planMatmul(spec);
  const read = readOperands(f, spec, plan, operands, (packing, source, target) => {
    emitPacking(f, vectorType(spec.dtype), packing, source, target);
  });
  const results = op('i32.add', operands.scratch, i32(packingBytes(spec, plan)));
  emitSpans(f, spec, plan, { ...read, results, rows: whole(spec.m), columns: whole(spec.n) }, store);
}

/**
 * A product in blocks, which may be computed in any order and at the same time: each element is the same sum, term by
 * term, that `emitMatmul` writes.
 */
export interface BlockedMatmul {
  readonly blocks: number;
  /** Scratch memory that is written before the blocks, and read by all: copies of the operands. */
  readonly sharedBytes: number;
  /** Scratch memory of one block while it is computed. */
  readonly blockBytes: number;
  /** Writes what comes before the blocks. */
  readonly emitBefore: (f: FunctionBuilder, operands: MatmulOperands) => void;
  /** Writes one block, in another function perhaps. `results` is the address of the block's own scratch memory. */
  readonly emitBlock: (
    f: FunctionBuilder,
    operands: MatmulOperands,
    at: { readonly block: Local; readonly results: Code },
    store: Store,
  ) => void;
}

/** A product that has elements, in at least so many blocks if it is large enough. */
export function blockedMatmul(spec: MatmulSpec, leastBlocks: number): BlockedMatmul {
  const { m, n } = spec;
  const plan = planMatmul(spec, leastBlocks);
  const { blockRows, blockColumns } = plan;
  const columnBlocks = Math.ceil(n / blockColumns);
  return {
    blocks: Math.ceil(m / blockRows) * columnBlocks,
    sharedBytes: packingBytes(spec, plan),
    blockBytes: resultBytes(plan),
    emitBefore: (f, operands) => {
      readOperands(f, spec, plan, operands, (packing, source, target) => {
        emitPacking(f, vectorType(spec.dtype), packing, source, target);
      });
    },
    emitBlock: (f, operands, { block, results }, store) => {
      const read = readOperands(f, spec, plan, operands, () => undefined);
      const rows = spanOfBlock(f, m, blockRows, op('i32.div_u', get(block), i32(columnBlocks)));
      const columns = spanOfBlock(f, n, blockColumns, op('i32.rem_u', get(block), i32(columnBlocks)));
      emitSpans(f, spec, plan, { ...read, results, rows, columns }, store);
    },
  };
}

const isEmpty = ({ m, n }: MatmulSpec): boolean => m === 0 || n === 0;

/** Bytes of the operands' copies, which lie at the start of the scratch memory. */
const packingBytes = (spec: MatmulSpec, { packings: { a, b } }: MatmulPlan): number =>
  packedBytes(spec, a) + packedBytes(spec, b);

/** Where each operand is read: where it is, or in its copy, which `copy` may write. */
function readOperands(
  f: FunctionBuilder,
  spec: MatmulSpec,
  { packings }: MatmulPlan,
  { a, b, scratch }: MatmulOperands,
  copy: (packing: Packing, source: Local, target: Local) => void,
): { readonly a: Local; readonly b: Local } {
  const operand = (source: Local, packing: Packing | undefined, offset: number): Local => {
    if (packing === undefined) return source;
    const target = f.keep('i32', op('i32.add', scratch, i32(offset)));
    copy(packing, source, target);
    return target;
  };
  return { a: operand(a, packings.a, 0), b: operand(b, packings.b, packedBytes(spec, packings.a)) };
}

function emitSpans(
  f: FunctionBuilder,
  spec: MatmulSpec,
  plan: MatmulPlan,
  at: Omit<BlocksPlace, 'results'> & { readonly results: Code },
  store: Store,
): void {
  const { a, b, results, rows, columns } = at;
  const type = vectorType(spec.dtype);
  if (plan.kind === 'direct') emitDirect(f, type, plan.product, { left: a, right: b, rows }, store);
  else emitBlocks(f, type, spec, plan, { a, b, results: f.keep('i32', results), rows, columns }, store);
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
