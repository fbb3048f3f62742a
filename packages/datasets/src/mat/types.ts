/** Types of data and classes of arrays in MAT-files. */

/** Numbers as they are stored. */
export type MatNumbers =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** A type of stored numbers. */
export interface NumericType {
  readonly width: number;
  readonly read: (view: DataView, start: number, length: number, isLittle: boolean) => MatNumbers;
}

const reader =
  <Numbers extends MatNumbers>(
    make: (length: number) => Numbers,
    get: (view: DataView, offset: number, isLittle: boolean) => number,
    width: number,
  ): NumericType['read'] =>
  (view, start, length, isLittle) => {
    const data = make(length);
    for (let i = 0; i < length; i++) data[i] = get(view, start + i * width, isLittle);
    return data;
  };

const type = (
  width: number,
  make: (length: number) => MatNumbers,
  get: (view: DataView, offset: number, isLittle: boolean) => number,
): NumericType => ({ width, read: reader(make, get, width) });

/** By the type's number. Bytes are views of the file, not copies. */
export const numericTypes: Readonly<Record<number, NumericType>> = {
  1: type(
    1,
    (n) => new Int8Array(n),
    (view, at) => view.getInt8(at),
  ),
  2: { width: 1, read: (view, start, length) => new Uint8Array(view.buffer, view.byteOffset + start, length) },
  3: type(
    2,
    (n) => new Int16Array(n),
    (view, at, isLittle) => view.getInt16(at, isLittle),
  ),
  4: type(
    2,
    (n) => new Uint16Array(n),
    (view, at, isLittle) => view.getUint16(at, isLittle),
  ),
  5: type(
    4,
    (n) => new Int32Array(n),
    (view, at, isLittle) => view.getInt32(at, isLittle),
  ),
  6: type(
    4,
    (n) => new Uint32Array(n),
    (view, at, isLittle) => view.getUint32(at, isLittle),
  ),
  7: type(
    4,
    (n) => new Float32Array(n),
    (view, at, isLittle) => view.getFloat32(at, isLittle),
  ),
  9: type(
    8,
    (n) => new Float64Array(n),
    (view, at, isLittle) => view.getFloat64(at, isLittle),
  ),
};

/** By the class's number. */
export const arrayClasses: Readonly<Record<number, { readonly name: string; readonly isNumeric: boolean }>> = {
  1: { name: 'a cell array', isNumeric: false },
  2: { name: 'a struct', isNumeric: false },
  3: { name: 'an object', isNumeric: false },
  4: { name: 'text', isNumeric: false },
  5: { name: 'a sparse array', isNumeric: false },
  6: { name: 'double', isNumeric: true },
  7: { name: 'single', isNumeric: true },
  8: { name: 'int8', isNumeric: true },
  9: { name: 'uint8', isNumeric: true },
  10: { name: 'int16', isNumeric: true },
  11: { name: 'uint16', isNumeric: true },
  12: { name: 'int32', isNumeric: true },
  13: { name: 'uint32', isNumeric: true },
  14: { name: 'int64', isNumeric: false },
  15: { name: 'uint64', isNumeric: false },
};
