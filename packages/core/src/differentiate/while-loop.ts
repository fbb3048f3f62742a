/**
 * The reverse rule of `whileLoop`: the forward loop tapes what its iterations need of their carries, a reversed `scan` over
 * the tapes pulls the cotangents back. Inner loops are executed again inside one backward iteration.
 */
import type { NodeOf } from '../graph/graph.ts';
import { constant } from '../tensor/tensor.ts';
import { apply, closeGraph, type Traced } from '../tensor/trace.ts';
import { fixedPoint } from './activity.ts';
import type { Linearized } from './linearize.ts';
import { linearizeCheckpointed } from './checkpointed-loop.ts';
import { planResiduals, traceForwardBackward } from './residuals.ts';
import { reverseSweep } from './sweep.ts';

/** Applies a loop that tapes what its pullback needs; an iteration that does not advance tapes nothing. */
export function linearizeWhile(
  node: NodeOf<'whileLoop'>,
  inputs: readonly Traced[],
  active: readonly boolean[],
): Linearized {
  if (node.params.checkpoints !== undefined)
    return linearizeCheckpointed(node, inputs, active, node.params.checkpoints);
  const { condition, body, constants, taped, advances } = node.params;
  const carries = inputs.length - constants;
  const { carry, results } = fixedPoint(body, constants, carries, active, []);
  const fb = traceForwardBackward(body, [...active.slice(0, constants), ...carry], results);
  const residuals = planResiduals(fb);
  const kept = residuals.inputs.filter((i) => i >= constants);
  const recorded = [...kept.map((i) => fb.inputs[i] as Traced), ...residuals.saved];
  // Something must be on a tape, if only to count the iterations.
  if (recorded.length === 0) recorded.push(constant(0, [], 'i32'));
  const flag = advances ? fb.outputs.slice(-1) : [];
  const forward = fb.forward.close([...fb.outputs.slice(0, carries + taped), ...recorded, ...flag]);
  const loop = { condition, body: closeGraph(forward, []), constants, taped: taped + recorded.length, advances };
  const outputs = apply('whileLoop', inputs, loop);
  return {
    outputs: outputs.slice(0, carries + taped),
    pullback: (cotangents) =>
      reverseSweep({
        fb,
        residuals,
        constants: inputs.slice(0, constants),
        carry: { active: carry, last: outputs.slice(0, carries), cotangents },
        outputs: outputs.slice(carries, carries + taped).map((like, i) => ({
          isWanted: results[carries + i] === true,
          like,
          cotangent: cotangents[carries + i] ?? null,
        })),
        elements: [],
        recorded: { kept, sequences: outputs.slice(carries + taped) },
        length: null,
        reverse: true,
      }),
  };
}
