/** Instructions for a program that is laid out: who has which register, and when it is let go of. */
import type { Value } from '@node-ode/core';
import type { DeviceValue, LoadedSegment } from '../device.ts';
import type { FrameLayout } from '../run/frame.ts';
import { hostKernel } from '../run/host-kernels.ts';
import type { Block, Instruction, Join, Kernel, Result, StackLevel, Written } from '../run/instructions.ts';
import { bytesOf, tensorOf, type HostKernel, type Register, type Slot } from '../run/registers.ts';
import type { Layout } from './layout.ts';
import type { Part, Segment } from './partition.ts';
import { moveRegister, RegisterFile } from './register-file.ts';
import { capturesOf, usesOf } from './scope.ts';
import type { CondStep, ScanStep, Scope, StructuralStep, WhileStep } from './scope.ts';

/** A program ready to run. */
export interface Plan<V extends DeviceValue> extends FrameLayout {
  readonly main: Block<V>;
  /** Where the inputs go: resources. */
  readonly inputs: readonly Slot[];
  /** Inputs that the host needs, with their registers there. */
  readonly fetched: readonly { readonly input: number; readonly slot: Slot }[];
  /** Where the outputs are: on the host if only that has them. */
  readonly outputs: readonly Slot[];
}

/** Plans a program whose segments are loaded. */
export function planOf<V extends DeviceValue>(layout: Layout, loaded: ReadonlyMap<Segment, LoadedSegment<V>>): Plan<V> {
  return new Planner(layout, loaded).plan();
}

/** Where each result of a block is wanted. */
type Targets = readonly Register[];

class Planner<V extends DeviceValue> {
  readonly #layout: Layout;
  readonly #loaded: ReadonlyMap<Segment, LoadedSegment<V>>;
  readonly #registers: RegisterFile<V>;

  constructor(layout: Layout, loaded: ReadonlyMap<Segment, LoadedSegment<V>>) {
    this.#layout = layout;
    this.#loaded = loaded;
    this.#registers = new RegisterFile(layout.placement);
  }

