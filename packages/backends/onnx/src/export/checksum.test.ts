import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { checksum } from './checksum.ts';

const bytes = new TextEncoder().encode('123456789');

it('is CRC-32: the check value of its definition', () => {
  expect(checksum(bytes)).toBe('cbf43926');
  expect(checksum()).toBe('00000000');
});

it('goes over parts as over the whole', () => {
  expect(checksum(bytes.subarray(0, 4), bytes.subarray(4))).toBe('cbf43926');
});

it('differs for every flipped bit', () => {
  const sums = new Set([checksum(bytes)]);
  for (let bit = 0; bit < 72; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    sums.add(checksum(flipped));
  }
  expect(sums.size).toBe(73);
});

it.skipIf(typeof crc32 !== 'function')('is that of zlib', () => {
  const random = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) % 251);
  expect(checksum(random)).toBe(crc32(random).toString(16).padStart(8, '0'));
});
