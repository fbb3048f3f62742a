/** Which results may be written over which operands, if the caller gives them up. */
import { sameType } from '@node-ode/core';
import type { FunctionPlan } from './plan.ts';
import { rootOf } from './root.ts';
import type { LoopStep, Scope, Step } from './steps.ts';
import { isWhole, viewOf, type Variable } from './variable.ts';

/**
 * Pairs [input, output] of the function that is the whole program. A run can fail only where it records tapes: until it is
 * behind the last of them, its operands stay as they were.
 */
export function reusablePairs(plan: FunctionPlan): readonly (readonly [number, number])[] {
  const writes = plan.destinations.map((_, j) => firstWrite(plan, j));
  const pairs: [number, number][] = [];
  plan.inputs.forEach((input, i) => {
    if (input.isScalar || input.type.kind === 'tape') return;
    const last = Math.max(-1, ...input.uses.map(({ position }) => position));
    const j = plan.scope.outputs.findIndex((output, index) => {
      const write = writes[index];
      if (write === undefined || write.position <= plan.lastTape || pairs.some(([, taken]) => taken === index))
        return false;
      if (!sameType(input.type, output.type)) return false;
      return last < write.position || (last === write.position && isElementByElement(write.loop, input, output));
    });
    if (j >= 0) pairs.push([i, j]);
  });
  return pairs;
}

interface Write {
  readonly position: number;
  readonly loop: LoopStep | undefined;
}

/** The first step that writes to where result `index` will be; undefined for scalars and tapes. */
function firstWrite(plan: FunctionPlan, index: number): Write | undefined {
  const destination = plan.destinations[index];
  if (destination === undefined) return undefined;
  const output = plan.scope.outputs[index]!;
  // What is copied there is copied last of all.
  if (destination.start === Infinity) return { position: plan.end, loop: undefined };
  const position = destination.start;
  return { position, loop: rootOf(output) === destination ? loopAt(plan.scope, position) : undefined };
}

/** The loop at the top of the function that runs at a position. */
function loopAt({ steps }: Scope, position: number): LoopStep | undefined {
  const isThere = (step: Step): step is LoopStep =>
    step.kind === 'loop' && step.product === undefined && step.members[0]!.output.position === position;
  return steps.find(isThere);
}

/** Whether a loop reads each element of the operand just where it writes the same element of the result, and nowhere else. */
function isElementByElement(loop: LoopStep | undefined, input: Variable, output: Variable): boolean {
  if (loop === undefined) return false;
  const operands = loop.members.flatMap((member) => member.inputs).filter((operand) => viewOf(operand).of === input);
  const isResult = loop.members.some((member) => member.output === viewOf(output).of && !member.isReduction);
  return (
    isResult &&
    operands.every((operand) => operand.view === undefined && isWhole(operand)) &&
    operands.every(({ shape }) => shape.length === loop.shape.length)
  );
}
