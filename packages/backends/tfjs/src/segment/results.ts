/** What a segment gives: tensors taken out of its registers, and the elements of those that are wanted on the host. */
import type { TensorData } from '@node-ode/core';
import { readNow } from '../kernels/in-memory/memory.ts';
import { readLater } from '../runtime/read-later.ts';
import type { TfRuntime } from '../runtime/runtime.ts';
import { elementsOf, TfValue } from '../runtime/value.ts';
import type { ProgramResult, SegmentProgram } from './program.ts';

/** The elements of each register, while there are any: `dataId` of a tensor. Its type is known. */
export type Registers = (object | undefined)[];

export type Outputs = readonly (TfValue | TensorData)[];

/** A result, and whether the register's tensor goes with it: otherwise it is an operand's, a constant's or another result's. */
export interface LoadedResult extends ProgramResult {
  /** As tfjs has it; nobody writes to it. */
  readonly shape: number[];
  readonly isOwner: boolean;
}

/** The results of a program; of those that share a tensor which the program made the last is its owner. */
export function loadedResults({ results }: SegmentProgram, isTemporary: readonly boolean[]): readonly LoadedResult[] {
  return results.map((result, i) => {
    const { register } = result;
    const isLast = results.findLastIndex((other) => other.register === register) === i;
    return { ...result, shape: [...result.shape], isOwner: isLast && isTemporary[register]! };
  });
}

/** Takes all results as tensors, each with a reference of its own. */
export function takeTensors(registers: Registers, results: readonly LoadedResult[], { backend }: TfRuntime): TfValue[] {
  const values = new Array<TfValue>(results.length);
  for (let i = 0; i < results.length; i++) values[i] = takeTensor(registers, results[i]!, backend);
  return values;
}

function takeTensor(registers: Registers, result: LoadedResult, backend: TfRuntime['backend']): TfValue {
  const { register, isOwner } = result;
  const dataId = registers[register]!;
  if (isOwner) registers[register] = undefined;
  else backend.incRef(dataId);
  return new TfValue(dataId, result, backend);
}

/** Takes results as they are wanted, from a backend that need not be waited for. */
export function takeNow(registers: Registers, results: readonly LoadedResult[], { backend }: TfRuntime): Outputs {
  const outputs = new Array<TfValue | TensorData>(results.length);
  let taken = 0;
  try {
    for (; taken < results.length; taken++) {
      const result = results[taken]!;
      outputs[taken] = result.isHost
        ? takeElements(registers, result, backend)
        : takeTensor(registers, result, backend);
    }
  } catch (error) {
    for (const output of outputs.slice(0, taken)) if (output instanceof TfValue) output.dispose();
    throw error;
  }
  return outputs;
}

function takeElements(registers: Registers, result: LoadedResult, backend: TfRuntime['backend']): TensorData {
  const { register, isOwner, shape, dtype } = result;
  const dataId = registers[register]!;
  const elements = elementsOf(dtype, readNow(backend, { dataId, shape, dtype }));
  if (isOwner) {
    registers[register] = undefined;
    backend.disposeData(dataId);
  }
  return elements;
}

/** Results as they are wanted, from a backend that has to be waited for: all copies to the host are asked for at once. */
export async function fetchLater(
  values: readonly TfValue[],
  results: readonly ProgramResult[],
  runtime: TfRuntime,
): Promise<Outputs> {
  const reading = values.map(async (value, i) => {
    const { isHost, dtype } = results[i]!;
    if (!isHost) return value;
    return elementsOf(dtype, await readLater(runtime, value.dataId));
  });
  const settled = await Promise.allSettled(reading);
  const failed = settled.find((outcome) => outcome.status === 'rejected');
  values.forEach((value, i) => {
    if (failed !== undefined || results[i]!.isHost) value.dispose();
  });
  if (failed !== undefined) throw failed.reason;
  return Promise.all(reading);
}
