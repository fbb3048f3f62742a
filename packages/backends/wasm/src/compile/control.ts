/** Calls, branches and loops. Operands and results are handed over in slots; carried tensors by address. */
import { get, i32, load, op } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import type { MemoryOp } from '../encoder/opcodes.ts';
import { addressCode, loadScalar, type FunctionEmitter } from './function-emitter.ts';
import type { FunctionPlan } from './plan.ts';
import type { CallStep, Carry, CondStep, ScanStep, WhileStep } from './steps.ts';
import { align, elementBytes, localTypes, scalarType, tensorBytes } from './types.ts';
import type { Variable } from './variable.ts';

/** Writes an operand into the slots of a function's input. */
function give(e: FunctionEmitter, callee: FunctionPlan, index: number, variable: Variable): void {
  const { f } = e;
  if (callee.inputs[index]!.uses.length === 0) return;
  const slots = callee.slots.inputs[index]!;
  if (variable.type.kind === 'tape') {
    e.tape(variable).forEach((local, part) => {
      f.i32(e.slot(slots[part]!)).get(local).memory('i32.store');
    });
  } else if (variable.isScalar) {
    f.i32(e.slot(slots[0]!))
      .emit(e.scalar(variable))
      .memory(`${scalarType(variable.dtype)}.store` as MemoryOp);
  } else {
    giveAddress(e, slots[0]!, addressCode(e.address(variable)));
  }
}

function giveAddress(e: FunctionEmitter, slot: number, address: Code): void {
  e.f.i32(e.slot(slot)).emit(address).memory('i32.store');
}

/** Reads a scalar or a tape that a function left in its slots. */
function take(e: FunctionEmitter, callee: FunctionPlan, index: number, variable: Variable): void {
  const slots = callee.slots.results[index]!;
  const types = localTypes(variable.type);
  e.declare(variable).forEach((local, part) => {
    e.f.emit(load(`${types[part]!}.load` as MemoryOp, i32(e.slot(slots[part]!)))).set(local);
  });
}

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

/** A carried tensor as a loop runs: where it is, and where its next value may go. */
interface Carried {
  readonly current: Local;
  readonly next: Local;
}

/** Sets up a carry before its loop. Undefined for scalars and for tensors that stay where they are. */
function enter(e: FunctionEmitter, carry: Carry, callee: FunctionPlan, k: number): Carried | undefined {
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
function pass(
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
function receive(
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

/** Entries of several tapes, side by side in one record for each iteration. */
interface Records {
  readonly stride: number;
  readonly offsets: readonly number[];
}

function recordsOf(entries: readonly Variable[]): Records {
  let stride = 0;
  const offsets = entries.map(({ tensor }) => {
    const offset = stride;
    stride += align(tensorBytes(tensor));
    return offset;
  });
  return { stride, offsets };
}

/** Makes the tapes of a loop: entry i of tape k is at `start + i·stride + offsets[k]`. */
function makeTapes(
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
const tapeStart = (e: FunctionEmitter): Local =>
  e.f.keep('i32', (b) => b.globalGet(e.context.tapeTop).i32(15).op('i32.add').i32(-16).op('i32.and'));

/** Tells the body where to write an entry, or stores the scalar that it gave. */
function giveEntry(e: FunctionEmitter, body: FunctionPlan, result: number, address: Code): void {
  if (body.destinations[result] !== undefined) giveAddress(e, body.slots.destinations[result]!, address);
}

function storeEntry(e: FunctionEmitter, body: FunctionPlan, result: number, address: Code): void {
  if (body.destinations[result] !== undefined) return;
  const entry = body.scope.outputs[result]!;
  const type = scalarType(entry.dtype);
  const value = load(`${type}.load` as MemoryOp, i32(e.slot(body.slots.results[result]![0]!)));
  e.f
    .emit(address)
    .emit(entry.dtype === 'bool' ? op('i32.sub', i32(0), value) : value)
    .memory(`${type}.store` as MemoryOp);
}

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
      .memory(`${scalarType(element.dtype)}.store` as MemoryOp);
  } else {
    giveAddress(e, slot, place());
  }
}
