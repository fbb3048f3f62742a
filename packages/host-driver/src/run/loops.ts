/** Running loops. Each iteration notices that the run was aborted. */
import { ExecutionError } from '@node-ode/core';
import type { DeviceValue } from '../device.ts';
import type { Frame } from './frame.ts';
import type { Block, ScanInstruction, WhileInstruction } from './instructions.ts';
import type { Entry, Tape } from './registers.ts';
import { runBlock, type Pending } from './run.ts';

/** One iteration, after a turn of the event loop if there was none for long. */
function iterate<V extends DeviceValue>(body: Block<V>, frame: Frame<V>): Pending {
  frame.signal?.throwIfAborted();
  return frame.turn()?.then(() => runBlock(body, frame)) ?? runBlock(body, frame);
}

/** Runs a loop with a test. */
export function runWhile<V extends DeviceValue>(instruction: WhileInstruction<V>, frame: Frame<V>): Pending {
  const { enter, predicate, body, tapes } = instruction;
  for (let k = 0; k < enter.length; k++) enter[k]!(frame);
  const lists = tapes.map(({ list }) => listIn(frame, list, []));
  while (frame.numbers[predicate] !== 0) {
    const pending = iterate(body, frame);
    if (pending !== undefined) return finishWhile(instruction, frame, lists, pending);
    record(instruction, frame, lists);
  }
  return undefined;
}

/** The rest of a loop, from an iteration on that is under way. */
async function finishWhile<V extends DeviceValue>(
  instruction: WhileInstruction<V>,
  frame: Frame<V>,
  lists: readonly Tape<V>[],
  first: Promise<void>,
): Promise<void> {
  await first;
  record(instruction, frame, lists);
  while (frame.numbers[instruction.predicate] !== 0) {
    const pending = iterate(instruction.body, frame);
    if (pending !== undefined) await pending;
    record(instruction, frame, lists);
  }
}

/** Writes what an iteration left for the tapes, if it advanced. */
function record<V extends DeviceValue>(
  { advances, tapes }: WhileInstruction<V>,
  frame: Frame<V>,
  lists: readonly Tape<V>[],
): void {
  const isRecorded = advances === undefined || frame.numbers[advances] !== 0;
  for (let k = 0; k < tapes.length; k++) {
    const entry = frame.take(tapes[k]!.element.register);
    if (isRecorded) lists[k]!.entries.push(entry);
    else frame.drop(entry);
  }
  if (tapes.length > 0 && isRecorded) frame.countTape(lists[0]!.entries.length);
}

/** A list with these entries, in a register. */
function listIn<V extends DeviceValue>(frame: Frame<V>, register: number, entries: Entry<V>[]): Tape<V> {
  const list: Tape<V> = { kind: 'tape', entries, refs: 1 };
  frame.resources[register] = list;
  return list;
}

/** A scan that is under way. */
interface Progress<V extends DeviceValue> {
  readonly instruction: ScanInstruction<V>;
  readonly length: number;
  readonly tapes: readonly Tape<V>[];
  /** For each tape, whether the scan is its only owner and takes the entries: each is let go of as soon as it is used. */
  readonly owned: readonly boolean[];
  readonly lists: readonly Tape<V>[];
}

/** Runs a loop over sequences. */
export function runScan<V extends DeviceValue>(instruction: ScanInstruction<V>, frame: Frame<V>): Pending {
  const { enter, read, written, body } = instruction;
  for (let k = 0; k < enter.length; k++) enter[k]!(frame);
  const tapes = read.map(({ tape }) => frame.resources[tape] as Tape<V>);
  const length = instruction.length ?? tapeLength(tapes);
  const owned = tapes.map(({ refs }) => refs === 1);
  const lists = written.map(({ list }) => listIn(frame, list, new Array<Entry<V>>(length).fill(undefined)));
  if (instruction.length === null && written.length > 0) frame.countTape(length);
  const progress: Progress<V> = { instruction, length, tapes, owned, lists };
  for (let i = 0; i < length; i++) {
    readEntries(progress, frame, i);
    const pending = iterate(body, frame);
    if (pending !== undefined) return finishScan(progress, frame, i, pending);
    writeEntries(progress, frame, i);
  }
  clearTapes(progress, frame);
  return undefined;
}

/** The rest of a scan, from an iteration on that is under way. */
async function finishScan<V extends DeviceValue>(
  progress: Progress<V>,
  frame: Frame<V>,
  from: number,
  first: Promise<void>,
): Promise<void> {
  await first;
  writeEntries(progress, frame, from);
  for (let i = from + 1; i < progress.length; i++) {
    readEntries(progress, frame, i);
    const pending = iterate(progress.instruction.body, frame);
    if (pending !== undefined) await pending;
    writeEntries(progress, frame, i);
  }
  clearTapes(progress, frame);
}

const positionOf = <V extends DeviceValue>({ instruction, length }: Progress<V>, i: number): number =>
  instruction.reverse ? length - 1 - i : i;

function readEntries<V extends DeviceValue>(progress: Progress<V>, frame: Frame<V>, i: number): void {
  const { instruction, tapes, owned } = progress;
  const { index, read } = instruction;
  const position = positionOf(progress, i);
  frame.numbers[index] = position;
  for (let k = 0; k < read.length; k++) {
    const { entries } = tapes[k]!;
    frame.put(read[k]!.element, entries[position], owned[k]!);
    if (owned[k]!) entries[position] = undefined;
  }
}

function writeEntries<V extends DeviceValue>(progress: Progress<V>, frame: Frame<V>, i: number): void {
  const { written } = progress.instruction;
  const position = positionOf(progress, i);
  for (let k = 0; k < written.length; k++) {
    progress.lists[k]!.entries[position] = frame.take(written[k]!.element.register);
  }
}

function clearTapes<V extends DeviceValue>({ instruction }: Progress<V>, frame: Frame<V>): void {
  for (const { tape } of instruction.read) frame.clear(tape);
}

function tapeLength<V extends DeviceValue>(tapes: readonly Tape<V>[]): number {
  const n = tapes[0]?.entries.length ?? 0;
  if (tapes.every(({ entries }) => entries.length === n)) return n;
  const lengths = tapes.map(({ entries }) => entries.length);
  throw new ExecutionError('scan', `tapes of ${lengths.join(' and ')} entries`, {
    expected: 'tapes of one length',
    advice: 'Record them in the same loop.',
  });
}
