/** Steps that call for a kernel: operands in memory, scalars among them spilt to it. */
import { i32 } from '../encoder/code.ts';
import { kernels, type Kernel, type Operand } from '../kernels/index.ts';
import { addressCode, loadScalar } from './address.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import { emitKernelJob } from './kernel-job.ts';
import { rootOf, type Root } from './root.ts';
import type { KernelStep } from './steps.ts';
import type { Variable } from './variable.ts';

export function emitKernel(e: FunctionEmitter, step: KernelStep): void {
  const { operation, inputs, output, spills, scratch } = step;
  if (operation.op === 'setRow' && !output.isScalar && rootOf(inputs[0]!) !== output.root) {
    e.copyTo(e.address(output), inputs[0]!);
  }
  inputs.forEach((input, i) => {
    if (input.isScalar) e.storeScalar(input, addressCode(e.addressOfRoot(spills[i]!)));
  });
  if (operation.op === 'setRow' && output.isScalar) {
    e.storeScalar(inputs[0]!, addressCode(e.addressOfRoot(spills.at(-1)!)));
  }
  const operandOf = (inner: FunctionEmitter, variable: Variable, spill: Root): Operand => {
    const { shape, dtype } = variable;
    const place = variable.isScalar ? inner.addressOfRoot(spill) : inner.address(variable);
    return { shape, dtype, address: addressCode(place) };
  };
  const operandsIn = (inner: FunctionEmitter): readonly Operand[] => {
    const target = operandOf(inner, output, spills.at(-1)!);
    // The buffer of setRow is where its result is.
    const isTarget = (i: number): boolean => operation.op === 'setRow' && i === 0;
    return [...inputs.map((input, i) => (isTarget(i) ? target : operandOf(inner, input, spills[i]!))), target];
  };
  if (!emitKernelJob(e, step, operandsIn)) {
    const operands = operandsIn(e);
    // Types of primitives and of their kernels go together; TypeScript can't follow that through the table.
    const kernel = kernels[operation.op] as Kernel<typeof operation.op>;
    const scratchAt = scratch === undefined ? i32(0) : addressCode(e.addressOfRoot(scratch));
    kernel(e.f, operation.params as never, operands.slice(0, -1), operands.at(-1)!, scratchAt);
  }
  if (output.isScalar) {
    e.setScalar(output, loadScalar(output, addressCode(e.addressOfRoot(spills.at(-1)!))));
  }
}
