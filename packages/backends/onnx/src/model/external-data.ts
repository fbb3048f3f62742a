/** Constants beside the model: where they lie in the side file, as the writer lays them out and the reader finds them. */
import { FormatError } from '@node-ode/core';
import type { StringStringEntryProto } from './generated/onnx_pb.ts';
import { decoding, quote } from './format-errors.ts';

/** Where the elements of a tensor lie: `external_data` of `TensorProto`. */
export interface ExternalRegion {
  /** Path of the side file, relative to the model's folder. */
  readonly location: string;
  /** First byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}

/** Offsets are multiples of a page, as ONNX recommends, so that the file can be mapped into memory. */
const pageSize = 4096;

/** Collects tensors for one side file. */
export class ExternalDataWriter {
  readonly #location: string;
  readonly #parts: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  #end = 0;

  constructor(location: string) {
    this.#location = location;
  }

  /** Appends a tensor's bytes, and gives where they will be. */
  add(bytes: Uint8Array): ExternalRegion {
    const offset = Math.ceil(this.#end / pageSize) * pageSize;
    this.#parts.push({ offset, bytes });
    this.#end = offset + bytes.length;
    return { location: this.#location, offset, length: bytes.length };
  }

  /** The side file, or undefined if nothing was added. */
  finish(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#parts.length === 0) return undefined;
    const file = new Uint8Array(this.#end);
    for (const { offset, bytes } of this.#parts) file.set(bytes, offset);
    return file;
  }
}

/**
 * What is wrong with the path of a side file, if anything: a model may name files beside it and below, and no others.
 * Backslashes and colons are refused too, since Windows reads them as separators and drives.
 */
export const locationProblem = (location: string): string | undefined => {
  if (location === '') return 'is empty';
  if (/^\//.test(location)) return 'is an absolute path';
  if (/[\\:\0]/.test(location)) return 'has a backslash, a colon or a NUL in it';
  if (location.split('/').includes('..')) return "leads out of the model's folder";
  return undefined;
};

/** Gives the bytes of a side file. */
export type ExternalDataSource = (location: string) => Uint8Array;

/** Finds the bytes of tensors in side files, each read once. */
export class ExternalDataReader {
  readonly #source: ExternalDataSource | undefined;
  readonly #files = new Map<string, { readonly bytes: Uint8Array; readonly regions: Set<string>; used: number }>();

  constructor(source: ExternalDataSource | undefined) {
    this.#source = source;
  }

  /**
   * The bytes of a tensor, of which there must be `length`.
   *
   * @throws FormatError if the file can't be read, or the region isn't in it.
   */
  read(entries: readonly StringStringEntryProto[], length: number, where: string): Uint8Array {
    const { location, offset, length: stated = length } = regionOf(entries, where);
    if (stated !== length) {
      throw new FormatError(decoding, `${where} has ${stated} bytes of external data`, {
        expected: `${length} for its shape and element type`,
      });
    }
    const file = this.#open(location, where);
    if (offset + length > file.bytes.length) {
      throw new FormatError(
        decoding,
        `${where} lies at bytes ${offset} to ${offset + length} of ${quote(location)}, which has ${file.bytes.length}`,
        { advice: 'Is the side file truncated, or of another model?' },
      );
    }
    this.#claim(file, offset, length, location);
    return file.bytes.subarray(offset, offset + length);
  }

  #open(location: string, where: string) {
    const known = this.#files.get(location);
    if (known !== undefined) return known;
    const file = { bytes: this.#load(location, where), regions: new Set<string>(), used: 0 };
    this.#files.set(location, file);
    return file;
  }

  #load(location: string, where: string): Uint8Array {
    if (this.#source === undefined) {
      throw new FormatError(decoding, `${where} lies in the side file ${quote(location)}`, {
        advice: 'Pass { model, data }, with the content of that file as the data.',
      });
    }
    let bytes: unknown;
    try {
      bytes = this.#source(location);
    } catch (cause) {
      throw new FormatError(decoding, `the side file ${quote(location)} of ${where} can't be read`, { cause });
    }
    if (!ArrayBuffer.isView(bytes)) {
      throw new FormatError(decoding, `there is no side file ${quote(location)}, where ${where} lies`);
    }
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Tensors may share a region, but regions not add up to more than the file: a small one could be made to fill any memory. */
  #claim(
    file: { readonly bytes: Uint8Array; readonly regions: Set<string>; used: number },
    offset: number,
    length: number,
    location: string,
  ): void {
    const region = `${offset}+${length}`;
    if (file.regions.has(region)) return;
    file.regions.add(region);
    file.used += length;
    if (file.used > file.bytes.length) {
      throw new FormatError(decoding, `tensors overlap in the side file ${quote(location)}`);
    }
  }
}

const regionOf = (
  entries: readonly StringStringEntryProto[],
  where: string,
): { readonly location: string; readonly offset: number; readonly length: number | undefined } => {
  const values = new Map(entries.map(({ key, value }) => [key, value]));
  if (values.size !== entries.length) {
    throw new FormatError(decoding, `${where} says a property of its external data twice`);
  }
  const location = values.get('location');
  if (location === undefined) {
    throw new FormatError(decoding, `${where} says that its data is external, and not where`, {
      expected: "a 'location' in external_data",
    });
  }
  const problem = locationProblem(location);
  if (problem !== undefined) {
    throw new FormatError(decoding, `the external data of ${where} is at ${quote(location)}, which ${problem}`, {
      expected: "a path relative to the model's folder",
    });
  }
  return { location, offset: byteNumber(values, 'offset', where) ?? 0, length: byteNumber(values, 'length', where) };
};

const byteNumber = (values: ReadonlyMap<string, string>, key: string, where: string): number | undefined => {
  const text = values.get(key);
  if (text === undefined) return undefined;
  // 15 digits are a safe integer, and more than any file has.
  if (!/^\d{1,15}$/.test(text)) {
    throw new FormatError(decoding, `the external data of ${where} has the ${key} ${quote(text)}`, {
      expected: 'a number of bytes in decimal',
    });
  }
  return Number(text);
};
