/** What a reader may do with whatever it is given: give something, or refuse it by a typed error; soon, and without much memory. */
import { NodeOdeError } from '@node-ode/core';

/** What is asked of a reader. */
export interface Bounds {
  /** Codes of errors that it may throw; 'FORMAT' by default. */
  readonly codes?: readonly string[];
  /** Seconds of processor time; 5 by default. */
  readonly seconds?: number;
  /** Bytes of buffers that it may take, whatever it is given; 4 MB by default. */
  readonly bytes?: number;
  /** Bytes that it may take for each byte that it is given; 64 by default. */
  readonly perByte?: number;
}

/** How reading ended. */
export type Outcome<T> = { readonly value: T } | { readonly refused: NodeOdeError };

/**
 * Reads within bounds.
 *
 * @param size Bytes that the reader is given.
 * @throws Error if the reader throws anything but a typed error of these codes, or takes too long or too much memory.
 */
export async function bounded<T>(size: number, read: () => T | Promise<T>, bounds: Bounds = {}): Promise<Outcome<T>> {
  const { codes = ['FORMAT'], seconds = 5, bytes = 4_000_000, perByte = 64 } = bounds;
  const [buffers, time] = [process.memoryUsage().arrayBuffers, process.cpuUsage()];
  const outcome = await attempt(read, codes);
  const { length = 0 } = 'refused' in outcome ? outcome.refused.message : '';
  if (length > 5000) throw new Error(`an error of ${length} characters for ${size} bytes`);
  const { user, system } = process.cpuUsage(time);
  const [taken, spent] = [process.memoryUsage().arrayBuffers - buffers, (user + system) / 1e6];
  if (spent > seconds) throw new Error(`${spent.toFixed(1)} s for ${size} bytes; expected ${seconds} s at most`);
  const most = bytes + perByte * size;
  if (taken > most) throw new Error(`${taken} bytes of memory for a file of ${size}; expected ${most} at most`);
  return outcome;
}

async function attempt<T>(read: () => T | Promise<T>, codes: readonly string[]): Promise<Outcome<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof NodeOdeError) || !codes.includes(error.code)) throw error;
    return { refused: error };
  }
}
