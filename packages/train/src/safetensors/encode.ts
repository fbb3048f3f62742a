/** Arrays to the bytes of a safetensors file. */
import { bytesPerElement, OptionError, sizeOf, ShapeError, type HostArray } from '@node-ode/core';
import { writeElements } from './bytes.ts';
import { dtypeNames, lengthBytes, maxHeaderBytes, metadataKey } from './content.ts';

type Named = readonly [name: string, array: HostArray];

/**
 * The bytes of a safetensors file: the length of the header (8 bytes, little-endian), the header (JSON), the data. Wide
 * dtypes come first and the header is padded, so that every element is aligned; the same content gives the same bytes.
 *
 * @throws OptionError if a tensor is called `__metadata__` or the header would be over 100 MB.
 * @throws ShapeError if an array's data does not fill its shape.
 * @example
 * const bytes = encodeSafetensors({ weight: array([[1, 2], [3, 4]]) }, { trained: 'yes' });
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, HostArray>> | Iterable<Named>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const list = sorted(isIterable(tensors) ? [...tensors] : Object.entries(tensors));
  requireEncodable(list);
  const header = encodeHeader(list, metadata);
  const total = list.reduce((sum, [, array]) => sum + byteLength(array), lengthBytes + header.length);
  const bytes = new Uint8Array(total);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, lengthBytes);
  let position = lengthBytes + header.length;
  for (const [, array] of list) {
    writeElements(array, bytes.subarray(position, position + byteLength(array)));
    position += byteLength(array);
  }
  return bytes;
}

const isIterable = (x: object): x is Iterable<Named> => Symbol.iterator in x;

const byteLength = ({ shape, dtype }: HostArray): number => sizeOf(shape) * bytesPerElement(dtype);

/** By width of the elements, then by name. */
const sorted = (list: readonly Named[]): readonly Named[] =>
  [...list].sort(
    ([a, { dtype: da }], [b, { dtype: db }]) => bytesPerElement(db) - bytesPerElement(da) || (a < b ? -1 : 1),
  );

function requireEncodable(list: readonly Named[]): void {
  const names = new Set([metadataKey]);
  for (const [name, { shape, data }] of list) {
    if (names.has(name)) {
      throw new OptionError('encodeSafetensors', `a tensor called “${name}”`, {
        expected: `names that differ from each other and from ${metadataKey}`,
      });
    }
    if (data.length !== sizeOf(shape)) {
      throw new ShapeError(
        'encodeSafetensors',
        `“${name}” of shape [${shape.join(', ')}] has ${data.length} elements`,
        {
          expected: `${sizeOf(shape)}`,
        },
      );
    }
    names.add(name);
  }
}

function encodeHeader(list: readonly Named[], metadata: Readonly<Record<string, string>>): Uint8Array {
  let begin = 0;
  const entries = list.map(([name, array]) => {
    const end = begin + byteLength(array);
    const entry = { dtype: dtypeNames[array.dtype], shape: array.shape, data_offsets: [begin, end] };
    begin = end;
    return [name, entry] as const;
  });
  const text = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = [...(text.length === 0 ? [] : [[metadataKey, Object.fromEntries(text)] as const]), ...entries];
  // written field by field: an object would put keys that look like numbers first, out of the data's order
  const json = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const bytes = new TextEncoder().encode(json + ' '.repeat(padding(json)));
  if (bytes.length > maxHeaderBytes) {
    throw new OptionError('encodeSafetensors', `a header of ${bytes.length} bytes`, {
      expected: `at most ${maxHeaderBytes}`,
      advice: 'Put long texts into files of their own.',
    });
  }
  return bytes;
}

/** Spaces that make the header's bytes a multiple of 8. */
const padding = (json: string): number => (8 - (new TextEncoder().encode(json).length % 8)) % 8;
