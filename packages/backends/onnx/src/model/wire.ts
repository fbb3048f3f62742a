/**
 * A look through the bytes of a protobuf before they are decoded. The decoder makes an object of every message, so that a
 * small hostile file can take any amount of memory; and it says little about what is wrong. This pass allocates nothing.
 */
import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { WireType } from '@bufbuild/protobuf/wire';
import { FormatError, type ErrorDetails } from '@node-ode/core';
import { decoding } from './format-errors.ts';
import { maxMessageDepth } from './limits.ts';

/**
 * Memory that the decoded messages may take, in bytes. Elements in `raw_data` take none, being views of the file: this is
 * for a million nodes, or 16 million elements in the fields that hold numbers one by one.
 */
export const decodedLimit = 2 ** 29;

/** About what V8 takes for an object of each kind, in bytes. */
const cost = { message: 400, view: 200, string: 40, bigint: 32, number: 16 };

/**
 * Checks that bytes are a message of this type: every field within its message, of the kind that the schema says, nested
 * no deeper than protobuf allows. Unknown fields may be anything but groups.
 *
 * @throws FormatError naming the field and the byte.
 */
export const checkWire = (schema: DescMessage, bytes: Uint8Array): void => {
  new WireScanner(bytes).message(schema, bytes.length, 1);
};

class WireScanner {
  readonly #bytes: Uint8Array;
  readonly #fields = new Map<DescMessage, ReadonlyMap<number, DescField>>();
  #position = 0;
  #cost = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  message(schema: DescMessage, end: number, depth: number): void {
    if (depth > maxMessageDepth) {
      throw this.#wrong(`messages are nested more than ${maxMessageDepth} deep`, {
        advice: 'Graphs may nest 32 deep.',
      });
    }
    this.#spend(cost.message);
    const fields = this.#fieldsOf(schema);
    while (this.#position < end) {
      const tag = this.#varint(end);
      const number = Math.floor(tag / 8);
      if (number === 0 || tag > 0xffff_ffff)
        throw this.#wrong(`there is no field where one of ${schema.name} should be`);
      const field = fields.get(number);
      const wireType = tag % 8;
      if (field === undefined) this.#skip(wireType, end, schema.name);
      else this.#field(field, wireType, end, depth);
    }
  }

  #field(field: DescField, wireType: number, end: number, depth: number): void {
    const single = wireTypeOf(field);
    if (wireType === single && single !== WireType.LengthDelimited) {
      this.#spend(scalarCost(field));
      this.#skip(wireType, end, field.name);
      return;
    }
    const packed = field.fieldKind === 'list' && wireType === WireType.LengthDelimited;
    if (wireType !== single && !packed) {
      throw this.#wrong(`the field '${field.name}' has wire type ${wireType}`, { expected: `wire type ${single}` });
    }
    const length = this.#length(end, field.name);
    const fieldEnd = this.#position + length;
    if (field.message !== undefined) {
      this.message(field.message, fieldEnd, depth + 1);
    } else if (single === WireType.LengthDelimited) {
      this.#spend(isString(field) ? cost.string + length : cost.view);
      this.#position = fieldEnd;
    } else {
      while (this.#position < fieldEnd) {
        this.#spend(scalarCost(field));
        this.#skip(single, fieldEnd, field.name);
      }
    }
  }

  #skip(wireType: number, end: number, name: string): void {
    switch (wireType) {
      case WireType.Varint:
        this.#varint(end);
        return;
      case WireType.Bit64:
        this.#advance(8, end, name);
        return;
      case WireType.Bit32:
        this.#advance(4, end, name);
        return;
      case WireType.LengthDelimited:
        this.#advance(this.#length(end, name), end, name);
        return;
      default:
        throw this.#wrong(`there is a field of wire type ${wireType}, which ONNX has none of, in '${name}'`);
    }
  }

  #length(end: number, name: string): number {
    const length = this.#varint(end);
    if (this.#position + length > end) throw this.#truncated(name, length, end);
    return length;
  }

  #advance(length: number, end: number, name: string): void {
    if (this.#position + length > end) throw this.#truncated(name, length, end);
    this.#position += length;
  }

  /** A number of up to ten bytes; beyond 2^53 it is only approximate, which is enough to refuse it. */
  #varint(end: number): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      if (this.#position >= end) throw this.#wrong('a number has no end');
      const byte = this.#bytes[this.#position]!;
      this.#position += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw this.#wrong('a number has more than ten bytes');
  }

  #spend(bytes: number): void {
    this.#cost += bytes;
    if (this.#cost <= decodedLimit) return;
    throw this.#wrong(`the file takes more than ${decodedLimit} bytes of memory to read, without its raw data`, {
      expected: 'fewer nodes, or large tensors in raw_data',
    });
  }

  #fieldsOf(schema: DescMessage): ReadonlyMap<number, DescField> {
    const known = this.#fields.get(schema);
    if (known !== undefined) return known;
    const fields = new Map(schema.fields.map((field) => [field.number, field]));
    this.#fields.set(schema, fields);
    return fields;
  }

  #truncated(name: string, length: number, end: number): FormatError {
    return this.#wrong(`the field '${name}' has ${length} bytes, of which ${end - this.#position} are there`, {
      advice: 'Is the file truncated?',
    });
  }

  #wrong(problem: string, details?: ErrorDetails): FormatError {
    return new FormatError(decoding, `this is no ONNX file: at byte ${this.#position}, ${problem}`, details);
  }
}

/** The scalar type of a field or of its elements; undefined for messages and enumerations. */
const scalarOf = (field: DescField): ScalarType | undefined => ('scalar' in field ? field.scalar : undefined);

const isString = (field: DescField): boolean => scalarOf(field) === ScalarType.STRING;

/** How one value of the field stands in the file. */
const wireTypeOf = (field: DescField): WireType => {
  if (field.message !== undefined) return WireType.LengthDelimited;
  switch (scalarOf(field)) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.FLOAT:
      return WireType.Bit32;
    case ScalarType.DOUBLE:
      return WireType.Bit64;
    default:
      return WireType.Varint; // the schema has no fixed-width integers
  }
};

const scalarCost = (field: DescField): number => {
  const scalar = scalarOf(field);
  return scalar === ScalarType.INT64 || scalar === ScalarType.UINT64 ? cost.bigint : cost.number;
};
