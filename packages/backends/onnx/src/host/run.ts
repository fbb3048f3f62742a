/** Running instructions: a tight loop over them, awaiting the device where it computes. */
import { allocate, ExecutionError, sizeOf, type TensorData } from '@node-ode/core';
import type { OrtValue } from '../runtime/contract.ts';
import type {
  Block,
  CondInstruction,
  Instruction,
  Join,
  ScanInstruction,
  SegmentInstruction,
  StackInstruction,
  StackLevel,
  WhileInstruction,
} from './instructions.ts';
import { dataOf, type Entry, type Frame, type Held, type Slot, type Tape } from './registers.ts';

/** Runs a block: its instructions, then its exit. */
export async function runBlock(block: Block, frame: Frame): Promise<void> {
  const { instructions, exit, calls } = block;
  for (let i = 0; i < calls.length; i++) frame.calls[calls[i]!]!++;
  for (let i = 0; i < instructions.length; i++) {
    const instruction = instructions[i]!;
    if (instruction.kind === 'host') {
      const { kernels } = instruction;
      for (let k = 0; k < kernels.length; k++) kernels[k]!(frame);
    } else {
      await runInstruction(instruction, frame);
    }
    const { frees } = instruction;
    for (let k = 0; k < frees.length; k++) frame.clear(frees[k]!);
  }
  for (let k = 0; k < exit.length; k++) exit[k]!(frame);
}

function runInstruction(
  instruction: Exclude<Instruction, { readonly kind: 'host' }>,
  frame: Frame,
): Promise<void> | undefined {
  switch (instruction.kind) {
    case 'segment':
      return runSegment(instruction, frame);
    case 'cond':
      return runCond(instruction, frame);
    case 'while':
      return runWhile(instruction, frame);
    case 'scan':
      return runScan(instruction, frame);
    case 'stack':
      return runStack(instruction, frame);
  }
}

async function runSegment({ segment, operands, results }: SegmentInstruction, frame: Frame): Promise<void> {
  const given = new Array<OrtValue>(operands.length);
  const uploaded: OrtValue[] = [];
  for (let i = 0; i < operands.length; i++) {
    const slot = operands[i]!;
    if (slot.register.bank === 'resource') given[i] = (frame.resources[slot.register.index] as Held).value;
    else uploaded.push((given[i] = frame.toValue(slot)));
  }
  let outputs: readonly OrtValue[];
  try {
    outputs = await segment.run(given);
  } finally {
    for (let i = 0; i < uploaded.length; i++) uploaded[i]!.dispose();
  }
  for (let i = 0; i < results.length; i++) {
    const result = results[i]!;
    const output = outputs[i]!;
    if (result.kind === 'device') {
      frame.resources[result.index] = frame.hold(output, result.bytes);
    } else {
      // The runtime was asked for these in JavaScript's memory.
      unpack(output.data as TensorData, result.slots, frame);
      output.dispose();
    }
  }
}

/** Puts values that lie one behind the other where the host finds them. */
function unpack(data: TensorData, slots: readonly Slot[], { numbers, arrays }: Frame): void {
  let at = 0;
  for (let i = 0; i < slots.length; i++) {
    const { register, type } = slots[i]!;
    if (register.bank === 'number') {
      numbers[register.index] = data[at++]!;
      continue;
    }
    const size = sizeOf(type.shape);
    const array = allocate(type.dtype, size);
    array.set(data.subarray(at, at + size));
    arrays[register.index] = array;
    at += size;
  }
}

function runCond({ predicate, then, else: otherwise }: CondInstruction, frame: Frame): Promise<void> {
  return runBlock(frame.numbers[predicate] === 0 ? otherwise : then, frame);
}

