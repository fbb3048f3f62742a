/** A name for a model's content, for cache folders and logs. */
import { UnsupportedError } from '@node-ode/core';

/** Typed as always there, but browsers hide it from pages without a secure origin. */
const webCrypto = (): SubtleCrypto | undefined => globalThis.crypto?.subtle;

/**
 * SHA-256 of bytes, in 64 hexadecimal digits: the same on every engine and in every version of this library.
 *
 * @throws UnsupportedError in a page that has no WebCrypto: one that was not loaded over https or from localhost.
 *
 * @example
 * const key = await contentHash(encodeModel(model).bytes);
 */
export const contentHash = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> => {
  const subtle = webCrypto();
  if (subtle === undefined) {
    throw new UnsupportedError('contentHash', 'there is no WebCrypto here', {
      advice: 'Load the page over https or from localhost.',
    });
  }
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
};

/**
 * What tells contents apart within a process: their hash, or all of them as text in a page that has no WebCrypto.
 *
 * @example
 * const key = await contentKey(encodeModel(model).bytes);
 */
export const contentKey = (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  webCrypto() === undefined ? Promise.resolve(new TextDecoder('latin1').decode(bytes)) : contentHash(bytes);
