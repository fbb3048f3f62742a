/** Structured control flow: calls, branches and loops over plans. */
import { ExecutionError } from '@node-ode/core';
import { dataOf, type Buffer, type Resource, type Shelf, type Slot, type TapeBuffer } from './memory.ts';
import type { Plan } from './plan.ts';
import { shelfOf, type Lowering, type RunState, type Site } from './site.ts';

export const call: Lowering<'call'> = (node, site) => {
  const plan = site.planOf(node.params.graph);
  const { inputs, dies, outputs } = site;
  const counter = counterOf(site.run, node.params.graph.name);
  return () => {
    counter.count++;
    invoke(plan, inputs, dies, 0, outputs);
  };
};

export const cond: Lowering<'cond'> = (node, site) => {
  const [then, otherwise] = [site.planOf(node.params.then), site.planOf(node.params.else)];
  const { inputs, dies, outputs } = site;
  const predicate = inputs[0]!;
  return () => {
    invoke(dataOf(predicate)[0] === 0 ? otherwise : then, inputs, dies, 1, outputs);
  };
};

function counterOf({ calls }: RunState, name: string): { count: number } {
  let counter = calls.get(name);
  if (counter === undefined) calls.set(name, (counter = { count: 0 }));
  return counter;
}

/** Runs a plan on the operands from `first` on: those that die here are handed over. */
function invoke(
  plan: Plan,
  inputs: readonly Slot[],
  dies: readonly boolean[],
  first: number,
  outputs: readonly Slot[],
): void {
  for (let i = first; i < inputs.length; i++) {
    const slot = inputs[i]!;
    const value = slot.value!;
    if (dies[i]) {
      slot.value = undefined;
      plan.give(i - first, value);
    } else {
      plan.lend(i - first, value);
    }
  }
  plan.execute();
  for (let k = 0; k < outputs.length; k++) outputs[k]!.value = plan.collect(k);
}

/**
 * Takes the values of `count` operands from `first` on: out of their slots where they die here, else with a reference of
 * their own. Operands are taken in order, so that a value which is several operands leaves its slot with the last.
 */
function takeOperands({ inputs, dies }: Site, first: number, count: number): Resource[] {
  const values: Resource[] = [];
  for (let i = first; i < first + count; i++) {
    const slot = inputs[i]!;
    const value = slot.value!;
    if (dies[i]) slot.value = undefined;
    else value.refs++;
    values.push(value);
  }
  return values;
}

export const whileLoop: Lowering<'whileLoop'> = (node, site) => {
  const { memory, run, outputs } = site;
  const { constants, taped, advances } = node.params;
  const [condition, body] = [site.planOf(node.params.condition), site.planOf(node.params.body)];
  const carries = site.inputs.length - constants;
  const entries = new Array<Buffer>(taped);
  return () => {
    const captured = takeOperands(site, 0, constants);
    const carry = takeOperands(site, constants, carries);
    const tapes: TapeBuffer[] = [];
    for (let k = 0; k < taped; k++) tapes.push({ kind: 'tape', entries: [], refs: 1 });
    for (;;) {
      run.signal?.throwIfAborted();
      for (let k = 0; k < constants; k++) condition.lend(k, captured[k]!);
      for (let k = 0; k < carries; k++) condition.lend(constants + k, carry[k]!);
      condition.execute();
      if (!collectFlag(condition, 0, memory)) break;
      for (let k = 0; k < constants; k++) body.lend(k, captured[k]!);
      for (let k = 0; k < carries; k++) body.give(constants + k, carry[k]!);
      body.execute();
      for (let k = 0; k < carries; k++) carry[k] = body.collect(k);
      for (let k = 0; k < taped; k++) entries[k] = body.collect(carries + k) as Buffer;
      const advanced = !advances || collectFlag(body, carries + taped, memory);
      for (let k = 0; k < taped; k++) {
        if (advanced) append(run, tapes[k]!, entries[k]!);
        else memory.release(entries[k]!);
      }
    }
    for (const value of captured) memory.release(value);
    for (let k = 0; k < carries; k++) outputs[k]!.value = carry[k];
    for (let k = 0; k < taped; k++) outputs[carries + k]!.value = tapes[k];
  };
};

