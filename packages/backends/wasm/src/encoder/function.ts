/** The body of a function, written instruction by instruction. */
import { Bytes } from './bytes.ts';
import { typeCode, type Callable, type Global, type ModuleBuilder, type WasmType } from './module.ts';
import {
  laneOpcodes,
  memoryLaneOpcodes,
  memoryOpcodes,
  plainOpcodes,
  type LaneOp,
  type MemoryLaneOp,
  type MemoryOp,
  type PlainOp,
} from './opcodes.ts';

/** A local variable or parameter of a function. */
export interface Local {
  readonly type: WasmType;
  readonly index: number;
}

/** A place that a branch goes to: the end of a block, the start of a loop. */
export interface Label {
  readonly depth: number;
}

/** Writes instructions that leave one value on the stack. */
export type Code = (f: FunctionBuilder) => void;

/**
 * A function of a module. Methods append one instruction each and return the builder, so that short sequences chain; `Code`
 * values (see `code.ts`) make expressions of them.
 */
export class FunctionBuilder implements Callable {
  readonly module: ModuleBuilder;
  readonly name: string;
  readonly params: readonly WasmType[];
  readonly results: readonly WasmType[];
  readonly index: number;
  #code = new Bytes();
  readonly #locals: WasmType[] = [];
  #depth = 0;

  constructor(
    module: ModuleBuilder,
    name: string,
    params: readonly WasmType[],
    results: readonly WasmType[],
    index: number,
  ) {
    this.module = module;
    this.name = name;
    this.params = params;
    this.results = results;
    this.index = index;
  }

  param(index: number): Local {
    const type = this.params[index];
    if (type === undefined) throw new Error(`${this.name} has no parameter ${index}`);
    return { type, index };
  }

