/** Checksums and sizes of files. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What a file's bytes have to give. */
export interface Checksum {
  /** As its source publishes it; MD5 tells damage, not malice. */
  readonly algorithm: 'sha256' | 'md5';
  /** In hexadecimal digits, lower case. */
  readonly digest: string;
}

/** The digest of a file, read in pieces. */
export async function digestOf(path: string, algorithm: Checksum['algorithm']): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) if (chunk instanceof Uint8Array) hash.update(chunk);
  return hash.digest('hex');
}

/** Bytes of a file, 0 if there is none. */
export const sizeOf = async (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
