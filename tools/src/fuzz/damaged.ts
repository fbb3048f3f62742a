/** Files that are nearly right: the valid one with a few things changed, as disks, networks and attackers change them. */
import fc from 'fast-check';

/** One change to a file. Positions are taken modulo its length. */
type Edit =
  | { readonly kind: 'flip'; readonly at: number; readonly by: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'remove' | 'repeat' | 'blank'; readonly at: number; readonly count: number }
  | { readonly kind: 'truncate'; readonly at: number }
  | {
      readonly kind: 'number';
      readonly at: number;
      readonly width: 2 | 4 | 8;
      readonly value: bigint;
      readonly little: boolean;
    }
  | { readonly kind: 'swap'; readonly at: number; readonly other: number; readonly count: number };

/** Numbers that lengths, offsets and extents should never be. */
const hostileNumbers = [
  ...[0n, 1n, 0x7fn, 0xffn, 0x7fffn, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn],
  ...[0x1_0000_0000n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
];

const at = fc.nat();
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant('flip'), at, by: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('insert'), at, bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }) }),
  fc.record({ kind: fc.constantFrom('remove', 'repeat', 'blank'), at, count: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ kind: fc.constant('truncate'), at }),
  fc.record({
    kind: fc.constant('number'),
    at,
    width: fc.constantFrom(2, 4, 8),
    value: fc.constantFrom(...hostileNumbers),
    little: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('swap'), at, other: fc.nat(), count: fc.integer({ min: 1, max: 16 }) }),
);

/** A file with one to four changes; now and then only its head. */
export const damaged = (valid: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => edits.reduce(apply, valid));

function apply(bytes: Uint8Array, change: Edit): Uint8Array {
  const start = change.at % (bytes.length + 1);
  const [before, after] = [bytes.subarray(0, start), bytes.subarray(start)];
  switch (change.kind) {
    case 'flip':
      return joined(
        before,
        after.slice(0, 1).map((byte) => byte ^ change.by),
        after.subarray(1),
      );
    case 'insert':
      return joined(before, change.bytes, after);
    case 'remove':
      return joined(before, after.subarray(change.count));
    case 'repeat':
      return joined(before, after.subarray(0, change.count), after);
    case 'blank':
      return joined(before, after.slice(0, change.count).fill(0), after.subarray(change.count));
    case 'truncate':
      return before;
    case 'number':
      return joined(before, numberBytes(change).subarray(0, after.length), after.subarray(change.width));
    case 'swap':
      return swapped(bytes, start, change.other % (bytes.length + 1), change.count);
  }
}

function numberBytes({ width, value, little }: Extract<Edit, { kind: 'number' }>): Uint8Array {
  const bytes = Uint8Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
  return little ? bytes : bytes.reverse();
}

function swapped(bytes: Uint8Array, a: number, b: number, count: number): Uint8Array {
  const [first, second] = [bytes.slice(a, a + count), bytes.slice(b, b + count)];
  const result = bytes.slice();
  result.set(second.subarray(0, Math.min(second.length, bytes.length - a)), a);
  result.set(first.subarray(0, Math.min(first.length, bytes.length - b)), b);
  return result;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}
