/** Writes a product as it is planned: all of it, or some blocks. */
import type { Code, FunctionBuilder } from '../encoder/function.ts';
import { emitBlocks } from './blocks.ts';
import { emitDirect } from './direct.ts';
import type { MatmulPlan } from './plan.ts';
import type { Span } from './span.ts';
import type { MatmulSpec, Store } from './spec.ts';
import { vectorType } from './vector.ts';

/** What to compute, whole blocks, and addresses: of the operands' parts for it, copied as planned, and of one block's results. */
export interface PlanPlace {
  readonly a: Code;
  readonly b: Code;
  readonly results: Code;
  readonly rows: Span;
  readonly columns: Span;
}

export function emitPlan(f: FunctionBuilder, spec: MatmulSpec, plan: MatmulPlan, at: PlanPlace, store: Store): void {
  const type = vectorType(spec.dtype);
  if (plan.kind === 'direct') emitDirect(f, type, plan.product, { left: at.a, right: at.b, rows: at.rows }, store);
  else emitBlocks(f, type, spec, plan, { ...at, results: f.keep('i32', at.results) }, store);
}
