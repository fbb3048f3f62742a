/** IDX, the format of MNIST: a magic number, extents, elements; all big-endian. */
import { badBytes, claimedSize } from '../bytes/problem.ts';

/** Elements of an IDX file, as they are stored. */
export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** An IDX file's array, row-major. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: IdxData;
}

/** What an IDX file says of itself. */
export interface IdxHeader {
  readonly shape: readonly number[];
  readonly type: IdxType;
  /** Where the elements begin. */
  readonly offset: number;
  /** Bytes of the whole file; Infinity where the extents' product is no exact integer. */
  readonly bytes: number;
}

/** How elements of a type are read. */
export interface IdxType {
  readonly width: number;
  readonly make: (length: number) => IdxData;
  readonly get: (view: DataView, offset: number) => number;
}

const types: Readonly<Record<number, IdxType>> = {
  0x08: { width: 1, make: (n) => new Uint8Array(n), get: (view, at) => view.getUint8(at) },
  0x09: { width: 1, make: (n) => new Int8Array(n), get: (view, at) => view.getInt8(at) },
  0x0b: { width: 2, make: (n) => new Int16Array(n), get: (view, at) => view.getInt16(at) },
  0x0c: { width: 4, make: (n) => new Int32Array(n), get: (view, at) => view.getInt32(at) },
  0x0d: { width: 4, make: (n) => new Float32Array(n), get: (view, at) => view.getFloat32(at) },
  0x0e: { width: 8, make: (n) => new Float64Array(n), get: (view, at) => view.getFloat64(at) },
};

/** Bytes that any header fits in. */
export const longestIdxHeader = 4 + 4 * 255;

/**
 * The header at the start of some bytes, which may be a part of the file.
 *
 * @throws FormatError naming source and offset if it is none, or not all there.
 */
export function idxHeader(bytes: Uint8Array, source: string): IdxHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const expected = 'two zero bytes, a type of 8, 9, 11, 12, 13 or 14, and the number of axes';
  if (bytes.length < 4) {
    throw badBytes('parseIdx', source, bytes.length, 'the data ends in the magic number', { expected });
  }
  const [zeros, code, rank] = [view.getUint16(0), view.getUint8(2), view.getUint8(3)];
  const type = types[code];
  if (zeros !== 0 || type === undefined || rank === 0) {
    const magic = `0x${view.getUint32(0).toString(16).padStart(8, '0')}`;
    throw badBytes('parseIdx', source, 0, `the magic number is ${magic}`, {
      expected,
      advice: 'This is no IDX file.',
    });
  }
  const offset = 4 + 4 * rank;
  if (bytes.length < offset) {
    throw badBytes('parseIdx', source, bytes.length, `the data ends in the extents of ${rank} axes`, {
      expected: `${offset} bytes of header`,
    });
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  return { shape, type, offset, bytes: offset + claimedSize(shape) * type.width };
}

/** @throws FormatError if a file with this header is not as long as the header says. */
export function checkIdxLength({ shape, bytes }: IdxHeader, length: number, source: string): void {
  if (bytes === length) return;
  throw badBytes('parseIdx', source, Math.min(bytes, length), `${length} bytes, of which the header claims ${bytes}`, {
    expected: `the elements of an array of shape [${shape.join(', ')}] and nothing else`,
    advice: length < bytes ? 'The file is truncated: get it again.' : 'The file is damaged: get it again.',
  });
}

/** Elements from big-endian bytes. */
export function idxElements(type: IdxType, bytes: Uint8Array, length: number): IdxData {
  const data = type.make(length);
  if (data instanceof Uint8Array) {
    data.set(bytes.subarray(0, length));
    return data;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < length; i++) data[i] = type.get(view, i * type.width);
  return data;
}

/**
 * Reads IDX: any type and number of axes. What the header claims is compared with what is there before anything is
 * allocated.
 *
 * @param bytes a whole file, decompressed
 * @throws FormatError naming source and offset if the data is truncated, too long, or no IDX.
 * @example
 * const { shape, data } = parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9)); // [2], Uint8Array [7, 9]
 */
export function parseIdx(bytes: Uint8Array, options: { readonly source?: string } = {}): IdxArray {
  const { source = 'IDX' } = options;
  const header = idxHeader(bytes, source);
  checkIdxLength(header, bytes.length, source);
  return {
    shape: header.shape,
    data: idxElements(header.type, bytes.subarray(header.offset), claimedSize(header.shape)),
  };
}
