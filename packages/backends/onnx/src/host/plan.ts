/** Instructions for a program that is laid out: who has which register, and when it is let go of. */
import { ExecutionError, sizeOf, type TensorData, type TensorType, type Value } from '@node-ode/core';
import { hostKernel, type HostKernel } from './host-kernels.ts';
import type { Block, Instruction, Join, Kernel, LoadedSegment, Result, StackLevel, Written } from './instructions.ts';
import type { Layout } from './layout.ts';
import type { Part, Segment } from './partition.ts';
import { bytesOf, type Register, type Slot } from './registers.ts';
import { capturesOf, usesOf } from './scope.ts';
import type { CondStep, PlainNode, ScanStep, Scope, StructuralStep, WhileStep } from './scope.ts';

/** A program ready to run. */
export interface Plan {
  readonly main: Block;
  /** Where the inputs go: resources. */
  readonly inputs: readonly Slot[];
  /** Inputs that the host needs, with their registers there. */
  readonly fetched: readonly { readonly input: number; readonly slot: Slot }[];
  /** Registers of the outputs, resources. */
  readonly outputs: readonly number[];
  /** What numbers and arrays are when a run begins: constants are there. */
  readonly initial: { readonly numbers: Float64Array; readonly arrays: readonly (TensorData | undefined)[] };
  readonly resources: number;
  /** Names of the graphs that are counted. */
  readonly called: readonly string[];
}

/** Plans a program whose segments are loaded. */
export function planOf(layout: Layout, loaded: ReadonlyMap<Segment, LoadedSegment>): Plan {
  return new Planner(layout, loaded).plan();
}

const tensorOf = ({ type }: Value): TensorType => {
  if (type.kind === 'tensor') return type;
  throw new ExecutionError('compile', 'a tape where a tensor has to be', {
    expected: 'a graph that checkGraph accepts',
  });
};

/** Where each result of a block is wanted. */
type Targets = readonly Register[];

class Planner {
  readonly #layout: Layout;
  readonly #loaded: ReadonlyMap<Segment, LoadedSegment>;
  readonly #registers = new Map<Value, Register>();
  /** Registers on the host of inputs and constants, of those that need one. */
  readonly #mirrors = new Map<Value, Register>();
  readonly #constants: { readonly register: Register; readonly node: PlainNode }[] = [];
  readonly #counts = { number: 0, array: 0, resource: 0 };

  constructor(layout: Layout, loaded: ReadonlyMap<Segment, LoadedSegment>) {
    this.#layout = layout;
    this.#loaded = loaded;
  }

