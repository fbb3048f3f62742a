/** The header of a safetensors file: every number in it is checked against the file before anything is read by it. */
import { bytesPerElement, FormatError, type DType, type Shape } from '@node-ode/core';
import { dtypeNamed, dtypeNames, lengthBytes, maxHeaderBytes, metadataKey } from './content.ts';
import { findInJson } from './json-keys.ts';

/** Where a tensor lies: bytes from the beginning of the file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

/** A checked header: the entries fill the rest of the file, without gap or overlap, in the order of their bytes. */
export interface Header {
  readonly entries: readonly TensorEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** Names the file and the byte at which something is wrong. */
export const formatError = (source: string, offset: number, problem: string, expected?: string): FormatError =>
  new FormatError('safetensors', `${source}, byte ${offset}: ${problem}`, {
    ...(expected === undefined ? {} : { expected }),
    advice: 'The file is damaged, or no safetensors file with dtypes that @node-ode has.',
  });

/**
 * The length of the header from the first bytes of a file of `fileBytes` bytes.
 *
 * @throws FormatError if the file is too short for its header, or the header is over 100 MB.
 */
export function headerLength(first: Uint8Array, fileBytes: number, source: string): number {
  if (fileBytes < lengthBytes || first.length < lengthBytes) {
    throw formatError(
      source,
      0,
      `the file ends after ${fileBytes} bytes`,
      `the header's length in ${lengthBytes} bytes`,
    );
  }
  const length = new DataView(first.buffer, first.byteOffset, lengthBytes).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw formatError(source, 0, `a header of ${length} bytes`, `at most ${maxHeaderBytes}`);
  }
  if (Number(length) > fileBytes - lengthBytes) {
    throw formatError(
      source,
      0,
      `a header of ${length} bytes in a file of ${fileBytes}`,
      `at most ${fileBytes - lengthBytes}`,
    );
  }
  return Number(length);
}

/**
 * Parses and checks a header.
 *
 * @throws FormatError if it is no header, or does not describe a file of `fileBytes` bytes.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number, source: string): Header {
  const fields = Object.entries(parseObject(bytes, source));
  const dataStart = lengthBytes + bytes.length;
  const isMetadata = ([name]: [string, unknown]): boolean => name === metadataKey;
  const entries = fields
    .filter((field) => !isMetadata(field))
    .map(([name, value]) => tensorEntry(name, value, dataStart, source))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  requireContiguous(entries, dataStart, fileBytes, source);
  return { entries, metadata: metadataOf(fields.find(isMetadata)?.[1], source) };
}

function parseObject(bytes: Uint8Array, source: string): Record<string, unknown> {
  if (bytes[0] !== 0x7b) throw formatError(source, lengthBytes, 'the header does not begin with “{”', 'a JSON object');
  const text = decodeText(bytes, source);
  const found = findInJson(text, 3); // { name: { shape: [ … ] } }
  if (found !== undefined) {
    const offset = lengthBytes + new TextEncoder().encode(text.slice(0, found.at)).length;
    throw formatError(source, offset, found.problem, 'the header of a safetensors file');
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw formatError(source, lengthBytes, `the header is no JSON (${(cause as Error).message})`);
  }
}

function decodeText(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw formatError(source, lengthBytes, 'the header is no UTF-8 text');
  }
}

function metadataOf(value: unknown, source: string): ReadonlyMap<string, string> {
  if (value === undefined) return new Map();
  const entries = isObject(value) ? Object.entries(value) : undefined;
  if (entries === undefined || entries.some(([, text]) => typeof text !== 'string')) {
    throw formatError(source, lengthBytes, `${metadataKey} holds what is no text`, 'an object of strings');
  }
  return new Map(entries as [string, string][]);
}

function tensorEntry(name: string, value: unknown, dataStart: number, source: string): TensorEntry {
  const refuse = (problem: string, expected: string): FormatError =>
    formatError(source, lengthBytes, `tensor “${name}”: ${problem}`, expected);
  if (!isObject(value)) throw refuse('described by no object', 'dtype, shape and data_offsets');
  const dtype = dtypeNamed(value['dtype']);
  if (dtype === undefined) {
    throw refuse(`dtype ${JSON.stringify(value['dtype'])}`, `one of ${Object.values(dtypeNames).join(', ')}`);
  }
  const { shape, data_offsets: offsets } = value;
  if (!isSizes(shape)) throw refuse('a shape that is none', 'non-negative integers');
  if (!isSizes(offsets) || offsets.length !== 2)
    throw refuse('data_offsets that are none', 'two non-negative integers');
  const [begin, end] = offsets as [number, number];
  // the product of factors that are safe integers may not be one, but then it is far beyond any file
  const bytes = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, bytesPerElement(dtype));
  if (end - begin !== bytes) {
    throw refuse(
      `data_offsets [${begin}, ${end}] hold ${end - begin} bytes`,
      `${bytes} for ${dtypeNames[dtype]} of shape [${shape.join(', ')}]`,
    );
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function requireContiguous(
  entries: readonly TensorEntry[],
  dataStart: number,
  fileBytes: number,
  source: string,
): void {
  let position = dataStart;
  for (const { name, begin, end } of entries) {
    if (end > fileBytes) {
      throw formatError(source, begin, `tensor “${name}” ends at byte ${end} of a file of ${fileBytes}`);
    }
    if (begin !== position) {
      const problem = begin < position ? 'overlaps the one before' : 'leaves a gap before it';
      throw formatError(
        source,
        begin,
        `tensor “${name}” ${problem}`,
        `tensors to follow each other; this one at ${position}`,
      );
    }
    position = end;
  }
  if (position !== fileBytes) {
    throw formatError(source, position, `${fileBytes - position} bytes that belong to no tensor`);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0 && !Object.is(n, -0));
