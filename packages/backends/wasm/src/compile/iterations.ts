/** Loops over functions: `whileLoop` and `scan`. */
import { get, i32, load, op } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import { addressCode, loadScalar } from './address.ts';
import { enter, pass, receive } from './carries.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import type { FunctionPlan } from './plan.ts';
import { give, giveAddress, take } from './slots.ts';
import type { ScanStep, WhileStep } from './steps.ts';
import { giveEntry, makeTapes, recordsOf, storeEntry, tapeStart } from './tapes.ts';
import { elementBytes, scalarType, tensorBytes } from './types.ts';
import type { Variable } from './variable.ts';

export function emitWhile(
  e: FunctionEmitter,
  { condition, body, constants, carries, tapes, advances }: WhileStep,
): void {
  const { f, context } = e;
  constants.forEach((constant, i) => {
    give(e, body, i, constant);
  });
  const carried = carries.map((carry, k) => enter(e, carry, body, k));
  const entries = body.scope.outputs.slice(carries.length, carries.length + tapes.length);
  const records = recordsOf(entries);
  const start = tapes.length > 0 ? tapeStart(e) : undefined;
  const count = f.local('i32');
  const record = f.local('i32');
  if (start !== undefined) f.i32(0).set(count).get(start).set(record);
  f.block((done) => {
    f.loop((again) => {
      e.scope(condition);
      f.emit(e.scalar(condition.outputs[0]!)).op('i32.eqz').branchIf(done);
      pass(e, carries, carried, body);
      if (start !== undefined) {
        // Tapes of the body itself lie behind the record.
        const end = f.keep('i32', op('i32.add', get(record), i32(records.stride)));
        f.get(start).get(end).call(context.reserve());
        f.get(end).globalSet(context.tapeTop);
        tapes.forEach((_, k) => {
          giveEntry(e, body, carries.length + k, op('i32.add', get(record), i32(records.offsets[k]!)));
        });
      }
      f.call(context.function(body));
      if (start !== undefined) {
        tapes.forEach((_, k) => {
          storeEntry(e, body, carries.length + k, op('i32.add', get(record), i32(records.offsets[k]!)));
        });
        const keep = (): void => {
          f.emit(op('i32.add', get(record), i32(records.stride))).set(record);
          f.emit(op('i32.add', get(count), i32(1))).set(count);
        };
        const flag = body.slots.results.at(-1)![0]!;
        if (advances) f.emit(load('i32.load', i32(e.slot(flag)))).if(keep);
        else keep();
      }
      receive(e, carries, carried, body);
      f.branch(again);
    });
  });
  if (start !== undefined) {
    f.get(record).globalSet(context.tapeTop);
    makeTapes(e, tapes, records, start, count);
  }
}

export function emitScan(e: FunctionEmitter, step: ScanStep): void {
  const { f, context } = e;
  const { body, constants, carries, length, reverse, elements, sequences } = step;
  constants.forEach((constant, i) => {
    give(e, body, i, constant);
  });
  const carried = carries.map((carry, k) => enter(e, carry, body, k));
  const firstElement = constants.length + carries.length;
  const count = f.local('i32');
  if (length !== null) f.i32(length).set(count);
  else if (elements.length > 0) f.get(e.tape(elements[0]!)[2]).set(count);
  const records = recordsOf(body.scope.outputs.slice(carries.length));
  const start = length === null && sequences.length > 0 ? tapeStart(e) : undefined;
  if (start !== undefined) {
    const end = f.keep('i32', op('i32.add', get(start), op('i32.mul', get(count), i32(records.stride))));
    f.get(start).get(end).call(context.reserve());
    f.get(end).globalSet(context.tapeTop);
  }
  const position = f.local('i32');
  if (reverse) f.get(count).set(position);
  else f.i32(0).set(position);
  const entryAddress = (k: number): Code => {
    if (start !== undefined) {
      return op(
        'i32.add',
        get(start),
        op('i32.add', op('i32.mul', get(position), i32(records.stride)), i32(records.offsets[k]!)),
      );
    }
    const bytes = tensorBytes(body.scope.outputs[carries.length + k]!.tensor);
    return op('i32.add', addressCode(e.address(sequences[k]!)), op('i32.mul', get(position), i32(bytes)));
  };
  f.block((done) => {
    f.loop((again) => {
      if (reverse) {
        f.get(position).op('i32.eqz').branchIf(done);
        f.emit(op('i32.sub', get(position), i32(1))).set(position);
      } else {
        f.emit(op('i32.ge_s', get(position), get(count))).branchIf(done);
      }
      pass(e, carries, carried, body);
      elements.forEach((sequence, k) => {
        giveElement(e, body, firstElement + k, sequence, position);
      });
      sequences.forEach((sequence, k) => {
        if (!isSingle(sequence)) giveEntry(e, body, carries.length + k, entryAddress(k));
      });
      f.call(context.function(body));
      sequences.forEach((sequence, k) => {
        if (isSingle(sequence)) take(e, body, carries.length + k, sequence);
        else storeEntry(e, body, carries.length + k, entryAddress(k));
      });
      receive(e, carries, carried, body);
      if (!reverse) f.emit(op('i32.add', get(position), i32(1))).set(position);
      f.branch(again);
    });
  });
  if (start !== undefined) makeTapes(e, sequences, records, start, count);
}

/** A sequence of one scalar is a scalar. */
const isSingle = (sequence: Variable): boolean => sequence.type.kind === 'tensor' && sequence.isScalar;

/** Hands element `position` of a sequence to the body. */
function giveElement(e: FunctionEmitter, body: FunctionPlan, index: number, sequence: Variable, position: Local): void {
  const { f } = e;
  const element = body.inputs[index]!;
  if (element.uses.length === 0) return;
  if (isSingle(sequence)) {
    give(e, body, index, sequence);
    return;
  }
  const slot = body.slots.inputs[index]![0]!;
  const place = (): Code => {
    if (sequence.type.kind === 'tape') {
      const [base, stride] = e.tape(sequence);
      return op('i32.add', get(base), op('i32.mul', get(position), get(stride)));
    }
    const bytes = element.isScalar ? elementBytes(element.dtype) : tensorBytes(element.tensor);
    return op('i32.add', addressCode(e.address(sequence)), op('i32.mul', get(position), i32(bytes)));
  };
  if (element.isScalar) {
    f.i32(e.slot(slot))
      .emit(loadScalar(element, place()))
      .memory(`${scalarType(element.dtype)}.store`);
  } else {
    giveAddress(e, slot, place());
  }
}
