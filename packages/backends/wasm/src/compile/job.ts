/** Work that the threads of a backend share: a function of the module for one part of it, and a call that has all parts done. */
import { get, i32, load } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { FunctionEmitter } from './function-emitter.ts';
import type { Job } from './steps.ts';
import { scalarType } from './types.ts';

/** What a part knows of itself. */
export interface Part {
  /** Its number, from 0. */
  readonly index: Local;
  /** The thread that it runs on, from 0: each has scratch memory of its own. */
  readonly thread: Local;
}

/**
 * Writes a function that does one part of a job, and the call that has all parts done, in any order and some of them at the
 * same time. A part reads nothing that another one writes.
 *
 * @param write writes the part, with an emitter for its function
 * @example
 * emitJob(e, 'product', job, blocks, (inner, { index, thread }) => emitBlock(inner.f, index, scratchOf(thread)));
 */
export function emitJob(
  e: FunctionEmitter,
  name: string,
  { slots }: Job,
  parts: number,
  write: (inner: FunctionEmitter, part: Part) => void,
): void {
  const f = e.context.module.function(name, ['i32', 'i32'], []);
  const transfers = new Transfers(
    f,
    slots.map((slot) => e.slot(slot)),
  );
  const inner = e.part(f, {
    pointer: (root) => transfers.local(root, 'i32', get(e.pointer(root))),
    scalar: (variable) => transfers.local(variable, scalarType(variable.dtype), e.scalar(variable)),
  });
  const body = f.aside(() => {
    write(inner, { index: f.param(0), thread: f.param(1) });
  });
  transfers.emitLoads();
  f.emit(body);
  transfers.emitStores(e.f);
  e.f.i32(e.context.addJob(f)).i32(parts).call(e.context.share);
}

type TransferType = 'i32' | 'f32' | 'f64';

interface Transfer {
  readonly type: TransferType;
  readonly address: number;
  /** The value, in the function around. */
  readonly value: Code;
  /** The same, in the part. */
  readonly local: Local;
}

/** Values that a part gets from the function around it, through memory: it may run in another thread. */
class Transfers {
  readonly #f: FunctionBuilder;
  readonly #addresses: readonly number[];
  readonly #transfers = new Map<object, Transfer>();

  constructor(f: FunctionBuilder, addresses: readonly number[]) {
    this.#f = f;
    this.#addresses = addresses;
  }

  /** The part's local for something that the function around knows. */
  local(what: object, type: TransferType, value: Code): Local {
    let transfer = this.#transfers.get(what);
    if (transfer === undefined) {
      const address = this.#addresses[this.#transfers.size];
      if (address === undefined) throw new Error('a job uses more variables than it was planned for');
      transfer = { type, address, value, local: this.#f.local(type) };
      this.#transfers.set(what, transfer);
    }
    return transfer.local;
  }

  emitStores(outer: FunctionBuilder): void {
    for (const { type, address, value } of this.#transfers.values()) {
      outer.i32(address).emit(value).memory(`${type}.store`);
    }
  }

  emitLoads(): void {
    for (const { type, address, local } of this.#transfers.values()) {
      this.#f.emit(load(`${type}.load`, i32(address))).set(local);
    }
  }
}
