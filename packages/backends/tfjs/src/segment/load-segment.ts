/** Segments that run: one tight loop over kernel calls, each result freed at its last use. */
import { ExecutionError, NodeOdeError, type TensorData } from '@node-ode/core';
import type { LoadedSegment } from '@node-ode/host-driver';
import { readLater } from '../runtime/read-later.ts';
import type { ConstantPool } from '../runtime/constants.ts';
import type { TfKernelArguments, TfKernelConfig, TfKernelInputs, TfTensorInfo } from '../runtime/tf-module.ts';
import { readNow } from '../kernels/in-memory/memory.ts';
import { elementsOf, TfValue } from '../runtime/value.ts';
import type { TfRuntime } from '../runtime/runtime.ts';
import { lastUses } from './last-uses.ts';
import type { KernelCall, ProgramResult, SegmentProgram } from './program.ts';

/** A call with everything that its runs share. */
interface LoadedCall {
  readonly call: KernelCall;
  readonly kernel: TfKernelConfig['kernelFunc'];
  /** What the kernel is called with: it reads it, and keeps none of it. */
  readonly args: TfKernelArguments;
  /** The operands in there, whose elements are put in for each run, and the registers that have them. */
  readonly operands: readonly TfOperand[];
  readonly sources: readonly number[];
  readonly result: number;
  /** Registers that nobody reads after the call. */
  readonly frees: readonly number[];
}

/** An operand of a call: its elements are those of a register. */
interface TfOperand extends TfTensorInfo {
  dataId: object;
}

type Registers = (TfTensorInfo | undefined)[];

/** Makes a lowered segment ready: its constants are on the device until it is released. */
export function loadSegment(program: SegmentProgram, runtime: TfRuntime, pool: ConstantPool): LoadedSegment<TfValue> {
  const { backend } = runtime;
  const frees = lastUses(program);
  const calls = program.calls.map((call, i) => loadedCall(call, frees[i]!, runtime));
  const registers: Registers = new Array<TfTensorInfo | undefined>(program.registers).fill(undefined);
  const constants = program.constants.map(({ array, register }) => {
    const shared = pool.take(array);
    registers[register] = shared.info;
    return shared;
  });
  const isTemporary = temporaries(program);
  let isChecked = false;

  const clear = (): void => {
    for (let r = 0; r < registers.length; r++) {
      const info = registers[r];
      if (info === undefined || !isTemporary[r]!) continue;
      registers[r] = undefined;
      backend.disposeData(info.dataId);
    }
  };

  const execute = (operands: readonly TfValue[]): void => {
    for (let i = 0; i < operands.length; i++) registers[i] = operands[i]!.info;
    for (let i = 0; i < calls.length; i++) {
      const loaded = calls[i]!;
      registers[loaded.result] = runCall(loaded, registers, runtime);
      if (!isChecked) checkResult(loaded.call, registers[loaded.result]!, runtime.name);
      const { frees: dead } = loaded;
      for (let k = 0; k < dead.length; k++) {
        const r = dead[k]!;
        backend.disposeData(registers[r]!.dataId);
        registers[r] = undefined;
      }
    }
    isChecked = true;
  };

  /** Takes a result out of its register; what is an operand, a constant or taken already is given as another reference. */
  const take = ({ register }: ProgramResult): TfValue => {
    const info = registers[register]!;
    if (isTemporary[register]! && !isTaken[register]!) isTaken[register] = true;
    else backend.incRef(info.dataId);
    return new TfValue(info, backend);
  };
  const isTaken = new Array<boolean>(program.registers).fill(false);
  const takeAll = (): TfValue[] => {
    const values = program.results.map(take);
    for (const { register } of program.results) {
      isTaken[register] = false;
      if (isTemporary[register]!) registers[register] = undefined;
    }
    return values;
  };

  const run = (operands: readonly TfValue[]): readonly TfValue[] => {
    try {
      execute(operands);
    } catch (error) {
      clear();
      throw error;
    }
    return takeAll();
  };
  const { guard, faults } = runtime;
  const isFetched = program.results.some(({ isHost }) => isHost);
  const finish = (values: readonly TfValue[]): Outputs | Promise<Outputs> =>
    isFetched ? fetchResults(values, program.results, runtime) : values;
  let isAccepted = false;
  const free = (values: readonly TfValue[]): void => {
    for (const value of values) value.dispose();
  };

  return {
    run: (operands) => {
      faults?.demandNone();
      if (guard === undefined || isAccepted) return finish(run(operands));
      return guard(() => run(operands), free).then((values) => {
        isAccepted = true;
        return finish(values);
      });
    },
    release: () => {
      for (const constant of constants) constant.release();
      constants.length = 0;
    },
  };
}

