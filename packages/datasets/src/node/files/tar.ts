/** Files in a tar archive (POSIX ustar), compressed or not, read one after another. */
import { badBytes } from '../../bytes/problem.ts';
import { byteQueue, type ByteQueue } from './byte-queue.ts';
import { byteStream } from './byte-stream.ts';

/** A file of an archive. */
export interface TarMember {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Which files of an archive are read. */
export interface TarOptions {
  readonly isWanted: (name: string) => boolean;
  /** Bytes of the largest wanted file that is accepted. */
  readonly maxBytes: number;
}

const block = 512;

/**
 * The wanted files of an archive, in its order; nothing is written to disk.
 *
 * @throws FormatError naming archive and offset (decompressed) if it is truncated, damaged or no archive, or a wanted file is
 * too large.
 */
export async function* tarMembers(operation: string, path: string, options: TarOptions): AsyncGenerator<TarMember> {
  const queue = byteQueue(operation, path, byteStream(operation, path));
  try {
    for (;;) {
      const header = await nextHeader(operation, path, queue);
      if (header === undefined) return;
      const { name, size, isFile } = header;
      const padding = (block - (size % block)) % block;
      if (isFile && options.isWanted(name)) {
        if (size > options.maxBytes) {
          throw badBytes(operation, path, queue.offset, `“${name}” has ${size} bytes`, {
            expected: `at most ${options.maxBytes}`,
          });
        }
        yield { name, bytes: await queue.take(size, `“${name}”`) };
      } else await queue.skip(size, `“${name}”`);
      await queue.skip(padding, 'the padding');
    }
  } finally {
    await queue.close();
  }
}

interface Header {
  readonly name: string;
  readonly size: number;
  readonly isFile: boolean;
}

/** Undefined at the end of the archive: an empty block. */
async function nextHeader(operation: string, path: string, queue: ByteQueue): Promise<Header | undefined> {
  const { offset } = queue;
  const bytes = await queue.take(block, 'a header');
  if (bytes.every((byte) => byte === 0)) return undefined;
  const text = (from: number, length: number): string =>
    new TextDecoder().decode(bytes.subarray(from, from + length)).replace(/\0[^]*$/, '');
  const octal = (from: number, length: number): number => {
    const digits = text(from, length).trim();
    return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
  };
  const sum = bytes.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  const size = octal(124, 12);
  if (octal(148, 8) !== sum || !Number.isSafeInteger(size)) {
    throw badBytes(operation, path, offset, 'the header of a file in the archive has a wrong checksum or size', {
      expected: 'a tar archive',
      advice: 'The file is damaged, or is no tar archive.',
    });
  }
  const prefix = text(257, 5) === 'ustar' ? text(345, 155) : '';
  const type = bytes[156];
  return {
    name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    size,
    isFile: type === 0x30 || type === 0,
  };
}