function collectFlag(plan: Plan, output: number, memory: Site['memory']): boolean {
  const flag = plan.collect(output) as Buffer;
  const holds = flag.data[0] !== 0;
  memory.release(flag);
  return holds;
}

function append(run: RunState, tape: TapeBuffer, entry: Buffer): void {
  tape.entries.push(entry);
  if (tape.entries.length > run.tapeEntries) run.tapeEntries = tape.entries.length;
}

/** A sequence that a scan reads: the element at a position, with a reference to it. */
type Reader = (position: number) => Buffer;

/** A sequence that a scan writes: takes the element, with the reference to it. */
interface Writer {
  readonly write: (position: number, element: Buffer) => void;
  readonly sequence: Resource;
}

export const scan: Lowering<'scan'> = (node, site) => {
  const { memory, run, outputs } = site;
  const { constants, carries, length, reverse } = node.params;
  const body = site.planOf(node.params.body);
  const first = constants + carries;
  const elementShelves = node.params.body.inputs.slice(first).map((element) => shelfOf(site, element));
  const outputShelves = node.outputs
    .slice(carries)
    .map((output) => (length === null ? undefined : shelfOf(site, output)));
  return () => {
    const captured = takeOperands(site, 0, constants);
    const carry = takeOperands(site, constants, carries);
    const sequences = takeOperands(site, first, elementShelves.length);
    const n = length ?? tapeLength(sequences);
    const readers = sequences.map((sequence, k) => readerOf(site, sequence, elementShelves[k]!));
    const writers = outputShelves.map((shelf) => (shelf === undefined ? tapeWriter(n) : stackWriter(site, shelf, n)));
    if (length === null && writers.length > 0 && n > run.tapeEntries) run.tapeEntries = n;
    for (let i = 0; i < n; i++) {
      run.signal?.throwIfAborted();
      const position = reverse ? n - 1 - i : i;
      for (let k = 0; k < constants; k++) body.lend(k, captured[k]!);
      for (let k = 0; k < carries; k++) body.give(constants + k, carry[k]!);
      for (let k = 0; k < readers.length; k++) body.give(first + k, readers[k]!(position));
      body.execute();
      for (let k = 0; k < carries; k++) carry[k] = body.collect(k);
      for (let k = 0; k < writers.length; k++) writers[k]!.write(position, body.collect(carries + k) as Buffer);
    }
    for (const value of captured) memory.release(value);
    for (const value of sequences) memory.release(value);
    for (let k = 0; k < carries; k++) outputs[k]!.value = carry[k];
    for (let k = 0; k < writers.length; k++) outputs[carries + k]!.value = writers[k]!.sequence;
  };
};

function tapeLength(sequences: readonly Resource[]): number {
  const lengths = sequences.map((sequence) => (sequence as TapeBuffer).entries.length);
  const n = lengths[0] ?? 0;
  if (lengths.every((other) => other === n)) return n;
  throw new ExecutionError('scan', `tapes of ${lengths.join(' and ')} entries`, {
    expected: 'tapes of one length',
    advice: 'Record them in the same loop.',
  });
}

function readerOf({ memory }: Site, sequence: Resource, shelf: Shelf): Reader {
  if (sequence.kind === 'tape') {
    // The scan is the only owner of a tape that dies here: each entry is handed over, and freed as soon as it is used.
    const owned = sequence.refs === 1;
    return (position) => {
      const entry = sequence.entries[position]!;
      if (owned) sequence.entries[position] = undefined;
      else entry.refs++;
      return entry;
    };
  }
  const { data } = sequence;
  const size = shelf.length;
  return (position) => {
    const row = memory.take(shelf);
    const start = position * size;
    for (let i = 0; i < size; i++) row.data[i] = data[start + i]!;
    return row;
  };
}

function tapeWriter(n: number): Writer {
  const entries = new Array<Buffer | undefined>(n).fill(undefined);
  return {
    write: (position, element) => {
      entries[position] = element;
    },
    sequence: { kind: 'tape', entries, refs: 1 },
  };
}

function stackWriter({ memory }: Site, shelf: Shelf, n: number): Writer {
  const stack = memory.take(shelf);
  const size = n === 0 ? 0 : shelf.length / n;
  return {
    write: (position, element) => {
      const start = position * size;
      for (let i = 0; i < size; i++) stack.data[start + i] = element.data[i]!;
      memory.release(element);
    },
    sequence: stack,
  };
}