async function runWhile(instruction: WhileInstruction, frame: Frame): Promise<void> {
  const { enter, predicate, advances, body, tapes } = instruction;
  for (let k = 0; k < enter.length; k++) enter[k]!(frame);
  const lists = tapes.map(({ list }) => listIn(frame, list, []));
  while (frame.numbers[predicate] !== 0) {
    frame.signal?.throwIfAborted();
    await runBlock(body, frame);
    const isRecorded = advances === undefined || frame.numbers[advances] !== 0;
    for (let k = 0; k < tapes.length; k++) {
      const entry = frame.take(tapes[k]!.element.register);
      if (isRecorded) lists[k]!.entries.push(entry);
      else frame.drop(entry);
    }
    if (tapes.length > 0 && isRecorded) frame.countTape(lists[0]!.entries.length);
  }
}

/** A list with these entries, in a register. */
function listIn(frame: Frame, register: number, entries: Entry[]): Tape {
  const list: Tape = { kind: 'tape', entries, refs: 1 };
  frame.resources[register] = list;
  return list;
}

async function runScan(instruction: ScanInstruction, frame: Frame): Promise<void> {
  const { enter, length, reverse, index, read, body, written } = instruction;
  for (let k = 0; k < enter.length; k++) enter[k]!(frame);
  const tapes = read.map(({ tape }) => frame.resources[tape] as Tape);
  const n = length ?? tapeLength(tapes);
  // Where the scan is a tape's only owner, it takes the entries: each is let go of as soon as it is used.
  const owned = tapes.map(({ refs }) => refs === 1);
  const lists = written.map(({ list }) => listIn(frame, list, new Array<Entry>(n).fill(undefined)));
  if (length === null && written.length > 0) frame.countTape(n);
  for (let i = 0; i < n; i++) {
    frame.signal?.throwIfAborted();
    const position = reverse ? n - 1 - i : i;
    frame.numbers[index] = position;
    for (let k = 0; k < read.length; k++) {
      const { entries } = tapes[k]!;
      frame.put(read[k]!.element, entries[position], owned[k]!);
      if (owned[k]!) entries[position] = undefined;
    }
    await runBlock(body, frame);
    for (let k = 0; k < written.length; k++) {
      lists[k]!.entries[position] = frame.take(written[k]!.element.register);
    }
  }
  for (let k = 0; k < read.length; k++) frame.clear(read[k]!.tape);
}

function tapeLength(tapes: readonly Tape[]): number {
  const lengths = tapes.map(({ entries }) => entries.length);
  const n = lengths[0] ?? 0;
  if (lengths.every((other) => other === n)) return n;
  throw new ExecutionError('scan', `tapes of ${lengths.join(' and ')} entries`, {
    expected: 'tapes of one length',
    advice: 'Record them in the same loop.',
  });
}

async function runStack({ list, element, result, levels }: StackInstruction, frame: Frame): Promise<void> {
  const { entries } = frame.resources[list] as Tape;
  if (element.register.bank !== 'resource') entries.splice(0, entries.length, stackOnHost(entries, element, result));
  for (const level of levels) await joinLevel(entries, level, frame);
  frame.put(result, entries.pop(), true);
  frame.clear(list);
}

function stackOnHost(entries: readonly Entry[], element: Slot, result: Slot): Entry {
  const size = sizeOf(element.type.shape);
  const data = allocate(result.type.dtype, size * entries.length);
  entries.forEach((entry, i) => {
    data.set(dataOf(entry, element.type), i * size);
  });
  return data.length === 1 ? data[0] : data;
}

/** Joins neighbours in a list, which has fewer and larger entries then. */
async function joinLevel(entries: Entry[], { width, whole, rest }: StackLevel, frame: Frame): Promise<void> {
  const groups = Math.ceil(entries.length / width);
  for (let g = 0; g < groups; g++) {
    const start = g * width;
    const members = entries.slice(start, start + width) as Held[];
    const { segment, bytes } = (g === groups - 1 ? (rest ?? whole) : whole) as Join;
    const [joined] = await segment.run(members.map(({ value }) => value));
    entries.fill(undefined, start, start + width);
    for (const member of members) frame.release(member);
    entries[g] = frame.hold(joined!, bytes);
  }
  entries.length = groups;
}
