/** MAT-files of version 5 (MathWorks, "MAT-File Format"): full arrays of real numbers, such as SVHN's. */
import { OptionError, type FormatError } from '@node-ode/core';
import { badBytes, claimedSize } from '../bytes/problem.ts';
import { arrayClasses, numericTypes, type MatNumbers } from './types.ts';

/** A variable: its numbers are in column-major order, the first axis fastest. */
export interface MatArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** As they are stored; the class may be wider, such as doubles that are stored as bytes. */
  readonly data: MatNumbers;
}

/** How a MAT-file is read. */
export interface MatOptions {
  /** Named in errors; `MAT` by default. */
  readonly source?: string;
  /**
   * Decompresses zlib data, to `maxLength` bytes at most; throws if there are more or the data is damaged. With `isPrefix` it
   * gives what it can of data that is not all there.
   */
  readonly inflate?: (
    data: Uint8Array,
    options: { readonly maxLength: number; readonly isPrefix?: boolean },
  ) => Uint8Array;
  /** The variables that are wanted; all by default. Others may be anything: they are not read. */
  readonly names?: readonly string[];
  /** Bytes of the largest variable that is accepted; 2 GiB by default. */
  readonly maxBytes?: number;
}

const element = { int8: 1, uint8: 2, int32: 5, uint32: 6, matrix: 14, compressed: 15 } as const;
const headerLength = 128;
/** Deflate's own limit: no more than 1032 bytes come out of one. */
const largestRatio = 1032;

/** A part of the file, or of what was compressed in it. `at` is where the file has it, for errors. */
interface Region {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly isLittle: boolean;
  readonly at: (offset: number) => number;
  readonly where: string;
  readonly source: string;
}

interface Element {
  readonly type: number;
  readonly start: number;
  readonly length: number;
  /** Where the next element begins. */
  readonly end: number;
}

/**
 * Reads the variables of a MAT-file of version 5: full, real arrays of numbers, compressed or not, of either byte order.
 *
 * @throws FormatError naming source and offset if the file is truncated, damaged, of another version, or a wanted variable is
 * missing, complex, sparse, text, a cell or a struct; OptionError if there is a compressed variable and no `inflate`.
 * @example
 * const bytes = new Uint8Array(128);
 * bytes.set([0, 1, 73, 77], 124); // version 5, little-endian: a file without variables
 * parseMat(bytes); // []
 */
export function parseMat(bytes: Uint8Array, options: MatOptions = {}): readonly MatArray[] {
  const { source = 'MAT', names } = options;
  const file = openFile(bytes, source);
  const found: MatArray[] = [];
  for (let offset = headerLength; offset < bytes.length;) {
    const item = readTag(file, offset, bytes.length);
    const [region, matrix] = item.type === element.compressed ? inflated(file, item, options) : [file, item];
    const variable = readMatrix(region, matrix, options);
    if (variable !== undefined) found.push(variable);
    offset = item.end;
  }
  const missing = names?.find((name) => !found.some((variable) => variable.name === name));
  if (missing !== undefined) {
    throw badBytes('parseMat', source, bytes.length, `there is no variable “${missing}”`, {
      expected: `variables ${names?.join(', ') ?? ''}; there are ${found.map(({ name }) => name).join(', ') || 'none of them'}`,
    });
  }
  return found;
}

