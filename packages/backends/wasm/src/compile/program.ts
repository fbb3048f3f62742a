/** A whole graph: its functions, the memory that they share, and the module that they become. */
import type { DType, Graph, Shape } from '@node-ode/core';
import { get, i32, load, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder } from '../encoder/function.ts';
import { ModuleBuilder } from '../encoder/module.ts';
import type { CodeModule, Plan, Target } from './contract.ts';
import { FunctionEmitter } from './function-emitter.ts';
import { ModuleContext } from './module-context.ts';
import { constantVariable, FunctionPlan, roleKey, type Role } from './plan.ts';
import { reusablePairs } from './reuse.ts';
import { align, elementBytes, scalarType } from './types.ts';
import type { Variable } from './variable.ts';

/** WebAssembly has no more memory than this many pages of 64 KiB. */
const mostPages = 65536;

/**
 * Plans a graph: fuses its operations into loops, decides what is where in memory, and counts the bytes.
 *
 * @throws UnsupportedError naming an operation that the engine does not have.
 */
export function planGraph(graph: Graph, target: Target = { threads: 1 }): Plan {
  const functions = new Map<Graph, Map<string, FunctionPlan>>();
  /** Callees come before their callers. */
  const ordered: FunctionPlan[] = [];
  let slotBytes = 0;
  const takeSlot = (): number => {
    slotBytes += 8;
    return slotBytes - 8;
  };
  const constants = new Constants();
  const functionOf = (called: Graph, role: Role): FunctionPlan => {
    const key = roleKey(role);
    const roles = functions.get(called) ?? new Map<string, FunctionPlan>();
    functions.set(called, roles);
    let plan = roles.get(key);
    if (plan === undefined) {
      plan = new FunctionPlan(called, role, { functionOf, constantTensor: constants.tensor, target }, takeSlot);
      roles.set(key, plan);
      ordered.push(plan);
    }
    return plan;
  };
  const main = functionOf(graph, { kind: 'call' });
  const ioSlots = { inputs: graph.inputs.map(takeSlot), outputs: graph.outputs.map(takeSlot) };
  const counters = new Map<string, number>();
  for (const called of ordered) {
    if (called.role.kind === 'call' && called !== main && !counters.has(called.name))
      counters.set(called.name, takeSlot());
  }
  const dataStart = align(slotBytes);
  const frameStart = dataStart + constants.lay(dataStart);
  const arenaBytes = align(layFrames(ordered, frameStart));

  const emit = (arena: number): CodeModule => {
    const { threads } = target;
    const shared = threads > 1;
    const module = new ModuleBuilder({ module: 'env', name: 'memory', initial: 0, maximum: mostPages, shared });
    const context = new ModuleContext(module, { arena, threads }, (name) => counters.get(name)!);
    for (const plan of ordered) new FunctionEmitter(context, plan).emit();
    module.export(emitRun(context, main, ioSlots));
    context.jobs.forEach((job, index) => {
      module.export(job, `job${index}`);
    });
    return {
      bytes: module.encode(),
      inputs: ioSlots.inputs.map((slot) => arena + slot),
      outputs: ioSlots.outputs.map((slot) => arena + slot),
      reusable: reusablePairs(main),
      jobs: context.jobs.length,
      counters: [...counters].map(([name, slot]) => ({ name, address: arena + slot })),
      data: constants.data().map(({ offset, bytes }) => ({ address: arena + offset, bytes })),
    };
  };
  return { arenaBytes, emit };
}

/** Tensors of equal elements that are in memory from the start, one block for each value. */
class Constants {
  readonly #blocks = new Map<
    string,
    { dtype: DType; value: number; bytes: number; variables: Variable[]; offset: number }
  >();

  readonly tensor = (shape: Shape, dtype: DType, value: number): Variable => {
    const key = `${dtype}:${Object.is(value, -0) ? '-0' : value}`;
    const block = this.#blocks.get(key) ?? { dtype, value, bytes: 0, variables: [], offset: 0 };
    this.#blocks.set(key, block);
    const variable = constantVariable(shape, dtype);
    block.bytes = Math.max(block.bytes, variable.root!.bytes);
    block.variables.push(variable);
    return variable;
  };

  /** Gives each block its place from `start` on; the bytes of all. */
  lay(start: number): number {
    let end = start;
    for (const block of this.#blocks.values()) {
      block.offset = end;
      for (const variable of block.variables) variable.root!.offset = end;
      end += align(block.bytes);
    }
    return end - start;
  }

  data(): readonly { readonly offset: number; readonly bytes: Uint8Array }[] {
    return [...this.#blocks.values()].map(({ dtype, value, bytes, offset }) => ({
      offset,
      bytes: filled(dtype, value, bytes),
    }));
  }
}

function filled(dtype: DType, value: number, bytes: number): Uint8Array {
  const buffer = new ArrayBuffer(bytes);
  const count = bytes / elementBytes(dtype);
  if (dtype === 'f32') new Float32Array(buffer, 0, count).fill(value);
  else if (dtype === 'f64') new Float64Array(buffer, 0, count).fill(value);
  else new Int32Array(buffer, 0, count).fill(dtype === 'bool' && value !== 0 ? -1 : value);
  return new Uint8Array(buffer);
}

/** Frames of functions that can be active together lie apart: a callee's begins where all its callers' end. */
function layFrames(ordered: readonly FunctionPlan[], start: number): number {
  let end = start;
  for (const plan of ordered) plan.frame = start;
  for (const plan of [...ordered].reverse()) {
    const behind = plan.frame + plan.frameBytes;
    end = Math.max(end, behind);
    for (const callee of plan.callees) callee.frame = Math.max(callee.frame, behind);
  }
  return end;
}

/** The function that the host calls: scalars come and go through memory, too. */
function emitRun(
  context: ModuleContext,
  main: FunctionPlan,
  slots: { readonly inputs: readonly number[]; readonly outputs: readonly number[] },
): FunctionBuilder {
  const f = context.module.function('run', [], []);
  const at = (slot: number): number => context.arena + slot;
  const pointer = (slot: number): Code => load('i32.load', i32(at(slot)));
  main.inputs.forEach((input, i) => {
    const slot = at(main.slots.inputs[i]![0]!);
    if (!input.isScalar) {
      f.i32(slot).emit(pointer(slots.inputs[i]!)).memory('i32.store');
      return;
    }
    const type = scalarType(input.dtype);
    const value = load(`${type}.load`, pointer(slots.inputs[i]!));
    f.i32(slot)
      .emit(input.dtype === 'bool' ? op('i32.ne', value, i32(0)) : value)
      .memory(`${type}.store`);
  });
  main.destinations.forEach((root, index) => {
    if (root !== undefined)
      f.i32(at(main.slots.destinations[index]!)).emit(pointer(slots.outputs[index]!)).memory('i32.store');
  });
  f.call(context.function(main));
  main.scope.outputs.forEach((output, index) => {
    if (!output.isScalar) return;
    const type = scalarType(output.dtype);
    const value = f.keep(type, load(`${type}.load`, i32(at(main.slots.results[index]![0]!))));
    f.emit(pointer(slots.outputs[index]!));
    f.emit(output.dtype === 'bool' ? op('i32.sub', i32(0), get(value)) : get(value)).memory(`${type}.store`);
  });
  return f;
}
