/** Products in pieces for several threads. */
import { get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { emitPlan } from './emit-plan.ts';
import { emitPacking } from './functions.ts';
import { packedBytes, pieceOf, planMatmul, resultBytes, type Packing } from './plan.ts';
import { bySize, spanOfBlock, spanStart } from './span.ts';
import type { MatmulOperands, MatmulSpec, Store } from './spec.ts';
import { vectorType } from './vector.ts';

/**
 * A product in blocks, which may be computed in any order and at the same time: each element is the same sum, term by term, that
 * `emitMatmul` writes.
 */
export interface BlockedMatmul {
  /** How many pieces of B are copied before the blocks are computed, also in any order. */
  readonly copies: number;
  readonly blocks: number;
  /** Scratch memory for the copies, at the operands' `scratch`. */
  readonly copyBytes: number;
  /** Scratch memory of one block while it is computed. */
  readonly blockBytes: number;
  readonly emitCopy: (f: FunctionBuilder, operands: MatmulOperands, index: Code) => void;
  /** Writes one block; `own` is the address of its scratch memory. */
  readonly emitBlock: (
    f: FunctionBuilder,
    operands: MatmulOperands,
    at: { readonly index: Code; readonly own: Code },
    store: Store,
  ) => void;
}

/** A copy of less takes hardly longer than handing it out. */
const leastCopyBytes = 65536;

/** A product that has elements, in at least so many blocks and at most so many copies, if it is large enough. */
export function blockedMatmul(spec: MatmulSpec, leastBlocks: number, mostCopies: number): BlockedMatmul {
  const { m, n } = spec;
  const type = vectorType(spec.dtype);
  const plan = planMatmul(spec, leastBlocks);
  const { blockRows, blockColumns, packings, rowOfA, columnOfB } = plan;
  const columnBlocks = Math.ceil(n / blockColumns);
  const copyBytes = packedBytes(spec, packings.b);
  const copySize = copySizeOf(packings.b, type.lanes, Math.min(mostCopies, Math.floor(copyBytes / leastCopyBytes)));
  // A block copies its own rows of A.
  const ownBytes = packedBytes(spec, packings.a && rowsOf(packings.a, blockRows));
  return {
    copies: packings.b === undefined ? 0 : Math.ceil(packings.b.strips.n / copySize),
    blocks: Math.ceil(m / blockRows) * columnBlocks,
    copyBytes,
    blockBytes: ownBytes + resultBytes(plan),
    emitCopy: (f, { b, scratch }, index) => {
      const { strips, stored } = packings.b!;
      const span = spanOfBlock(f, strips.n, copySize, index);
      const source = spanStart(f, b, span, stored === 'rows' ? type.bytes : strips.pitch * type.bytes);
      const target = spanStart(f, f.keep('i32', scratch), span, strips.k * type.bytes);
      bySize(f, { first: span.first, extent: strips.n, size: copySize }, (count) => {
        emitPacking(f, type, { stored, strips: { ...strips, n: count } }, source, target);
      });
    },
    emitBlock: (f, { a, b, scratch }, { index, own }, store) => {
      const rows = spanOfBlock(f, m, blockRows, op('i32.div_u', index, i32(columnBlocks)));
      const columns = spanOfBlock(f, n, blockColumns, op('i32.rem_u', index, i32(columnBlocks)));
      const copyRows = (packing: Packing): Local => {
        const target = f.keep('i32', own);
        const source = spanStart(f, a, rows, type.bytes);
        bySize(f, { first: rows.first, extent: m, size: blockRows }, (count) => {
          emitPacking(f, type, rowsOf(packing, count), source, target);
        });
        return target;
      };
      const place = {
        a: get(packings.a === undefined ? spanStart(f, a, rows, rowOfA) : copyRows(packings.a)),
        b: get(spanStart(f, packings.b === undefined ? b : f.keep('i32', scratch), columns, columnOfB)),
        results: op('i32.add', own, i32(ownBytes)),
        rows,
        columns,
      };
      emitPlan(f, spec, plan, place, store);
    },
  };
}

/** The copy of so many rows of A, which is stored transposed. */
const rowsOf = ({ stored, strips }: Packing, rows: number): Packing => ({ stored, strips: { ...strips, k: rows } });

/** Columns of B in one copy: whole strips. */
function copySizeOf(packing: Packing | undefined, lanes: number, copies: number): number {
  if (packing === undefined) return 1;
  const { n, width } = packing.strips;
  return pieceOf(n, Math.max(1, copies), width * lanes);
}
