/** Kernels that threads share. */
import {
  kernelScratchBytes,
  sharedKernel,
  sharedKernelWork,
  type Operand,
  type SharedKernel,
} from '../kernels/index.ts';
import { get, i32, op } from '../encoder/code.ts';
import { addressCode } from './address.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import { emitJob } from './job.ts';
import { partsFor } from './shared-work.ts';
import type { KernelStep } from './steps.ts';

/** The kernel of a step in parts, if threads share it. */
function partsOf({ operation, inputs, output, job }: KernelStep): SharedKernel | undefined {
  if (job === undefined) return undefined;
  const work = sharedKernelWork(operation, inputs, output);
  return sharedKernel(operation, inputs, output, partsFor(work, job));
}

/** Scratch memory of a kernel, for all threads that share it. */
export function kernelStepScratchBytes(step: KernelStep): number {
  const shared = partsOf(step);
  if (shared !== undefined) return shared.ownBytes * step.job!.threads;
  return kernelScratchBytes(step.operation.op, step.operation.params, step.inputs, step.output);
}

/**
 * Writes a kernel that threads share; false if they don't.
 *
 * @param operandsIn the kernel's operands as a function sees them, the result last
 */
export function emitKernelJob(
  e: FunctionEmitter,
  step: KernelStep,
  operandsIn: (inner: FunctionEmitter) => readonly Operand[],
): boolean {
  const { operation, job, scratch } = step;
  const shared = partsOf(step);
  if (job === undefined || shared === undefined) return false;
  emitJob(e, `${operation.op}.part`, job, shared.parts, (inner, { index, thread }) => {
    const operands = operandsIn(inner);
    const address = scratch === undefined ? i32(0) : addressCode(inner.addressOfRoot(scratch));
    const own = op('i32.add', address, op('i32.mul', get(thread), i32(shared.ownBytes)));
    shared.emitPart(inner.f, operands.slice(0, -1), operands.at(-1)!, { index: get(index), own });
  });
  return true;
}
