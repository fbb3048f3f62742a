/** A stream of chunks, read by numbers of bytes. */
import { badBytes } from '../../bytes/problem.ts';

/** Bytes of a stream in order. */
export interface ByteQueue {
  /** Bytes that were taken so far. */
  readonly offset: number;
  /**
   * The next `count` bytes.
   *
   * @throws FormatError saying that `what` ends early.
   */
  take(count: number, what: string): Promise<Uint8Array>;
  /** Up to `count` bytes; fewer at the end. */
  upTo(count: number): Promise<Uint8Array>;
  /** Leaves out so many bytes, without keeping them. */
  skip(count: number, what: string): Promise<void>;
  /** Whether there is nothing more. */
  isAtEnd(): Promise<boolean>;
  /** Ends the stream. */
  close(): Promise<void>;
}

/** Reads a stream; errors name the operation, the source and the offset in the stream. */
export function byteQueue(operation: string, source: string, stream: AsyncGenerator<Uint8Array>): ByteQueue {
  let waiting: Uint8Array = new Uint8Array(0);
  let offset = 0;

  /** Takes parts of what is there until there are `count` bytes or nothing more. */
  const each = async (count: number, use: (part: Uint8Array) => void): Promise<number> => {
    let left = count;
    while (left > 0) {
      if (waiting.length === 0) {
        const { done, value } = await stream.next();
        if (done === true) break;
        waiting = value;
      }
      const part = waiting.subarray(0, left);
      waiting = waiting.subarray(part.length);
      offset += part.length;
      left -= part.length;
      use(part);
    }
    return count - left;
  };
  const ends = (what: string, count: number, got: number): never => {
    throw badBytes(operation, source, offset, `the data ends in ${what}, after ${got} of ${count} bytes`, {
      expected: 'a whole file',
      advice: 'The file is truncated: get it again.',
    });
  };
  const collect = async (count: number): Promise<Uint8Array> => {
    const parts: Uint8Array[] = [];
    await each(count, (part) => parts.push(part));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  };
  return {
    get offset() {
      return offset;
    },
    take: async (count, what) => {
      const bytes = await collect(count);
      return bytes.length === count ? bytes : ends(what, count, bytes.length);
    },
    upTo: collect,
    skip: async (count, what) => {
      const got = await each(count, () => undefined);
      if (got < count) ends(what, count, got);
    },
    isAtEnd: async () => {
      while (waiting.length === 0) {
        const { done, value } = await stream.next();
        if (done === true) return true;
        waiting = value;
      }
      return false;
    },
    close: async () => {
      await stream.return(undefined);
    },
  };
}