  plan(): Plan {
    const { inputs, main, called } = this.#layout.program;
    const given = inputs.map((input): Slot => ({ register: this.#register('resource'), type: tensorOf(input) }));
    inputs.forEach((input, i) => this.#registers.set(input, given[i]!.register));
    const outputs = main.results.map(() => this.#register('resource'));
    const block = this.#block(main, [], outputs);
    return {
      main: block,
      inputs: given,
      fetched: inputs.flatMap((x, input) => {
        const register = this.#mirrors.get(x);
        return register === undefined ? [] : [{ input, slot: { register, type: tensorOf(x) } }];
      }),
      outputs: outputs.map(({ index }) => index),
      initial: this.#initial(),
      resources: this.#counts.resource,
      called,
    };
  }

  #initial(): Plan['initial'] {
    const numbers = new Float64Array(this.#counts.number);
    const arrays = new Array<TensorData | undefined>(this.#counts.array).fill(undefined);
    for (const { register, node } of this.#constants) hostKernel(node, [], register)({ numbers, arrays });
    return { numbers, arrays };
  }

  #register(bank: Register['bank']): Register {
    return { bank, index: this.#counts[bank]++ };
  }

  #hostRegister(type: TensorType): Register {
    return this.#register(sizeOf(type.shape) === 1 ? 'number' : 'array');
  }

  /** A register for a value where it lives. */
  #define(x: Value): Register {
    const isArray = x.type.kind === 'tensor' && this.#layout.placement.isOnHost(x);
    const register = isArray ? this.#hostRegister(tensorOf(x)) : this.#register('resource');
    this.#registers.set(x, register);
    return register;
  }

  /** Where the host finds a value. */
  #onHost(x: Value): Register {
    const source = this.#layout.placement.sourceOf(x);
    const known = this.#registers.get(x);
    if (known !== undefined && known.bank !== 'resource') return known;
    let mirror = this.#mirrors.get(x);
    if (mirror === undefined) {
      this.#mirrors.set(x, (mirror = this.#hostRegister(tensorOf(x))));
      if (source !== undefined) this.#constants.push({ register: mirror, node: source });
    }
    return mirror;
  }

  /** Where a segment finds a value: on the device if it is there. */
  #slot(x: Value): Slot {
    return { register: this.#registers.get(x) ?? this.#onHost(x), type: tensorOf(x) };
  }

  /** Copies a value to a register; `takes` leaves nothing behind. */
  #transfer(x: Value, to: Register, takes: boolean): Kernel {
    const z = to.index;
    if (to.bank !== 'resource') {
      const { index } = this.#onHost(x);
      return to.bank === 'number'
        ? ({ numbers }) => void (numbers[z] = numbers[index]!)
        : ({ arrays }) => void (arrays[z] = arrays[index]);
    }
    const from = this.#registers.get(x);
    if (from?.bank !== 'resource') {
      const slot = { register: this.#onHost(x), type: tensorOf(x) };
      return (frame) => void (frame.resources[z] = frame.upload(slot));
    }
    const { index } = from;
    if (takes) {
      return ({ resources }) => {
        resources[z] = resources[index];
        resources[index] = undefined;
      };
    }
    return ({ resources }) => {
      const resource = resources[index]!;
      resource.refs++;
      resources[z] = resource;
    };
  }

  /**
   * A block. It owns what its steps make and its parameters (of a loop: what an iteration begins with), and lets go of each
   * after its last use. `targets` are the registers of its results; a parameter may be one, for the next iteration.
   */
  #block(scope: Scope, parameters: readonly Value[], targets: Targets): Block {
    const parts = this.#layout.parts.get(scope)!;
    const owned = new Set<Value>([...parameters, ...parts.flatMap(definedBy)]);
    const lastUse = new Map<Value, number>();
    parts.forEach((part, i) => {
      usedBy(part).forEach((x) => lastUse.set(x, i));
    });
    scope.results.forEach((x) => lastUse.set(x, parts.length));
    const diesAt = (i: number) => (x: Value) => owned.has(x) && lastUse.get(x) === i;

    const instructions: Instruction[] = [];
    let kernels: HostKernel[] | undefined;
    parts.forEach((part, i) => {
      if (part.kind === 'host') {
        const kernel = hostKernel(
          part.node,
          part.node.inputs.map((x) => this.#onHost(x)),
          this.#define(part.node.outputs[0]!),
        );
        if (kernels === undefined) instructions.push({ kind: 'host', kernels: (kernels = []), frees: [] });
        kernels.push(kernel);
        return;
      }
      kernels = undefined;
      const made = part.kind === 'segment' ? this.#segment(part.segment) : this.#structural(part.step, diesAt(i));
      const dead = [...usedBy(part)].filter(diesAt(i));
      const unused = definedBy(part).filter((x) => !lastUse.has(x));
      const frees = [...dead, ...unused].flatMap((x) => this.#resourceOf(x));
      instructions.push(...made.slice(0, -1), { ...made.at(-1)!, frees });
    });
    const exit = this.#exit(scope, parameters, targets, diesAt(parts.length));
    const { called } = this.#layout.program;
    const calls = [...scope.calls].flatMap(([name, n]) => new Array<number>(n).fill(called.indexOf(name)));
    return { instructions, exit, calls };
  }

  #resourceOf(x: Value): readonly number[] {
    const register = this.#registers.get(x);
    return register?.bank === 'resource' ? [register.index] : [];
  }

  /** Takes results that were parameters out of the way first: they may be results in each other's places. */
  #exit(scope: Scope, parameters: readonly Value[], targets: Targets, isOwn: (x: Value) => boolean): readonly Kernel[] {
    const homes = new Map(parameters.map((x) => [this.#registers.get(x), x]));
    const moves = scope.results.map((x, i) => ({ x, target: targets[i]! }));
    const changing = moves.filter(({ x, target }) => homes.get(target) !== x);
    const early = changing.filter(({ x, target }) => !homes.has(target) || parameters.includes(x));
    const late = changing.filter((move) => !early.includes(move));
    const staying = new Set(moves.filter((move) => !changing.includes(move)).map(({ x }) => x));
    const ordered = [...early, ...late];
    const transfer = ({ x }: (typeof moves)[number], at: number, to: Register): Kernel => {
      const isLast = !ordered.slice(at + 1).some((other) => other.x === x);
      return this.#transfer(x, to, isLast && isOwn(x) && !staying.has(x));
    };
    const shadows: Kernel[] = [];
    const first = early.map((move, i) => {
      if (!homes.has(move.target)) return transfer(move, i, move.target);
      const shadow = this.#register(move.target.bank);
      shadows.push(moveRegister(shadow, move.target));
      return transfer(move, i, shadow);
    });
    const leftovers = parameters.filter((x) => !staying.has(x)).flatMap((x) => this.#resourceOf(x));
    const clear = leftovers.map((index): Kernel => (frame) => {
      frame.clear(index);
    });
    const rest = late.map((move, i) => transfer(move, early.length + i, move.target));
    return [...first, ...clear, ...rest, ...shadows];
  }

  #segment(segment: Segment): readonly Instruction[] {
    const operands = segment.graph.inputs.map((x) => this.#slot(x));
    const results = segment.results.map(({ values, isHost }): Result => {
      const slots = values.map((x) => ({ register: this.#define(x), type: tensorOf(x) }));
      const [{ register, type }] = slots as [Slot];
      return isHost ? { kind: 'host', slots } : { kind: 'device', index: register.index, bytes: bytesOf(type) };
    });
    return [{ kind: 'segment', segment: this.#loaded.get(segment)!, operands, results, frees: [] }];
  }

  #structural(step: StructuralStep, dies: (x: Value) => boolean): readonly Instruction[] {
    switch (step.kind) {
      case 'cond':
        return [this.#cond(step)];
      case 'while':
        return [this.#while(step, dies)];
      case 'scan':
        return this.#scan(step, dies);
    }
  }

  #cond(step: CondStep): Instruction {
    const outputs = step.outputs.map((x) => this.#define(x));
    return {
      kind: 'cond',
      predicate: this.#onHost(step.predicate).index,
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
  ): readonly Kernel[] {
    const captured = capturesOf(step);
    return moves.map(([x, to], i) => {
      const isLast = !moves.slice(i + 1).some(([other]) => other === x);
      return this.#transfer(x, to, isLast && dies(x) && !captured.has(x));
    });
  }

  #while(step: WhileStep, dies: (x: Value) => boolean): Instruction {
    const { carries, outputs, body, taped, initial } = step;
    const registers = carries.map((x) => this.#define(x));
    outputs.slice(0, carries.length).forEach((x, i) => this.#registers.set(x, registers[i]!));
    const predicate = this.#register('number');
    const advances = step.advances ? this.#register('number') : undefined;
    const enter = this.#enter(step, dies, [
      ...initial.map((x, i) => [x, registers[i]!] as const),
      [step.predicate, predicate],
    ]);
    const tapes = outputs.slice(carries.length).map((x, i): Written => ({
      element: this.#element(body.results[carries.length + i]!),
      list: this.#define(x).index,
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
    return { register: isHost ? this.#hostRegister(type) : this.#register('resource'), type };
  }

  #scan(step: ScanStep, dies: (x: Value) => boolean): readonly Instruction[] {
    const { carries, elements, outputs, body, tapes, initial, length } = step;
    const index = this.#define(step.index);
    const registers = carries.map((x) => this.#define(x));
    outputs.slice(0, carries.length).forEach((x, i) => this.#registers.set(x, registers[i]!));
    const lists = tapes.map(() => this.#register('resource'));
    const enter = this.#enter(step, dies, [
      ...initial.map((x, i) => [x, registers[i]!] as const),
      ...tapes.map((x, i) => [x, lists[i]!] as const),
    ]);
    const read = elements.map((x, i) => ({
      tape: lists[i]!.index,
      element: { register: this.#define(x), type: tensorOf(x) },
    }));
    const sequences = outputs.slice(carries.length);
    const written = sequences.map((x, i): Written => ({
      element: this.#element(body.results[carries.length + i]!),
      list: length === null ? this.#define(x).index : this.#register('resource').index,
    }));
    const targets = [...registers, ...written.map(({ element }) => element.register)];
    const { reverse } = step;
    const loop: Instruction = {
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

  #stack(x: Value, { element, list }: Written): Instruction {
    const result = { register: this.#define(x), type: tensorOf(x) };
    const levels = (this.#layout.stacks.get(x) ?? []).map(({ width, whole, rest }): StackLevel => ({
      width,
      whole: this.#join(whole),
      rest: this.#join(rest),
    }));
    return { kind: 'stack', list, element, result, levels, frees: [] };
  }

  #join(segment: Segment | undefined): Join | undefined {
    if (segment === undefined) return undefined;
    return { segment: this.#loaded.get(segment)!, bytes: bytesOf(tensorOf(segment.graph.outputs[0]!)) };
  }
}

function moveRegister(from: Register, to: Register): Kernel {
  const [x, z] = [from.index, to.index];
  if (from.bank === 'number') return ({ numbers }) => void (numbers[z] = numbers[x]!);
  if (from.bank === 'array') return ({ arrays }) => void (arrays[z] = arrays[x]);
  return ({ resources }) => {
    resources[z] = resources[x];
    resources[x] = undefined;
  };
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
