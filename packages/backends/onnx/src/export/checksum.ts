/** CRC-32 (ISO 3309, as in PNG and zip): tells a file that was damaged from the one that was written. */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

/**
 * The checksum of parts one after the other, in eight hexadecimal digits.
 *
 * @example
 * checksum(new TextEncoder().encode('123456789')); // 'cbf43926'
 */
export function checksum(...parts: readonly Uint8Array[]): string {
  let remainder = 0xffffffff;
  for (const part of parts) {
    for (const byte of part) remainder = (table[(remainder ^ byte) & 0xff] as number) ^ (remainder >>> 8);
  }
  return ((remainder ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0');
}
