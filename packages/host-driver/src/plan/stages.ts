/**
 * When the steps of a scope run. Stages alternate: what the host does in stage s comes before the device's segment s. A
 * result of a segment is there for the host, and for loops and branches, in the next stage; so the number of segments is
 * the smallest that the dependencies allow.
 */
import type { Value } from '@node-ode/core';
import { usesOf, type PlainNode, type Scope, type Step } from './scope.ts';

/** The stage of every step of a scope. */
export function stagesOf(scope: Scope, runsOnHost: (node: PlainNode) => boolean): ReadonlyMap<Step, number> {
  const stages = new Map<Step, number>();
  /** For the values that steps of this scope give: the stage in which a segment can use them, and the host. */
  const ready = new Map<Value, { readonly device: number; readonly host: number }>();
  for (const step of scope.steps) {
    const isSegment = step.kind === 'node' && !runsOnHost(step.node);
    let stage = 0;
    for (const x of usesOf(step)) {
      const at = ready.get(x);
      if (at !== undefined) stage = Math.max(stage, isSegment ? at.device : at.host);
    }
    stages.set(step, stage);
    const isSource = isSegment && step.node.inputs.length === 0;
    const at = { device: stage, host: isSegment ? stage + 1 : stage };
    // Constants are written into every segment that uses them.
    if (step.kind === 'node') ready.set(step.output, isSource ? { device: 0, host: 1 } : at);
    else step.outputs.forEach((output) => ready.set(output, at));
  }
  return stages;
}
