/** What a loop carries: how its values get into the body of an iteration, and out of it. */
import { get, i32, load, op } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import { addressCode } from './address.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import type { FunctionPlan } from './plan.ts';
import { give, giveAddress, take } from './slots.ts';
import type { Carry } from './steps.ts';

/** A carried tensor as a loop runs: where it is, and where its next value may go. */
export interface Carried {
  readonly current: Local;
  readonly next: Local;
}

/** Sets up a carry before its loop. Undefined for scalars and for tensors that stay where they are. */
export function enter(e: FunctionEmitter, carry: Carry, callee: FunctionPlan, k: number): Carried | undefined {
  const { f } = e;
  const { initial, current, own, next } = carry;
  if (current.isScalar) {
    e.setScalar(current, e.scalar(initial));
    return undefined;
  }
  if (own !== undefined) e.copyTo(e.addressOfRoot(own), initial);
  const first = addressCode(own === undefined ? e.address(initial) : e.addressOfRoot(own));
  if (next === undefined) {
    giveInPlace(e, callee, k, first);
    return undefined;
  }
  f.emit(first).set(e.pointer(current.root!));
  return { current: e.pointer(current.root!), next: f.keep('i32', addressCode(e.addressOfRoot(next))) };
}

/** Where a tensor is that an iteration changes in place: told once, before the loop. */
function giveInPlace(e: FunctionEmitter, callee: FunctionPlan, k: number, address: Code): void {
  const index = inputOf(callee, k);
  if (callee.inputs[index]!.uses.length > 0) giveAddress(e, callee.slots.inputs[index]![0]!, address);
}

const inputOf = ({ role }: FunctionPlan, k: number): number => (role.kind === 'body' ? role.constants : 0) + k;

/** Hands the carry to the body. */
export function pass(
  e: FunctionEmitter,
  carries: readonly Carry[],
  carried: readonly (Carried | undefined)[],
  body: FunctionPlan,
): void {
  carries.forEach(({ current }, k) => {
    const at = carried[k];
    if (current.isScalar) give(e, body, inputOf(body, k), current);
    if (at === undefined) return;
    if (body.inputs[inputOf(body, k)]!.uses.length > 0)
      giveAddress(e, body.slots.inputs[inputOf(body, k)]![0]!, get(at.current));
    giveAddress(e, body.slots.destinations[k]!, get(at.next));
  });
}

/** Takes the next carry from the body: a tensor is in one of its two places, and the other is free. */
export function receive(
  e: FunctionEmitter,
  carries: readonly Carry[],
  carried: readonly (Carried | undefined)[],
  body: FunctionPlan,
): void {
  const { f } = e;
  carries.forEach(({ current }, k) => {
    const at = carried[k];
    if (current.isScalar) take(e, body, k, current);
    if (at === undefined) return;
    const result = f.keep('i32', load('i32.load', i32(e.slot(body.slots.results[k]![0]!))));
    f.emit(op('i32.xor', op('i32.xor', get(at.current), get(at.next)), get(result))).set(at.next);
    f.get(result).set(at.current);
  });
}