  /** A fresh variable; it starts at zero. */
  local(type: WasmType): Local {
    this.#locals.push(type);
    return { type, index: this.params.length + this.#locals.length - 1 };
  }

  /** A fresh variable with the value of `code`. */
  keep(type: WasmType, code: Code): Local {
    code(this);
    const local = this.local(type);
    this.set(local);
    return local;
  }

  get(local: Local): this {
    this.#code.byte(0x20);
    this.#code.unsigned(local.index);
    return this;
  }

  set(local: Local): this {
    this.#code.byte(0x21);
    this.#code.unsigned(local.index);
    return this;
  }

  tee(local: Local): this {
    this.#code.byte(0x22);
    this.#code.unsigned(local.index);
    return this;
  }

  globalGet(global: Global): this {
    this.#code.byte(0x23);
    this.#code.unsigned(global.index);
    return this;
  }

  globalSet(global: Global): this {
    this.#code.byte(0x24);
    this.#code.unsigned(global.index);
    return this;
  }

  i32(value: number): this {
    this.#code.byte(0x41);
    this.#code.signed(value);
    return this;
  }

  i64(value: bigint): this {
    this.#code.byte(0x42);
    this.#code.signed64(value);
    return this;
  }

  f32(value: number): this {
    this.#code.byte(0x43);
    this.#code.f32(value);
    return this;
  }

  f64(value: number): this {
    this.#code.byte(0x44);
    this.#code.f64(value);
    return this;
  }

  /** A vector constant of 16 bytes. */
  v128(bytes: Uint8Array): this {
    if (bytes.length !== 16) throw new Error(`a v128 has 16 bytes, not ${bytes.length}`);
    this.#opcode(0xfd0c);
    this.#code.append(bytes);
    return this;
  }

  op(name: PlainOp): this {
    this.#opcode(plainOpcodes[name]);
    return this;
  }

  /** A load or store at the address on the stack plus `offset`. The alignment is a hint only: none is promised. */
  memory(name: MemoryOp, offset = 0): this {
    const [opcode] = memoryOpcodes[name];
    this.#opcode(opcode);
    this.#code.byte(0);
    this.#code.unsigned(offset);
    return this;
  }

  memoryLane(name: MemoryLaneOp, lane: number, offset = 0): this {
    const [opcode] = memoryLaneOpcodes[name];
    this.#opcode(opcode);
    this.#code.byte(0);
    this.#code.unsigned(offset);
    this.#code.byte(lane);
    return this;
  }

  lane(name: LaneOp, lane: number): this {
    this.#opcode(laneOpcodes[name]);
    this.#code.byte(lane);
    return this;
  }

  /** i8x16.shuffle: 16 indices into the bytes of both operands. */
  shuffle(indices: readonly number[]): this {
    if (indices.length !== 16) throw new Error(`a shuffle has 16 indices, not ${indices.length}`);
    this.#opcode(0xfd0d);
    for (const index of indices) this.#code.byte(index);
    return this;
  }

  call(callable: Callable): this {
    this.#code.byte(0x10);
    this.#code.unsigned(callable.index);
    return this;
  }

  memorySize(): this {
    this.#code.byte(0x3f);
    this.#code.byte(0);
    return this;
  }

  memoryGrow(): this {
    this.#code.byte(0x40);
    this.#code.byte(0);
    return this;
  }

  /** memory.copy: destination, source and count of bytes are on the stack. */
  memoryCopy(): this {
    this.#opcode(0xfc0a);
    this.#code.byte(0);
    this.#code.byte(0);
    return this;
  }

  /** memory.fill: destination, byte and count are on the stack. */
  memoryFill(): this {
    this.#opcode(0xfc0b);
    this.#code.byte(0);
    return this;
  }

  /** A block without operands and results; a branch to its label goes to its end. */
  block(body: (end: Label) => void): this {
    return this.#nested(0x02, body);
  }

  /** A loop without operands and results; a branch to its label starts it again. */
  loop(body: (start: Label) => void): this {
    return this.#nested(0x03, body);
  }

  /** Takes an i32 from the stack: `then` if it is not zero, else `otherwise`. */
  if(then: () => void, otherwise?: () => void): this {
    return this.#nested(0x04, () => {
      then();
      if (otherwise !== undefined) {
        this.#code.byte(0x05);
        otherwise();
      }
    });
  }

  branch(label: Label): this {
    this.#code.byte(0x0c);
    this.#code.unsigned(this.#depth - label.depth);
    return this;
  }

  /** Branches if the i32 on the stack is not zero. */
  branchIf(label: Label): this {
    this.#code.byte(0x0d);
    this.#code.unsigned(this.#depth - label.depth);
    return this;
  }

  /** Appends what `code` writes. */
  emit(code: Code): this {
    code(this);
    return this;
  }

  /**
   * Writes instructions aside, to be emitted later: what they turn out to need can be written before them. They may branch
   * only among themselves.
   */
  aside(body: () => void): Code {
    const main = this.#code;
    this.#code = new Bytes();
    body();
    const written = this.#code.written();
    this.#code = main;
    return (f) => {
      f.#code.append(written);
    };
  }

  /** Locals and instructions in binary form. */
  encode(): Uint8Array {
    const out = new Bytes();
    const runs: { type: WasmType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    out.unsigned(runs.length);
    for (const { type, count } of runs) {
      out.unsigned(count);
      out.byte(typeCode(type));
    }
    out.append(this.#code.written());
    out.byte(0x0b);
    return out.written();
  }

  #nested(opcode: number, body: (label: Label) => void): this {
    this.#code.byte(opcode);
    this.#code.byte(0x40);
    this.#depth++;
    body({ depth: this.#depth });
    this.#depth--;
    this.#code.byte(0x0b);
    return this;
  }

  #opcode(opcode: number): void {
    if (opcode < 0x100) {
      this.#code.byte(opcode);
      return;
    }
    this.#code.byte(opcode >> 8);
    this.#code.unsigned(opcode & 0xff);
  }
}
