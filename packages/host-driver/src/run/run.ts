/**
 * Running instructions: a tight loop over them. Whatever has to be waited for gives a promise, everything else nothing, so
 * that a program on a device that need not be waited for runs without a single one.
 */
import { allocate, sizeOf, type TensorData } from '@node-ode/core';
import type { DeviceValue, SegmentOutputs } from '../device.ts';
import type { Frame } from './frame.ts';
import type { Block, CondInstruction, Instruction, Operand, Result, SegmentInstruction } from './instructions.ts';
import { runScan, runWhile } from './loops.ts';
import type { Held, HostRegisters, Slot } from './registers.ts';
import { runStack } from './run-stack.ts';

/** The end of something, if it has to be waited for. */
export type Pending = Promise<void> | undefined;

/** Runs a block: its instructions, then its exit. */
export function runBlock<V extends DeviceValue>(block: Block<V>, frame: Frame<V>): Pending {
  const { instructions, calls } = block;
  for (let i = 0; i < calls.length; i++) frame.calls[calls[i]!]!++;
  for (let i = 0; i < instructions.length; i++) {
    const instruction = instructions[i]!;
    const pending = runInstruction(instruction, frame);
    if (pending !== undefined) return finishBlock(block, frame, i, pending);
    free(instruction, frame);
  }
  leave(block, frame);
  return undefined;
}

/** The rest of a block, from an instruction on that is under way. */
async function finishBlock<V extends DeviceValue>(
  block: Block<V>,
  frame: Frame<V>,
  from: number,
  first: Promise<void>,
): Promise<void> {
  const { instructions } = block;
  for (let i = from; i < instructions.length; i++) {
    const instruction = instructions[i]!;
    const pending = i === from ? first : runInstruction(instruction, frame);
    if (pending !== undefined) await pending;
    free(instruction, frame);
  }
  leave(block, frame);
}

function free<V extends DeviceValue>({ frees }: Instruction<V>, frame: Frame<V>): void {
  for (let k = 0; k < frees.length; k++) frame.clear(frees[k]!);
}

function leave<V extends DeviceValue>({ exit }: Block<V>, frame: Frame<V>): void {
  for (let k = 0; k < exit.length; k++) exit[k]!(frame);
}

function runInstruction<V extends DeviceValue>(instruction: Instruction<V>, frame: Frame<V>): Pending {
  switch (instruction.kind) {
    case 'host': {
      const { kernels } = instruction;
      for (let k = 0; k < kernels.length; k++) kernels[k]!(frame);
      return undefined;
    }
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

function runSegment<V extends DeviceValue>(
  { segment, operands, results }: SegmentInstruction<V>,
  frame: Frame<V>,
): Pending {
  const given = new Array<V>(operands.length);
  for (let i = 0; i < operands.length; i++) given[i] = operandIn(frame, operands[i]!);
  const outputs = segment.run(given);
  if (isPromise(outputs)) return outputs.then((values) => settle(results, values, frame));
  settle(results, outputs, frame);
  return undefined;
}

function operandIn<V extends DeviceValue>(frame: Frame<V>, operand: Operand): V {
  if (operand.kind === 'host') return frame.uploaded(operand.upload).value;
  return (frame.resources[operand.index] as Held<V>).value;
}

const isPromise = <V extends DeviceValue>(
  outputs: SegmentOutputs<V>,
): outputs is Extract<SegmentOutputs<V>, Promise<unknown>> => 'then' in outputs;

/** Puts a segment's outputs into the registers of its results. */
function settle<V extends DeviceValue>(
  results: readonly Result[],
  outputs: readonly (V | TensorData)[],
  frame: Frame<V>,
): void {
  for (let i = 0; i < results.length; i++) {
    const result = results[i]!;
    // The segment was asked for these on this side.
    if (result.kind === 'host') unpack(outputs[i] as TensorData, result.slots, frame);
    else frame.resources[result.index] = frame.hold(outputs[i] as V, result.bytes);
  }
}

/** Puts values that lie one behind the other where the host finds them. */
function unpack(data: TensorData, slots: readonly Slot[], { numbers, arrays }: HostRegisters): void {
  let at = 0;
  for (let i = 0; i < slots.length; i++) {
    const { register, type } = slots[i]!;
    if (register.bank === 'number') {
      numbers[register.index] = data[at++]!;
    } else if (slots.length === 1) {
      arrays[register.index] = data;
    } else {
      const size = sizeOf(type.shape);
      const array = allocate(type.dtype, size);
      array.set(data.subarray(at, at + size));
      arrays[register.index] = array;
      at += size;
    }
  }
}

function runCond<V extends DeviceValue>(
  { predicate, then, else: otherwise }: CondInstruction<V>,
  frame: Frame<V>,
): Pending {
  return runBlock(frame.numbers[predicate] === 0 ? otherwise : then, frame);
}
