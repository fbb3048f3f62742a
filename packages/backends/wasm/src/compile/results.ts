/** The end of a function: its results, where the caller looks for them. */
import { op } from '../encoder/code.ts';
import { addressCode, type Address } from './address.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import type { FunctionPlan } from './plan.ts';
import { byteOffset, placesOf, rootOf, type Root } from './root.ts';
import { giveAddress, giveValue } from './slots.ts';
import type { Variable } from './variable.ts';

export function emitResults(e: FunctionEmitter): void {
  const { plan } = e;
  const { scope, destinations } = plan;
  for (const index of settlingOrder(plan)) {
    const root = destinations[index]!;
    settle(e, scope.outputs[index]!, e.addressOfRoot(root), root);
  }
  scope.outputs.forEach((output, index) => {
    emitResult(e, output, index);
  });
}

/** Copies a result to where the caller wants it, unless it is there. */
function settle(e: FunctionEmitter, output: Variable, destination: Address, root: Root): void {
  if (output.constant !== undefined) {
    e.copyTo(destination, output);
    return;
  }
  const place = rootOf(output)!;
  if (place === root && byteOffset(output) === 0) return;
  if (place.home.kind !== 'dynamic') {
    e.copyTo(destination, output);
    return;
  }
  e.f.emit(op('i32.ne', addressCode(e.address(output)), addressCode(destination))).if(() => {
    e.copyTo(destination, output);
  });
}

/** Leaves in its slots what the caller does not know: scalars, tapes, and where a carried tensor is. */
function emitResult(e: FunctionEmitter, output: Variable, index: number): void {
  const { plan } = e;
  const slots = plan.slots.results[index]!;
  if (output.type.kind === 'tape' || output.isScalar) {
    giveValue(e, slots, output);
    return;
  }
  const carry = plan.carries[index];
  if (carry === undefined || carry.isInPlace) return;
  const where = carry.isEither ? e.address(output) : e.addressOfRoot(plan.destinations[index]!);
  giveAddress(e, slots[0]!, addressCode(where));
}

/**
 * Results that have to be where the caller wants them, in an order in which none is copied over another that is still to be
 * copied. There is one: a result is read where it would become another only if that one came first in `assignStorage`.
 */
function settlingOrder({ scope, destinations, carries }: FunctionPlan): readonly number[] {
  const pending = new Set(
    destinations.flatMap((root, index) =>
      root === undefined || carries[index]?.isInPlace === true || carries[index]?.isEither === true ? [] : [index],
    ),
  );
  const isRead = (place: Root | undefined, by: number): boolean => {
    const root = rootOf(scope.outputs[by]!);
    return root !== undefined && placesOf(root).some((from) => from === place);
  };
  const order: number[] = [];
  while (pending.size > 0) {
    const next = [...pending].find((index) =>
      [...pending].every((other) => other === index || !isRead(destinations[index], other)),
    );
    if (next === undefined) throw new Error('results that wait for each other');
    pending.delete(next);
    order.push(next);
  }
  return order;
}
