/** Blocks of one WebAssembly memory: who has which bytes, and growth up to a maximum. */
import { ExecutionError, UnsupportedError } from '@node-ode/core';

/** A piece of memory in use. The first address and the length are multiples of 16. */
export interface Block {
  readonly address: number;
  readonly bytes: number;
}

/** The memory as typed arrays. They end with the next growth: ask for them again after anything that may allocate. */
export interface Views {
  readonly bytes: Uint8Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** Bytes of a page, the unit in which WebAssembly memories grow. */
export const pageBytes = 65536;

/** One page less than 4 GiB, so that the end of every block is a 32-bit address as well. */
export const largestHeapBytes = 65535 * pageBytes;

const alignment = 16;
/** Bytes behind the last block that vector loads may read. */
const slack = 64;
/** Where blocks begin. Nothing is at 0, so that a forgotten address does no harm. */
const base = 64;
/** What tensors without elements have. */
const empty: Block = { address: alignment, bytes: 0 };
/** At least this much more than before, so that a heap that grows step by step seldom makes new views. */
const growth = 1.5;

/** 1.5 MiB, 12 KiB: sizes in messages. */
export const formatBytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/**
 * A first-fit allocator: low addresses first, so that what lies above `top` stays free for tapes. The bytes of a block are
 * whatever was there before.
 *
 * @example
 * const heap = new Heap(2 ** 20);
 * const block = heap.allocate('upload', 12); // { address: 64, bytes: 16 }
 * heap.views().f32.set([1, 2, 3], block.address / 4);
 * heap.release(block);
 */
export class Heap {
  readonly maximumBytes: number;
  readonly #reclaim: () => void;
  #memory: WebAssembly.Memory | undefined;
  #views: Views | undefined;
  readonly #live = new Set<Block>();
  /** Gaps below `#top`, by address; no two of them touch, and none touches `#top`. */
  #gaps: Block[] = [];
  #top = base;
  #liveBytes = 0;

  /**
   * @param maximumBytes bound on the memory, rounded down to whole pages
   * @param reclaim called when nothing is left: it may release blocks that nobody needs
   * @param shared whether threads share the memory
   * @throws UnsupportedError if the host has no memory with this maximum.
   */
  constructor(maximumBytes: number, reclaim: () => void = () => undefined, shared = false) {
    const maximum = Math.floor(Math.min(maximumBytes, largestHeapBytes) / pageBytes);
    this.maximumBytes = maximum * pageBytes;
    this.#reclaim = reclaim;
    try {
      this.#memory = new WebAssembly.Memory({ initial: 1, maximum, shared });
    } catch (cause) {
      throw new UnsupportedError('wasm', `this host has no memory of ${formatBytes(this.maximumBytes)}`, {
        advice: 'Pass a smaller bound: wasm({ maximumBytes: 2 ** 30 }).',
        cause,
      });
    }
  }

  /** Bytes of all blocks in use. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Bytes that the memory has now: it never shrinks. */
  get reservedBytes(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  /** The first address behind all blocks, a multiple of 16. */
  get top(): number {
    return this.#top;
  }

  /** The memory, for a module to import. */
  get memory(): WebAssembly.Memory {
    this.demandOpen('compile');
    return this.#memory as WebAssembly.Memory;
  }

  /** @throws ExecutionError if the heap was closed. */
  demandOpen(operation: string): void {
    if (this.#memory !== undefined) return;
    throw new ExecutionError(operation, 'the wasm backend was disposed', { advice: 'Make another with await wasm().' });
  }

  /**
   * A block of at least `bytes` bytes; none at all for 0.
   *
   * @throws ExecutionError if there is no such piece below the maximum, or the host has no more memory.
   */
  allocate(operation: string, bytes: number): Block {
    this.demandOpen(operation);
    if (bytes === 0) return empty;
    const rounded = Math.ceil(bytes / alignment) * alignment;
    let block = this.#take(rounded);
    if (block === undefined) {
      this.#reclaim();
      block = this.#take(rounded);
    }
    if (block === undefined) throw this.#exhausted(operation, rounded);
    this.#live.add(block);
    this.#liveBytes += rounded;
    return block;
  }

  /** Gives a block back. A closed heap has nothing to take back. */
  release(block: Block): void {
    if (block.bytes === 0 || this.#memory === undefined) return;
    if (!this.#live.delete(block)) throw new Error(`the block at ${block.address} was released before`);
    this.#liveBytes -= block.bytes;
    const next = this.#firstGapAfter(block.address);
    const before = this.#gaps[next - 1];
    const after = this.#gaps[next];
    let [start, end] = [block.address, block.address + block.bytes];
    let [from, count] = [next, 0];
    if (before !== undefined && before.address + before.bytes === start) {
      start = before.address;
      [from, count] = [from - 1, count + 1];
    }
    if (after?.address === end) {
      end += after.bytes;
      count++;
    }
    if (end === this.#top) {
      this.#top = start;
      this.#gaps.splice(from, count);
    } else {
      this.#gaps.splice(from, count, { address: start, bytes: end - start });
    }
  }

  /** The memory as it is now. A module may have grown it since the last call. */
  views(): Views {
    const { buffer } = this.memory;
    if (this.#views?.bytes.buffer === buffer) return this.#views;
    this.#views = {
      bytes: new Uint8Array(buffer),
      i32: new Int32Array(buffer),
      f32: new Float32Array(buffer),
      f64: new Float64Array(buffer),
    };
    return this.#views;
  }

  /** Lets go of the memory; blocks are worth nothing afterwards. */
  close(): void {
    this.#memory = undefined;
    this.#views = undefined;
    this.#live.clear();
    this.#gaps = [];
    this.#liveBytes = 0;
  }

  #take(bytes: number): Block | undefined {
    const at = this.#gaps.findIndex((gap) => gap.bytes >= bytes);
    const gap = this.#gaps[at];
    if (gap !== undefined) {
      const rest = { address: gap.address + bytes, bytes: gap.bytes - bytes };
      this.#gaps.splice(at, 1, ...(rest.bytes > 0 ? [rest] : []));
      return { address: gap.address, bytes };
    }
    if (!this.#reserve(this.#top + bytes + slack)) return undefined;
    const block = { address: this.#top, bytes };
    this.#top += bytes;
    return block;
  }

  /** Grows the memory to `end` bytes, or fails. */
  #reserve(end: number): boolean {
    const memory = this.#memory as WebAssembly.Memory;
    const present = memory.buffer.byteLength;
    if (end <= present) return true;
    if (end > this.maximumBytes) return false;
    const ample = Math.min(this.maximumBytes, Math.max(end, growth * present));
    return [ample, end].some((bytes) => {
      try {
        memory.grow(Math.ceil((bytes - present) / pageBytes));
        return true;
      } catch {
        return false; // the host has less than the maximum
      }
    });
  }

  /** The position among the gaps of the first behind an address. */
  #firstGapAfter(address: number): number {
    let [low, high] = [0, this.#gaps.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#gaps[middle] as Block).address < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #exhausted(operation: string, bytes: number): ExecutionError {
    const [wanted, used, all] = [bytes, this.#liveBytes, this.maximumBytes].map(formatBytes);
    return new ExecutionError(operation, `there is no piece of ${wanted}: ${used} of at most ${all} are in use`, {
      advice:
        'Dispose of arrays and executables that are not needed, take a smaller batch, or raise maximumBytes (up to 4 GiB).',
    });
  }
}
