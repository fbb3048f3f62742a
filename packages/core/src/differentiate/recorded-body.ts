/** The body of a `whileLoop` as its reverse rules see it: with what an iteration leaves for its pullback. */
import type { Graph, NodeOf } from '../graph/graph.ts';
import { constant } from '../tensor/tensor.ts';
import { closeGraph, type Traced } from '../tensor/trace.ts';
import { fixedPoint } from './activity.ts';
import { planResiduals, traceForwardBackward, type ForwardBackward, type Residuals } from './residuals.ts';

export interface RecordedBody {
  readonly fb: ForwardBackward;
  readonly residuals: Residuals;
  /**
   * From constants and carry: the next carry, the body's own taped values, `recorded` further ones for the pullback, and, if
   * the loop tells, whether the iteration advances.
   */
  readonly forward: Graph;
  readonly recorded: number;
  /** Positions among the body's inputs of the carries that are recorded. */
  readonly kept: readonly number[];
  /** For each carry whether it depends on an active operand. */
  readonly active: readonly boolean[];
  /** The same for all results of the body. */
  readonly results: readonly boolean[];
}

/** Traces a loop's body, of so many carries, with what its pullback to the active operands needs. */
export function recordBody(
  { body, constants, taped, advances }: NodeOf<'whileLoop'>['params'],
  carries: number,
  active: readonly boolean[],
): RecordedBody {
  const { carry, results } = fixedPoint(body, constants, carries, active, []);
  const fb = traceForwardBackward(body, [...active.slice(0, constants), ...carry], results);
  const residuals = planResiduals(fb);
  const kept = residuals.inputs.filter((i) => i >= constants);
  const recorded = [...kept.map((i) => fb.inputs[i] as Traced), ...residuals.saved];
  // Something must be on a tape, if only to count the iterations.
  if (recorded.length === 0) recorded.push(constant(0, [], 'i32'));
  const flag = advances ? fb.outputs.slice(-1) : [];
  const outputs = [...fb.outputs.slice(0, carries + taped), ...recorded, ...flag];
  const forward = closeGraph(fb.forward.close(outputs), []);
  return { fb, residuals, forward, recorded: recorded.length, kept, active: carry, results };
}
