/** Segments that run: one tight loop over kernel calls, each result freed at its last use. */
import { ExecutionError, NodeOdeError } from '@node-ode/core';
import type { LoadedSegment } from '@node-ode/host-driver';
import { notePacked, packs } from '../kernels/in-memory/memory.ts';
import type { ConstantPool } from '../runtime/constants.ts';
import type { TfKernelArguments, TfKernelConfig, TfKernelInputs, TfTensorInfo } from '../runtime/tf-module.ts';
import type { TfValue } from '../runtime/value.ts';
import type { TfRuntime } from '../runtime/runtime.ts';
import { lastUses } from './last-uses.ts';
import type { KernelCall, SegmentProgram } from './program.ts';
import { fetchLater, loadedResults, takeNow, takeTensors, type Outputs, type Registers } from './results.ts';

/** A call with everything that its runs share. */
interface LoadedCall {
  readonly call: KernelCall;
  readonly kernel: TfKernelConfig['kernelFunc'];
  /** What the kernel is called with: it reads it, and keeps none of it. */
  readonly args: TfKernelArguments;
  /** The operands in there whose elements are put in for each run, and the registers that have them: all but constants. */
  readonly operands: readonly TfOperand[];
  readonly sources: readonly number[];
  /** Operands that the segment was handed, of which the backend may keep more than their elements. */
  readonly packed: readonly TfOperand[];
  readonly result: number;
  /** Registers that nobody reads after the call. */
  readonly frees: readonly number[];
}

/** An operand of a call: its elements are those of a register. */
interface TfOperand extends TfTensorInfo {
  dataId: object;
}

/** Makes a lowered segment ready: its constants are on the device until it is released. */
export function loadSegment(program: SegmentProgram, runtime: TfRuntime, pool: ConstantPool): LoadedSegment<TfValue> {
  const { backend } = runtime;
  const frees = lastUses(program);
  const registers: Registers = new Array<object | undefined>(program.registers).fill(undefined);
  const constants = program.constants.map(({ array, register }) => {
    const shared = pool.take(array);
    registers[register] = shared.info.dataId;
    return shared;
  });
  const handed = handedOn(program);
  const calls = program.calls.map((call, i) => loadedCall(call, frees[i]!, { registers, handed }, runtime));
  const isTemporary = temporaries(program);
  let isChecked = false;

  const clear = (): void => {
    for (let r = 0; r < registers.length; r++) {
      const dataId = registers[r];
      if (dataId === undefined || !isTemporary[r]!) continue;
      registers[r] = undefined;
      backend.disposeData(dataId);
    }
  };

  /** The whole of what a step costs besides its kernels: one loop, without calls that a compiler may or may not write out. */
  const execute = (operands: readonly TfValue[]): void => {
    for (let i = 0; i < operands.length; i++) registers[i] = operands[i]!.dataId;
    let at = 0;
    try {
      for (; at < calls.length; at++) {
        const { kernel, args, operands: given, sources, packed, result, frees: dead } = calls[at]!;
        for (let k = 0; k < given.length; k++) given[k]!.dataId = registers[sources[k]!]!;
        for (let k = 0; k < packed.length; k++) notePacked(packed[k]!.dataId);
        const outputs = kernel(args);
        const made = Array.isArray(outputs) ? firstOf(outputs, backend) : outputs;
        registers[result] = made.dataId;
        if (!isChecked) checkResult(calls[at]!.call, made, runtime.name);
        for (let k = 0; k < dead.length; k++) {
          const r = dead[k]!;
          backend.disposeData(registers[r]!);
          registers[r] = undefined;
        }
      }
    } catch (cause) {
      throw kernelError(calls[at]!.call, cause, runtime.name);
    }
    isChecked = true;
  };

  const { guard, faults, fetchesWait } = runtime;
  const results = loadedResults(program, isTemporary);
  const isFetched = results.some(({ isHost }) => isHost);
  /** Runs the calls and takes what they leave. */
  const run = <R>(operands: readonly TfValue[], take: (...given: Parameters<typeof takeNow>) => R): R => {
    try {
      execute(operands);
      return take(registers, results, runtime);
    } catch (error) {
      clear();
      throw error;
    }
  };
  const finish = (values: readonly TfValue[]): Outputs | Promise<Outputs> =>
    isFetched ? fetchLater(values, results, runtime) : values;
  let isAccepted = false;
  const free = (values: readonly TfValue[]): void => {
    for (const value of values) value.dispose();
  };

  return {
    run: (operands) => {
      faults?.demandNone();
      if (!fetchesWait) return run(operands, takeNow);
      if (guard === undefined || isAccepted) return finish(run(operands, takeTensors));
      return guard(() => run(operands, takeTensors), free).then((values) => {
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

/** Registers with what the segment is handed, in a view of it as well: what has one operand may give such a view. */
function handedOn({ operands, calls }: SegmentProgram): ReadonlySet<number> {
  const handed = new Set(Array.from({ length: operands }, (_, i) => i));
  for (const call of calls) {
    const [only, ...others] = call.operands;
    if (only !== undefined && others.length === 0 && handed.has(only.index)) handed.add(call.result);
  }
  return handed;
}

/** Constants are in their registers already; all others are empty. */
function loadedCall(
  call: KernelCall,
  frees: readonly number[],
  { registers: constants, handed }: { readonly registers: Registers; readonly handed: ReadonlySet<number> },
  { kernelOf, backend }: TfRuntime,
): LoadedCall {
  const { names, operands, attributes } = call;
  const given = operands.map(({ index, shape, dtype }): TfOperand => ({
    dataId: constants[index] ?? nobody,
    shape: [...shape],
    dtype,
  }));
  const changing = operands
    .map(({ index }, k) => ({ index, operand: given[k]! }))
    .filter(({ operand }) => operand.dataId === nobody);
  const inputs: TfKernelInputs =
    names === undefined ? given : Object.fromEntries(names.map((name, k) => [name, given[k]]));
  return {
    call,
    kernel: kernelOf(call.kernel)!.kernelFunc,
    args: { inputs, attrs: attributes, backend },
    operands: changing.map(({ operand }) => operand),
    sources: changing.map(({ index }) => index),
    packed: packs(backend, call.kernel)
      ? changing.filter(({ index }) => handed.has(index)).map(({ operand }) => operand)
      : [],
    result: call.result,
    frees,
  };
}

/** No elements yet. */
const nobody = {};

/** The first of a kernel's results: nobody takes the others. */
function firstOf([first, ...others]: readonly TfTensorInfo[], backend: TfRuntime['backend']): TfTensorInfo {
  for (const { dataId } of others) backend.disposeData(dataId);
  return first!;
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