function loadedCall(call: KernelCall, frees: readonly number[], { kernelOf, backend }: TfRuntime): LoadedCall {
  const { names, operands, attributes } = call;
  const given = operands.map(({ shape, dtype }): TfOperand => ({ dataId: nobody, shape: [...shape], dtype }));
  const inputs: TfKernelInputs =
    names === undefined ? given : Object.fromEntries(names.map((name, k) => [name, given[k]]));
  return {
    call,
    kernel: kernelOf(call.kernel)!.kernelFunc,
    args: { inputs, attrs: attributes, backend },
    operands: given,
    sources: operands.map(({ index }) => index),
    result: call.result,
    frees,
  };
}

/** No elements yet. */
const nobody = {};

function runCall(
  { call, kernel, args, operands, sources }: LoadedCall,
  registers: Registers,
  runtime: TfRuntime,
): TfTensorInfo {
  for (let k = 0; k < operands.length; k++) operands[k]!.dataId = registers[sources[k]!]!.dataId;
  let result: TfTensorInfo | TfTensorInfo[];
  try {
    result = kernel(args);
  } catch (cause) {
    throw kernelError(call, cause, runtime.name);
  }
  if (!Array.isArray(result)) return result;
  for (let k = 1; k < result.length; k++) runtime.backend.disposeData(result[k]!.dataId);
  return result[0]!;
}

function kernelError({ origin, kernel }: KernelCall, cause: unknown, backend: string): Error {
  if (cause instanceof NodeOdeError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ExecutionError(origin, `tfjs's kernel ${kernel} on '${backend}' failed: ${message}`, { cause });
}

function checkResult({ origin, kernel, shape, dtype }: KernelCall, info: TfTensorInfo, backend: string): void {
  if (info.dtype === dtype && info.shape.length === shape.length && info.shape.every((n, i) => n === shape[i])) return;
  throw new ExecutionError(
    origin,
    `tfjs's kernel ${kernel} on '${backend}' gave ${info.dtype}[${info.shape.join(', ')}]`,
    {
      expected: `${dtype}[${shape.join(', ')}]`,
      advice: 'Please report the graph and the version of tfjs.',
    },
  );
}

/** For each register, whether a call fills it. */
function temporaries({ registers, calls }: SegmentProgram): readonly boolean[] {
  const filled = new Set(calls.map(({ result }) => result));
  return Array.from({ length: registers }, (_, r) => filled.has(r));
}

type Outputs = readonly (TfValue | TensorData)[];

/** Results as they are wanted. Where copies to the host wait for the device, all are asked for at once. */
function fetchResults(
  values: readonly TfValue[],
  results: readonly ProgramResult[],
  runtime: TfRuntime,
): Outputs | Promise<Outputs> {
  const { backend, fetchesWait } = runtime;
  if (fetchesWait) return fetchLater(values, results, runtime);
  const outputs: (TfValue | TensorData)[] = [...values];
  try {
    results.forEach(({ isHost, dtype }, i) => {
      if (!isHost) return;
      outputs[i] = elementsOf(dtype, readNow(backend, values[i]!.info));
    });
  } catch (error) {
    for (const value of values) value.dispose();
    throw error;
  }
  results.forEach(({ isHost }, i) => {
    if (isHost) values[i]!.dispose();
  });
  return outputs;
}

async function fetchLater(
  values: readonly TfValue[],
  results: readonly ProgramResult[],
  runtime: TfRuntime,
): Promise<Outputs> {
  const reading = values.map(async (value, i) => {
    const { isHost, dtype } = results[i]!;
    if (!isHost) return value;
    return elementsOf(dtype, await readLater(runtime, value.info.dataId));
  });
  const settled = await Promise.allSettled(reading);
  const failed = settled.find((outcome) => outcome.status === 'rejected');
  values.forEach((value, i) => {
    if (failed !== undefined || results[i]!.isHost) value.dispose();
  });
  if (failed !== undefined) throw failed.reason;
  return Promise.all(reading);
}
