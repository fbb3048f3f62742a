/** The reverse rule of `scan`: a `scan` in the other direction over the same sequences and what the forward one recorded. */
import type { NodeOf } from '../graph/graph.ts';
import { apply, closeGraph, type Traced } from '../tensor/trace.ts';
import { fixedPoint } from './activity.ts';
import type { Linearized } from './linearize.ts';
import { planResiduals, traceForwardBackward } from './residuals.ts';
import { reverseSweep } from './sweep.ts';

/** Applies a scan that also records the carries and scalars that its pullback needs. */
export function linearizeScan(node: NodeOf<'scan'>, inputs: readonly Traced[], active: readonly boolean[]): Linearized {
  const { body, constants, carries, length, reverse } = node.params;
  const elements = inputs.slice(constants + carries);
  const { carry, results } = fixedPoint(body, constants, carries, active, active.slice(constants + carries));
  const isActive = [...active.slice(0, constants), ...carry, ...active.slice(constants + carries)];
  const fb = traceForwardBackward(body, isActive, results);
  const residuals = planResiduals(fb);
  const kept = residuals.inputs.filter((i) => i >= constants && i < constants + carries);
  const recorded = [...kept.map((i) => fb.inputs[i] as Traced), ...residuals.saved];
  const forward = fb.forward.close([...fb.outputs, ...recorded]);
  const outputs = apply('scan', inputs, { body: closeGraph(forward, []), constants, carries, length, reverse });
  const visible = node.outputs.length;
  return {
    outputs: outputs.slice(0, visible),
    pullback: (cotangents) =>
      reverseSweep({
        fb,
        residuals,
        constants: inputs.slice(0, constants),
        carry: { active: carry, last: outputs.slice(0, carries), cotangents },
        outputs: outputs.slice(carries, visible).map((like, i) => ({
          isWanted: results[carries + i] === true,
          like,
          cotangent: cotangents[carries + i] ?? null,
        })),
        elements,
        recorded: { kept, sequences: outputs.slice(visible) },
        length,
        reverse: !reverse,
      }),
  };
}
