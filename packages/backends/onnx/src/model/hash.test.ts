import { afterEach, expect, it, vi } from 'vitest';
import { contentHash, contentKey } from './hash.ts';

const bytes = new TextEncoder().encode('abc');

afterEach(() => {
  vi.unstubAllGlobals();
});

it('is SHA-256', async () => {
  // FIPS 180-2, appendix B.1
  const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(await contentHash(bytes)).toBe(digest);
  expect(await contentKey(bytes)).toBe(digest);
});

it('in a page without WebCrypto the content is its own key', async () => {
  vi.stubGlobal('crypto', {});
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const keys = await Promise.all([...all].map((byte) => contentKey(Uint8Array.of(byte))));
  expect(new Set(keys).size).toBe(256);
  await expect(contentHash(bytes)).rejects.toThrow('there is no WebCrypto here');
});
