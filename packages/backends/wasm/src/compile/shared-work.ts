/** Which steps the threads of a backend share, and in how many parts. */
import { sizeOf } from '@node-ode/core';
import { convolutionWork } from '../convolution/index.ts';
import { sharedKernelWork } from '../kernels/index.ts';
import type { Target } from './contract.ts';
import type { Job, LoopStep, Scope, Step } from './steps.ts';
import { viewOf, type Variable } from './variable.ts';

/**
 * From so many floating-point operations on, a step is shared, by measurement (bench/threads.mjs): they take 25 µs on one
 * thread, and waking up the others takes 5 to 10.
 */
const leastSharedWork = 2 ** 20;
/** Some parts for each thread: one that starts late, or is slowed down by the system, takes fewer. */
const partsForEachThread = 4;

/** How many parts are best for so many operations. */
export const partsFor = (work: number, { threads, leastPartWork }: Job): number =>
  Math.max(1, Math.min(partsForEachThread * threads, Math.floor(work / leastPartWork)));

/** Makes jobs of the steps that are worth it. */
export function planJobs(
  { steps }: Scope,
  { threads, leastWork = leastSharedWork }: Target,
  takeSlot: () => number,
): void {
  if (threads === 1) return;
  const job = (variables: readonly Variable[]): Job => {
    const distinct = new Set(variables.map((variable) => viewOf(variable).of));
    return { threads, leastPartWork: leastWork / partsForEachThread, slots: Array.from(distinct, takeSlot) };
  };
  const visit = (step: Step): void => {
    switch (step.kind) {
      case 'loop':
        if (productWork(step) >= leastWork) step.job = job(operandsOfLoop(step));
        break;
      case 'kernel':
        if (sharedKernelWork(step.operation, step.inputs, step.output) >= leastWork) {
          step.job = job([...step.inputs, step.output]);
        }
        break;
      case 'cond':
        for (const branch of step.branches) branch.steps.forEach(visit);
        break;
      case 'while':
        step.condition.steps.forEach(visit);
        break;
      default:
    }
  };
  steps.forEach(visit);
}

/** Multiplications and additions of a loop's product; 0 without one. */
function productWork({ product }: LoopStep): number {
  if (product === undefined) return 0;
  if (product.kind === 'convolution') return convolutionWork(product.spec);
  const k = product.a.shape.at(product.transposeA ? -2 : -1)!;
  return 2 * k * sizeOf(product.output.shape);
}

/** What a loop reads and writes. */
function operandsOfLoop({ members, product }: LoopStep): readonly Variable[] {
  const operands = product === undefined ? [] : [product.a, product.b, product.output];
  return [...operands, ...members.flatMap(({ inputs, output }) => [...inputs, output])];
}
