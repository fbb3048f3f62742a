/**
 * The reverse rule of `whileLoop`: the forward loop tapes what its iterations need of their carries, a reversed `scan` over
 * the tapes pulls the cotangents back. Inner loops are executed again inside one backward iteration.
 */
import type { NodeOf } from '../graph/graph.ts';
import { apply, type Traced } from '../tensor/trace.ts';
import type { Linearized } from './linearize.ts';
import { linearizeCheckpointed } from './checkpointed-loop.ts';
import { recordBody } from './recorded-body.ts';
import { reverseSweep } from './sweep.ts';

/** Applies a loop that tapes what its pullback needs; an iteration that does not advance tapes nothing. */
export function linearizeWhile(
  node: NodeOf<'whileLoop'>,
  inputs: readonly Traced[],
  active: readonly boolean[],
): Linearized {
  if (node.params.checkpoints !== undefined)
    return linearizeCheckpointed(node, inputs, active, node.params.checkpoints);
  const { condition, constants, taped, advances } = node.params;
  const carries = inputs.length - constants;
  const { fb, residuals, forward, recorded, kept, active: carry, results } = recordBody(node.params, carries, active);
  const outputs = apply('whileLoop', inputs, {
    condition,
    body: forward,
    constants,
    taped: taped + recorded,
    advances,
  });
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