  plan(): Plan<V> {
    const { inputs, main, called } = this.#layout.program;
    const given = inputs.map((input): Slot => ({ register: this.#registers.fresh('resource'), type: tensorOf(input) }));
    inputs.forEach((input, i) => this.#registers.assign(input, given[i]!.register));
    const outputs = main.results.map((x): Slot => {
      const type = tensorOf(x);
      const isHost = this.#layout.placement.isOnHost(x) && !inputs.includes(x);
      return { register: isHost ? this.#registers.freshOnHost(type) : this.#registers.fresh('resource'), type };
    });
    const block = this.#block(
      main,
      [],
      outputs.map(({ register }) => register),
    );
    return {
      main: block,
      inputs: given,
      fetched: inputs.flatMap((x, input) => {
        const register = this.#registers.mirrorOf(x);
        return register === undefined ? [] : [{ input, slot: { register, type: tensorOf(x) } }];
      }),
      outputs,
      initial: this.#registers.initial(),
      resources: this.#registers.resources,
      uploads: this.#registers.uploads,
      called,
    };
  }

  /**
   * A block. It owns what its steps make and its parameters (of a loop: what an iteration begins with), and lets go of each
   * after its last use. `targets` are the registers of its results; a parameter may be one, for the next iteration.
   */
  #block(scope: Scope, parameters: readonly Value[], targets: Targets): Block<V> {
    const parts = this.#layout.parts.get(scope)!;
    const owned = new Set<Value>([...parameters, ...parts.flatMap(definedBy)]);
    const lastUse = new Map<Value, number>();
    parts.forEach((part, i) => {
      usedBy(part).forEach((x) => lastUse.set(x, i));
    });
    scope.results.forEach((x) => lastUse.set(x, parts.length));
    const diesAt = (i: number) => (x: Value) => owned.has(x) && lastUse.get(x) === i;

    const instructions: Instruction<V>[] = [];
    let kernels: HostKernel[] | undefined;
    parts.forEach((part, i) => {
      if (part.kind === 'host') {
        const kernel = hostKernel(
          part.node,
          part.node.inputs.map((x) => this.#registers.onHost(x)),
          this.#registers.define(part.node.outputs[0]!),
        );
        if (kernels === undefined) instructions.push({ kind: 'host', kernels: (kernels = []), frees: [] });
        kernels.push(kernel);
        return;
      }
      kernels = undefined;
      const made = part.kind === 'segment' ? this.#segment(part.segment) : this.#structural(part.step, diesAt(i));
      const dead = [...usedBy(part)].filter(diesAt(i));
      const unused = definedBy(part).filter((x) => !lastUse.has(x));
      const frees = [...dead, ...unused].flatMap((x) => this.#registers.resourceOf(x));
      instructions.push(...made.slice(0, -1), { ...made.at(-1)!, frees });
    });
    const exit = this.#exit(scope, parameters, targets, diesAt(parts.length));
    const { called } = this.#layout.program;
    const calls = [...scope.calls].flatMap(([name, n]) => new Array<number>(n).fill(called.indexOf(name)));
    return { instructions, exit, calls };
  }

  /** Takes results that were parameters out of the way first: they may be results in each other's places. */
  #exit(
    scope: Scope,
    parameters: readonly Value[],
    targets: Targets,
    isOwn: (x: Value) => boolean,
  ): readonly Kernel<V>[] {
    const homes = new Map(parameters.map((x) => [this.#registers.of(x), x]));
    const moves = scope.results.map((x, i) => ({ x, target: targets[i]! }));
    const changing = moves.filter(({ x, target }) => homes.get(target) !== x);
    const early = changing.filter(({ x, target }) => !homes.has(target) || parameters.includes(x));
    const late = changing.filter((move) => !early.includes(move));
    const staying = new Set(moves.filter((move) => !changing.includes(move)).map(({ x }) => x));
    const ordered = [...early, ...late];
    const transfer = ({ x }: (typeof moves)[number], at: number, to: Register): Kernel<V> => {
      const isLast = !ordered.slice(at + 1).some((other) => other.x === x);
      return this.#registers.transfer(x, to, isLast && isOwn(x) && !staying.has(x));
    };
    const shadows: Kernel<V>[] = [];
    const first = early.map((move, i) => {
      if (!homes.has(move.target)) return transfer(move, i, move.target);
      const shadow = this.#registers.fresh(move.target.bank);
      shadows.push(moveRegister(shadow, move.target));
      return transfer(move, i, shadow);
    });
    const leftovers = parameters.filter((x) => !staying.has(x)).flatMap((x) => this.#registers.resourceOf(x));
    const clear = leftovers.map((index): Kernel<V> => (frame) => {
      frame.clear(index);
    });
    const rest = late.map((move, i) => transfer(move, early.length + i, move.target));
    return [...first, ...clear, ...rest, ...shadows];
  }

  #segment(segment: Segment): readonly Instruction<V>[] {
    const operands = segment.graph.inputs.map((x) => this.#registers.operand(x));
    const results = segment.results.map(({ values, isHost }): Result => {
      const slots = values.map((x) => ({ register: this.#registers.define(x), type: tensorOf(x) }));
      const [{ register, type }] = slots as [Slot];
      return isHost ? { kind: 'host', slots } : { kind: 'device', index: register.index, bytes: bytesOf(type) };
    });
    return [{ kind: 'segment', segment: this.#loaded.get(segment)!, operands, results, frees: [] }];
  }

  #structural(step: StructuralStep, dies: (x: Value) => boolean): readonly Instruction<V>[] {
    switch (step.kind) {
      case 'cond':
        return [this.#cond(step)];
      case 'while':
        return [this.#while(step, dies)];
      case 'scan':
        return this.#scan(step, dies);
    }
  }

  #cond(step: CondStep): Instruction<V> {
    const outputs = step.outputs.map((x) => this.#registers.define(x));
    return {
      kind: 'cond',
      predicate: this.#registers.onHost(step.predicate).index,
      then: this.#block(step.then, [], outputs),
      else: this.#block(step.else, [], outputs),
      frees: [],
    };
  }

  /** Moves what a loop begins with to where it wants it: out of registers that die here, if the loop needs them no more. */
  #enter(
    step: StructuralStep,
    dies: (x: Value) => boolean,
    moves: readonly (readonly [Value, Register])[],
  ): readonly Kernel<V>[] {
    const captured = capturesOf(step);
    return moves.map(([x, to], i) => {
      const isLast = !moves.slice(i + 1).some(([other]) => other === x);
      return this.#registers.transfer(x, to, isLast && dies(x) && !captured.has(x));
    });
  }

  #while(step: WhileStep, dies: (x: Value) => boolean): Instruction<V> {
    const { carries, outputs, body, taped, initial } = step;
    const registers = carries.map((x) => this.#registers.define(x));
    outputs.slice(0, carries.length).forEach((x, i) => this.#registers.assign(x, registers[i]!));
    const predicate = this.#registers.fresh('number');
    const advances = step.advances ? this.#registers.fresh('number') : undefined;
    const enter = this.#enter(step, dies, [
      ...initial.map((x, i) => [x, registers[i]!] as const),
      [step.predicate, predicate],
    ]);
    const tapes = outputs.slice(carries.length).map((x, i): Written => ({
      element: this.#element(body.results[carries.length + i]!),
      list: this.#registers.define(x).index,
    }));
    const targets = [
      ...registers,
      ...tapes.slice(0, taped).map(({ element }) => element.register),
      ...(advances === undefined ? [] : [advances]),
      predicate,
    ];
    return {
      kind: 'while',
      enter,
      predicate: predicate.index,
      advances: advances?.index,
      body: this.#block(body, carries, targets),
      tapes,
      frees: [],
    };
  }

  /** A register for an element that is to be written to a list, where the body makes it. */
  #element(x: Value): Slot {
    const type = tensorOf(x);
    const isHost = this.#layout.placement.isOnHost(x);
    return { register: isHost ? this.#registers.freshOnHost(type) : this.#registers.fresh('resource'), type };
  }

  #scan(step: ScanStep, dies: (x: Value) => boolean): readonly Instruction<V>[] {
    const { carries, elements, outputs, body, tapes, initial, length } = step;
    const index = this.#registers.define(step.index);
    const registers = carries.map((x) => this.#registers.define(x));
    outputs.slice(0, carries.length).forEach((x, i) => this.#registers.assign(x, registers[i]!));
    const lists = tapes.map(() => this.#registers.fresh('resource'));
    const enter = this.#enter(step, dies, [
      ...initial.map((x, i) => [x, registers[i]!] as const),
      ...tapes.map((x, i) => [x, lists[i]!] as const),
    ]);
    const read = elements.map((x, i) => ({
      tape: lists[i]!.index,
      element: { register: this.#registers.define(x), type: tensorOf(x) },
    }));
    const sequences = outputs.slice(carries.length);
    const written = sequences.map((x, i): Written => ({
      element: this.#element(body.results[carries.length + i]!),
      list: length === null ? this.#registers.define(x).index : this.#registers.fresh('resource').index,
    }));
    const targets = [...registers, ...written.map(({ element }) => element.register)];
    const { reverse } = step;
    const loop: Instruction<V> = {
      kind: 'scan',
      enter,
      length,
      reverse,
      index: index.index,
      read,
      body: this.#block(body, [...carries, ...elements], targets),
      written,
      frees: [],
    };
    if (length === null) return [loop];
    return [loop, ...sequences.map((x, i) => this.#stack(x, written[i]!))];
  }

  #stack(x: Value, { element, list }: Written): Instruction<V> {
    const result = { register: this.#registers.define(x), type: tensorOf(x) };
    const levels = (this.#layout.stacks.get(x) ?? []).map(({ width, whole, rest }): StackLevel<V> => ({
      width,
      whole: this.#join(whole),
      rest: this.#join(rest),
    }));
    return { kind: 'stack', list, element, result, levels, frees: [] };
  }

  #join(segment: Segment | undefined): Join<V> | undefined {
    if (segment === undefined) return undefined;
    return { segment: this.#loaded.get(segment)!, bytes: bytesOf(tensorOf(segment.graph.outputs[0]!)) };
  }
}

function definedBy(part: Part): readonly Value[] {
  switch (part.kind) {
    case 'host':
      return part.node.outputs;
    case 'segment':
      return part.segment.results.flatMap(({ values }) => values);
    case 'structural':
      return part.step.outputs;
  }
}

function usedBy(part: Part): ReadonlySet<Value> {
  switch (part.kind) {
    case 'host':
      return new Set(part.node.inputs);
    case 'segment':
      return new Set(part.segment.graph.inputs);
    case 'structural':
      return usesOf(part.step);
  }
}