function openFile(bytes: Uint8Array, source: string): Region {
  const expected = 'the header of a MAT-file of version 5: 124 bytes, then 0x0100 and the letters MI in its byte order';
  if (bytes.length < headerLength) {
    throw badBytes('parseMat', source, bytes.length, 'the data ends in the header', { expected });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = view.getUint16(126, true) === 0x4d49;
  const version = view.getUint16(124, isLittle);
  if ((!isLittle && view.getUint16(126) !== 0x4d49) || version !== 0x0100) {
    throw badBytes('parseMat', source, 124, `the version is 0x${version.toString(16).padStart(4, '0')}`, {
      expected,
      advice:
        version === 0x0200 ? 'Save version 7.3, which is HDF5, as version 7.' : 'This is no MAT-file of version 5.',
    });
  }
  return { bytes, view, isLittle, at: (offset) => offset, where: '', source };
}

const bad = (region: Region, offset: number, problem: string, expected: string): FormatError =>
  badBytes('parseMat', region.source, region.at(offset), `${problem}${region.where}`, {
    expected,
    advice: 'The file is truncated or damaged: get it again.',
  });

/** The tag at `offset`, of an element that ends at `limit` or before. */
function readTag(region: Region, offset: number, limit: number): Element {
  const { view, isLittle } = region;
  if (offset + 8 > limit) throw bad(region, offset, `${limit - offset} bytes are no element`, 'a tag of 8 bytes');
  const word = view.getUint32(offset, isLittle);
  const small = word >>> 16;
  if (small !== 0) {
    if (small > 4) throw bad(region, offset, `a small element of ${small} bytes`, 'at most 4');
    return { type: word & 0xffff, start: offset + 4, length: small, end: offset + 8 };
  }
  const length = view.getUint32(offset + 4, isLittle);
  const start = offset + 8;
  if (start + length > limit) {
    throw bad(region, offset, `an element of ${length} bytes, of which ${limit - start} are there`, 'all of them');
  }
  // compressed elements are not padded; the last element's padding may be missing
  const padded = word === element.compressed ? length : Math.ceil(length / 8) * 8;
  return { type: word, start, length, end: Math.min(start + padded, limit) };
}

/** The element in a compressed one: its own tag says how long it is, before it is decompressed as a whole. */
function inflated(file: Region, item: Element, options: MatOptions): [Region, Element] {
  const { inflate, maxBytes = 2 ** 31 } = options;
  if (inflate === undefined) {
    throw new OptionError('parseMat', `${file.source} has compressed variables`, {
      expected: 'the option inflate',
      advice: "In Node, loadMat of '@node-ode/datasets/node' has it.",
    });
  }
  const data = file.bytes.subarray(item.start, item.start + item.length);
  const unpack = (part: Uint8Array, maxLength: number, isPrefix: boolean): Uint8Array => {
    try {
      return inflate(part, { maxLength, isPrefix });
    } catch (cause) {
      throw badBytes('parseMat', file.source, item.start, 'compressed data that is damaged', {
        expected: `zlib data of at most ${maxLength} bytes`,
        advice: 'The file is truncated or damaged: get it again.',
        cause,
      });
    }
  };
  const prefix = unpack(data.subarray(0, 256), 256 * largestRatio, true);
  const at = { at: () => item.start, where: ' (in compressed data)', source: file.source, isLittle: file.isLittle };
  const head: Region = { ...at, bytes: prefix, view: viewOf(prefix) };
  if (prefix.length < 8) throw bad(head, 0, 'the data ends in a tag', 'a tag of 8 bytes');
  const length = 8 + head.view.getUint32(4, file.isLittle);
  if (length > maxBytes || length > data.length * largestRatio) {
    throw bad(
      head,
      0,
      `a variable of ${length} bytes in ${data.length}`,
      `at most ${Math.min(maxBytes, data.length * largestRatio)}`,
    );
  }
  const bytes = unpack(data, length, false);
  const region: Region = { ...at, bytes, view: viewOf(bytes) };
  return [region, readTag(region, 0, bytes.length)];
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A variable; undefined for one that is not wanted. */
function readMatrix(region: Region, item: Element, options: MatOptions): MatArray | undefined {
  if (item.type !== element.matrix) {
    if (options.names !== undefined) return undefined;
    throw bad(region, item.start - 8, `an element of type ${item.type}`, `a variable: type ${element.matrix}`);
  }
  const limit = item.start + item.length;
  const flags = readTag(region, item.start, limit);
  if (flags.type !== element.uint32 || flags.length !== 8) {
    throw bad(region, item.start, `array flags of type ${flags.type}, ${flags.length} bytes`, 'type 6, 8 bytes');
  }
  const word = region.view.getUint32(flags.start, region.isLittle);
  const extents = readTag(region, flags.end, limit);
  if (extents.type !== element.int32 || extents.length < 8 || extents.length % 4 !== 0) {
    throw bad(region, flags.end, `extents of type ${extents.type}, ${extents.length} bytes`, 'type 5, 8 bytes or more');
  }
  const shape = Array.from({ length: extents.length / 4 }, (_, i) =>
    region.view.getInt32(extents.start + 4 * i, region.isLittle),
  );
  const title = readTag(region, extents.end, limit);
  if (title.type !== element.int8 && title.type !== element.uint8) {
    throw bad(region, extents.end, `a name of type ${title.type}`, 'type 1');
  }
  const name = new TextDecoder().decode(region.bytes.subarray(title.start, title.start + title.length));
  if (options.names !== undefined && !options.names.includes(name)) return undefined;
  const kind = word & 0xff;
  const isComplex = (word & 0x0800) !== 0;
  if (arrayClasses[kind]?.isNumeric !== true || isComplex) {
    const what = `${isComplex ? 'complex ' : ''}${arrayClasses[kind]?.name ?? `class ${kind}`}`;
    throw badBytes('parseMat', region.source, region.at(flags.start), `“${name}” is ${what}${region.where}`, {
      expected: 'a full array of real numbers',
      advice: 'Name the variables that are wanted in `names`.',
    });
  }
  return { name, shape, data: readNumbers(region, readTag(region, title.end, limit), shape, name) };
}

function readNumbers(region: Region, item: Element, shape: readonly number[], name: string): MatNumbers {
  const type = numericTypes[item.type];
  const size = shape.some((extent) => extent < 0) ? NaN : claimedSize(shape);
  if (type === undefined) throw bad(region, item.start, `“${name}” has data of type ${item.type}`, 'a type of numbers');
  if (size * type.width !== item.length) {
    throw bad(
      region,
      item.start,
      `“${name}” has ${item.length} bytes`,
      `${type.width} for each element of [${shape.join(', ')}]`,
    );
  }
  return type.read(region.view, item.start, size, region.isLittle);
}
