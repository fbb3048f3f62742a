/** How operands and results are handed over between functions: in fixed words of memory, tensors by address. */
import { i32, load } from '../encoder/code.ts';
import type { Code } from '../encoder/function.ts';
import { addressCode } from './address.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import type { FunctionPlan } from './plan.ts';
import { localTypes, scalarType } from './types.ts';
import type { Variable } from './variable.ts';

/** Writes an operand into the slots of a function's input. */
export function give(e: FunctionEmitter, callee: FunctionPlan, index: number, variable: Variable): void {
  if (callee.inputs[index]!.uses.length === 0) return;
  const slots = callee.slots.inputs[index]!;
  if (variable.type.kind === 'tape' || variable.isScalar) giveValue(e, slots, variable);
  else giveAddress(e, slots[0]!, addressCode(e.address(variable)));
}

/** Writes a scalar or a tape. */
export function giveValue(e: FunctionEmitter, slots: readonly number[], variable: Variable): void {
  const { f } = e;
  if (variable.type.kind === 'tape') {
    e.tape(variable).forEach((local, part) => {
      f.i32(e.slot(slots[part]!)).get(local).memory('i32.store');
    });
    return;
  }
  f.i32(e.slot(slots[0]!))
    .emit(e.scalar(variable))
    .memory(`${scalarType(variable.dtype)}.store`);
}

export function giveAddress(e: FunctionEmitter, slot: number, address: Code): void {
  e.f.i32(e.slot(slot)).emit(address).memory('i32.store');
}

/** Reads a scalar or a tape that a function left in its slots. */
export function take(e: FunctionEmitter, callee: FunctionPlan, index: number, variable: Variable): void {
  const slots = callee.slots.results[index]!;
  const types = localTypes(variable.type);
  e.declare(variable).forEach((local, part) => {
    e.f.emit(load(`${types[part]!}.load`, i32(e.slot(slots[part]!)))).set(local);
  });
}
