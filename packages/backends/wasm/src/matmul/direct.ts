/** Products with small k, in line: each result is summed in registers and delivered at once. */
import { get, i32, op, countUp } from '../encoder/code.ts';
import type { Code, FunctionBuilder } from '../encoder/function.ts';
import type { Span } from './span.ts';
import type { Store } from './spec.ts';
import { advance, range, vectorBytes, type VectorType } from './vector.ts';

/** A product and where its operands' elements are, in bytes; columns of the right operand are contiguous. */
export interface DirectProduct {
  readonly n: number;
  readonly k: number;
  readonly left: { readonly row: number; readonly k: number };
  readonly right: { readonly k: number };
}

export function emitDirect(
  f: FunctionBuilder,
  type: VectorType,
  { n, k, left, right }: DirectProduct,
  at: { readonly left: Code; readonly right: Code; readonly rows: Span },
  store: Store,
): void {
  const steps = range(k);
  const row = f.local('i32');
  const from = f.keep('i32', at.left);
  const element =
    (l: number): Code =>
    (g) =>
      g.get(from).memory(type.loadSplat, l * left.k);
  const zero: Code = (g) => g.v128(new Uint8Array(vectorBytes));
  const sum = (product: (l: number) => Code): Code =>
    k === 0 ? zero : steps.slice(1).reduce((code, l) => op(type.add, code, product(l)), product(0));
  const value = f.local('v128');
  const eachRow = (body: () => void): void => {
    countUp(f, row, { start: at.rows.first, end: at.rows.end, step: 1 }, () => {
      body();
      advance(f, from, left.row);
    });
  };

  if (n <= type.lanes) {
    // The right operand stays in registers.
    const rights = steps.map((l) => f.keep('v128', (g) => g.emit(at.right).memory('v128.load', l * right.k)));
    eachRow(() => {
      f.emit(sum((l) => op(type.mul, element(l), get(rights[l]!)))).set(value);
      store({ value, row: get(row), column: i32(0), count: n });
    });
    return;
  }

  const whole = n - (n % type.lanes);
  const [column, b] = [f.local('i32'), f.local('i32')];
  const lefts = steps.map(() => f.local('v128'));
  const product = (l: number): Code => op(type.mul, get(lefts[l]!), (g) => g.get(b).memory('v128.load', l * right.k));
  eachRow(() => {
    for (const l of steps) f.emit(element(l)).set(lefts[l]!);
    f.emit(at.right).set(b);
    countUp(f, column, { start: i32(0), end: i32(whole), step: type.lanes }, () => {
      f.emit(sum(product)).set(value);
      store({ value, row: get(row), column: get(column), count: type.lanes });
      advance(f, b, vectorBytes);
    });
    if (whole < n) {
      f.emit(sum(product)).set(value);
      store({ value, row: get(row), column: i32(whole), count: n - whole });
    }
  });
}
