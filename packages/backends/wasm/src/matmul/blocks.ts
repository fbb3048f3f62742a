/** Products in blocks: each is computed by a call into scratch memory, then its results are delivered. */
import { countUp, get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { PlanPlace } from './emit-plan.ts';
import { blockFunction } from './functions.ts';
import type { BlockPlan } from './plan.ts';
import { atMost, bySize, type Span } from './span.ts';
import type { MatmulSpec, Store } from './spec.ts';
import { advance, range, vectorBytes, type VectorType } from './vector.ts';

export function emitBlocks(
  f: FunctionBuilder,
  type: VectorType,
  { m, n }: MatmulSpec,
  plan: BlockPlan,
  { a, b, results, rows, columns }: Omit<PlanPlace, 'results'> & { readonly results: Local },
  store: Store,
): void {
  const { blockRows, blockColumns, rowOfA, swapped } = plan;
  const ofA = f.keep('i32', a);
  const [row, end] = [f.keep('i32', rows.first), f.local('i32')];
  const call = (blockOfRows: number, blockOfColumns: number): void => {
    const [left, right] = swapped ? [b, get(ofA)] : [get(ofA), b];
    f.emit(left)
      .emit(right)
      .get(results)
      .call(blockFunction(f.module, type, plan.block(blockOfRows, blockOfColumns)));
  };
  // One delivery for blocks of both sizes: what `store` writes may be long.
  const blocks = (body: () => void): void => {
    if (m <= blockRows) {
      body();
      return;
    }
    f.loop((again) => {
      body();
      advance(f, ofA, blockRows * rowOfA);
      f.get(row).emit(rows.end).op('i32.lt_u').branchIf(again);
    });
  };
  blocks(() => {
    bySize(f, { first: get(row), extent: m, size: blockRows }, (blockOfRows) => {
      bySize(f, { first: columns.first, extent: n, size: blockColumns }, (blockOfColumns) => {
        call(blockOfRows, blockOfColumns);
      });
      f.emit(op('i32.add', get(row), i32(blockOfRows))).set(end);
    });
    const result = f.keep('i32', get(results));
    const { pitch } = plan.block(blockRows, blockColumns);
    const eachRow = (body: () => void): void => {
      f.loop((again) => {
        body();
        f.get(row).i32(1).op('i32.add').tee(row).get(end).op('i32.lt_u').branchIf(again);
      });
    };
    if (swapped) deliverColumns(f, type, n, pitch, { result, row, eachRow }, store);
    else deliverRows(f, type, n, { result, row, eachRow, columns }, store);
  });
}

interface Delivery {
  /** Where the next result is. */
  readonly result: Local;
  readonly row: Local;
  readonly eachRow: (body: () => void) => void;
}

/** Results are in rows of whole vectors. */
function deliverRows(
  f: FunctionBuilder,
  type: VectorType,
  n: number,
  { result, row, eachRow, columns }: Delivery & { readonly columns: Span },
  store: Store,
): void {
  const whole = n - (n % type.lanes);
  const end = columns.isWhole ? i32(whole) : get(f.keep('i32', atMost(columns.end, whole)));
  const value = f.local('v128');
  const column = f.local('i32');
  const deliver = (at: Code, count: number): void => {
    f.get(result).memory('v128.load').set(value);
    advance(f, result, vectorBytes);
    store({ value, row: get(row), column: at, count });
  };
  eachRow(() => {
    if (whole === type.lanes) deliver(i32(0), type.lanes);
    else if (whole > 0) {
      countUp(f, column, { start: columns.first, end, step: type.lanes }, () => {
        deliver(get(column), type.lanes);
      });
    }
    if (whole === n) return;
    if (columns.isWhole) deliver(i32(whole), n - whole);
    else {
      f.emit(op('i32.eq', columns.end, i32(n))).if(() => {
        deliver(i32(whole), n - whole);
      });
    }
  });
}

/** Results are transposed: column j of C is a row, at j·pitch. */
function deliverColumns(
  f: FunctionBuilder,
  type: VectorType,
  n: number,
  pitch: number,
  { result, row, eachRow }: Delivery,
  store: Store,
): void {
  const value = f.local('v128');
  eachRow(() => {
    f.get(result).memory(type.loadOne).set(value);
    for (const j of range(n).slice(1)) {
      f.get(result).get(value);
      f.memoryLane(type.loadLane, j, j * pitch).set(value);
    }
    advance(f, result, type.bytes);
    store({ value, row: get(row), column: i32(0), count: n });
  });
}
