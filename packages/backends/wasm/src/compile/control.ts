/** Calls and branches. */
import { addressCode } from './address.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import { give, giveAddress, take } from './slots.ts';
import type { CallStep, CondStep } from './steps.ts';
import type { Variable } from './variable.ts';

export function emitCall(e: FunctionEmitter, { callee, inputs, outputs }: CallStep): void {
  const { f } = e;
  inputs.forEach((input, i) => {
    give(e, callee, i, input);
  });
  outputs.forEach((output, i) => {
    if (callee.destinations[i] !== undefined)
      giveAddress(e, callee.slots.destinations[i]!, addressCode(e.address(output)));
  });
  const counter = e.context.counter(callee.name);
  f.i32(counter).i32(counter).memory('i32.load').i32(1).op('i32.add').memory('i32.store');
  f.call(e.context.function(callee));
  outputs.forEach((output, i) => {
    if (callee.destinations[i] === undefined) take(e, callee, i, output);
  });
}

export function emitBranches(e: FunctionEmitter, { predicate, branches, outputs }: CondStep): void {
  const [then, otherwise] = branches.map((branch, index) => (): void => {
    e.scope(branch);
    outputs.forEach((output, i) => {
      if (output.origins.length > 0) assign(e, output, branches[index]!.outputs[i]!);
    });
  });
  e.f.emit(e.scalar(predicate)).if(then!, otherwise);
}

/** Makes `output` what `value` is, without copying elements. */
function assign(e: FunctionEmitter, output: Variable, value: Variable): void {
  if (output.type.kind === 'tape') {
    const locals = e.tape(value);
    e.tape(output).forEach((local, part) => e.f.get(locals[part]!).set(local));
  } else if (output.isScalar) {
    e.setScalar(output, e.scalar(value));
  } else if (output.root!.home.kind === 'dynamic' && output.origins.length > 0) {
    e.f.emit(addressCode(e.address(value))).set(e.pointer(output.root!));
  }
}
