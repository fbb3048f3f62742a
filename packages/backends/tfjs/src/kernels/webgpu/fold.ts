/** All elements of tensors folded into one number: each thread takes its share of them, then each workgroup that of its threads. */
import type { KernelBuilder, Register, TfDType } from '../contract.ts';
import { code, element, type Code } from './code.ts';
import { launch, workgroup } from './program.ts';

/** How two numbers become one. */
export interface Fold {
  readonly dtype: TfDType;
  /** What changes nothing. */
  readonly start: number;
  readonly combine: (a: string, b: string) => string;
}

/** What is folded. */
export interface Folded {
  readonly count: number;
  /** Code behind which `x` is element `k`. */
  readonly elements: Code;
  /** What becomes of the one number, of a name; by default nothing. */
  readonly finish?: (total: string) => Code;
}

export const additions: Fold = { dtype: 'float32', start: 0, combine: (a, b) => `${a} + ${b}` };

/** Booleans are stored as integers. */
const wgslTypes = { float32: 'f32', int32: 'i32', bool: 'i32' } as const;

/** Elements that a workgroup takes before another is asked, and how many are asked at most. */
const share = 16 * workgroup;
const mostGroups = 64;

/** One number of all elements: a scalar. */
export function foldAll(builder: KernelBuilder, operands: readonly Register[], fold: Fold, folded: Folded): Register {
  const groups = Math.min(Math.ceil(folded.count / share), mostGroups);
  if (groups <= 1) return foldInGroups(builder, operands, fold, folded, []);
  const { count, elements, finish } = folded;
  const parts = foldInGroups(builder, operands, fold, { count, elements }, [groups]);
  const whole: Folded = { count: groups, elements: code`let x = A[k];`, ...(finish === undefined ? {} : { finish }) };
  return foldInGroups(builder, [parts], fold, whole, []);
}

/** A number of each workgroup; of one for a scalar. */
function foldInGroups(
  builder: KernelBuilder,
  operands: readonly Register[],
  { dtype, start, combine }: Fold,
  { count, elements, finish = (total) => code`${total}` }: Folded,
  shape: readonly number[],
): Register {
  const groups = shape[0] ?? 1;
  const type = wgslTypes[dtype];
  const threads = workgroup.toString();
  const main = code`
var<workgroup> shares : array<${type}, ${threads}>;
fn main(index : i32) {
  var total = ${element(start, dtype)};
  for (var k = index; k < ${count}; k += ${groups * workgroup}) {
    ${elements}
    total = ${combine('total', 'x')};
  }
  shares[localIndex] = total;
  for (var width = ${threads}u / 2u; width > 0u; width = width / 2u) {
    workgroupBarrier();
    if (localIndex < width) {
      total = ${combine('total', 'shares[localIndex + width]')};
      shares[localIndex] = total;
    }
  }
  if (localIndex == 0u) { result[index / ${threads}] = ${finish('total')}; }
}`;
  return launch(builder, operands, main, { shape, dtype }, groups);
}
