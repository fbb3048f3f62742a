/**
 * What follows a branch on the device, moved to the ends of both branches: there it is part of their last segments instead
 * of one more, as where the reverse of a step is added to the gradient so far.
 */
import { sizeOf, value, type Value } from '@node-ode/core';
import { usesOf, type CondStep, type NodeStep, type Scope, type Step } from './scope.ts';

/** A longer tail is worth a segment of its own: it is loaded twice if it is moved. */
const longestTail = 32;

/** Steps with the tails of their branches moved into them. */
export function sinkTails(steps: readonly Step[], results: readonly Value[]): readonly Step[] {
  let sunk = steps;
  for (const step of steps) if (step.kind === 'cond') sunk = sinkInto(step, sunk, results);
  return sunk;
}

function sinkInto(cond: CondStep, steps: readonly Step[], results: readonly Value[]): readonly Step[] {
  const at = steps.indexOf(cond);
  const after = steps.slice(at + 1);
  const { early, tail } = split(cond, after);
  const sunk = neededForTensors(tail);
  if (sunk.size === 0 || sunk.size > longestTail) return steps;
  const left = after.filter((step) => !sunk.has(step) && !early.has(step));
  const used = new Set<Value>([...results, ...left.flatMap((step) => [...usesOf(step)])]);
  const moved = tail.filter((step) => sunk.has(step));
  return [...steps.slice(0, at), ...early, extended(cond, moved, used), ...left];
}

/** Of the steps after a branch: those that wait for nothing, and the nodes that wait for it and nothing behind it. */
function split(cond: CondStep, after: readonly Step[]) {
  const waiting = new Set<Value>(cond.outputs);
  const later = new Set<Value>();
  const early = new Set<Step>();
  const tail: NodeStep[] = [];
  for (const step of after) {
    const uses = [...usesOf(step)];
    if (step.kind !== 'node') {
      step.outputs.forEach((x) => later.add(x));
    } else if (uses.some((x) => later.has(x))) {
      later.add(step.output);
    } else if (uses.some((x) => waiting.has(x))) {
      tail.push(step);
      waiting.add(step.output);
    } else {
      early.add(step);
    }
  }
  return { early, tail };
}

/** Of the steps of a tail, those that handle tensors and those that these need. */
function neededForTensors(tail: readonly NodeStep[]): ReadonlySet<Step> {
  const needed = new Set<Value>();
  const steps = new Set<Step>();
  for (const step of [...tail].reverse()) {
    if (isScalarNode(step) && !needed.has(step.output)) continue;
    steps.add(step);
    step.node.inputs.forEach((x) => needed.add(x));
  }
  return steps;
}

/** The branch with nodes appended to both sides, and with the results that are still used. */
function extended(cond: CondStep, moved: readonly NodeStep[], used: ReadonlySet<Value>): CondStep {
  const outputs = [...cond.outputs, ...moved.map(({ output }) => output)];
  const kept = outputs.flatMap((x, i) => (used.has(x) ? [i] : []));
  const extend = (scope: Scope): Scope => {
    const inside = new Map(cond.outputs.map((output, i) => [output, scope.results[i]!]));
    const steps = moved.map(({ node, output }): NodeStep => {
      const fresh = value(output.type);
      const inputs = node.inputs.map((x) => inside.get(x) ?? x);
      inside.set(output, fresh);
      return { kind: 'node', node: { ...node, inputs, outputs: [fresh] }, output: fresh };
    });
    return { ...scope, steps: [...scope.steps, ...steps], results: kept.map((i) => inside.get(outputs[i]!)!) };
  };
  return { ...cond, then: extend(cond.then), else: extend(cond.else), outputs: kept.map((i) => outputs[i]!) };
}

const isScalarNode = ({ node, output }: NodeStep): boolean => [output, ...node.inputs].every(isScalar);

const isScalar = ({ type }: Value): boolean => type.kind === 'tensor' && sizeOf(type.shape) === 1;
