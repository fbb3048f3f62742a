/** Tapes while a loop records them: a record of entries for each iteration, behind all memory that is in use. */
import { get, i32, load, op } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import type { FunctionPlan } from './plan.ts';
import { giveAddress } from './slots.ts';
import { align, scalarType, tensorBytes } from './types.ts';
import type { Variable } from './variable.ts';

/** Entries of several tapes, side by side in one record for each iteration. */
export interface Records {
  readonly stride: number;
  readonly offsets: readonly number[];
}

export function recordsOf(entries: readonly Variable[]): Records {
  let stride = 0;
  const offsets = entries.map(({ tensor }) => {
    const offset = stride;
    stride += align(tensorBytes(tensor));
    return offset;
  });
  return { stride, offsets };
}

/** Makes the tapes of a loop: entry i of tape k is at `start + i·stride + offsets[k]`. */
export function makeTapes(
  e: FunctionEmitter,
  tapes: readonly Variable[],
  { stride, offsets }: Records,
  start: Local,
  count: Local,
): void {
  const { f, context } = e;
  tapes.forEach((tape, k) => {
    const [base, step, length] = e.tape(tape);
    f.emit(op('i32.add', get(start), i32(offsets[k]!))).set(base);
    f.i32(stride).set(step).get(count).set(length);
  });
  f.emit(op('i32.gt_u', get(count), (b) => b.globalGet(context.tapeEntries))).if(() =>
    f.get(count).globalSet(context.tapeEntries),
  );
}

/** The first address for a tape. */
export const tapeStart = (e: FunctionEmitter): Local =>
  e.f.keep('i32', (b) => b.globalGet(e.context.tapeTop).i32(15).op('i32.add').i32(-16).op('i32.and'));

/** Tells the body where to write an entry, or stores the scalar that it gave. */
export function giveEntry(e: FunctionEmitter, body: FunctionPlan, result: number, address: Code): void {
  if (body.destinations[result] !== undefined) giveAddress(e, body.slots.destinations[result]!, address);
}

export function storeEntry(e: FunctionEmitter, body: FunctionPlan, result: number, address: Code): void {
  if (body.destinations[result] !== undefined) return;
  const entry = body.scope.outputs[result]!;
  const type = scalarType(entry.dtype);
  const value = load(`${type}.load`, i32(e.slot(body.slots.results[result]![0]!)));
  e.f
    .emit(address)
    .emit(entry.dtype === 'bool' ? op('i32.sub', i32(0), value) : value)
    .memory(`${type}.store`);
}
