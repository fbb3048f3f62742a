/** Reads a tensor, whichever of the places that ONNX has for its elements they are in. */
import { FormatError } from '@node-ode/core';
import type { ExternalDataReader } from './external-data.ts';
import { decoding } from './format-errors.ts';
import {
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type TensorProto,
} from './generated/onnx_pb.ts';
import type { ElementType, OnnxTensor } from './ir.ts';
import { elementTypes, tensorFromBytes } from './tensor-bytes.ts';

/** @throws FormatError if the elements are not those of the shape, or of a type that models here do not have. */
export const decodeTensor = (proto: TensorProto, external: ExternalDataReader, where: string): OnnxTensor => {
  if (proto.segment !== undefined) throw new FormatError(decoding, `${where} is a segment of a tensor`);
  const elementType = elementTypeOf(proto.dataType, where);
  const dims = proto.dims.map((dim) => extent(dim, where));
  const count = dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1);
  const length = count * elementTypes[elementType].size;
  if (proto.dataLocation === DataLocation.EXTERNAL) {
    requireFields(proto, [], where);
    const bytes = external.read(proto.externalData, length, where);
    return checked(tensorFromBytes(elementType, dims, bytes, { view: true }), where);
  }
  if (proto.rawData.length > 0) {
    requireFields(proto, ['rawData'], where);
    requireCount(proto.rawData.length, length, 'bytes', dims, where);
    return checked(tensorFromBytes(elementType, dims, proto.rawData), where);
  }
  requireFields(proto, [typedFields[elementType]], where);
  requireCount(proto[typedFields[elementType]].length, count, 'elements', dims, where);
  return checked(fromTypedField(elementType, dims, proto), where);
};

/**
 * The element type of a number in a file.
 *
 * @throws FormatError naming the type, if models here do not have it.
 */
export const elementTypeOf = (dataType: number, where: string): ElementType => {
  const elementType = elementTypeNames.get(dataType);
  if (elementType !== undefined) return elementType;
  const name = DataType[dataType];
  throw new FormatError(
    decoding,
    `${where} has ${name === undefined ? `element type ${dataType}` : `elements of ${name}`}`,
    {
      expected: `one of ${[...elementTypeNames.values()].join(', ')}`,
    },
  );
};

const elementTypeNames = new Map<number, ElementType>([
  [DataType.FLOAT, 'float'],
  [DataType.DOUBLE, 'double'],
  [DataType.INT32, 'int32'],
  [DataType.INT64, 'int64'],
  [DataType.BOOL, 'bool'],
]);

/**
 * An extent, or another count in a file, as a number.
 *
 * @throws FormatError if it is negative or beyond what a number holds exactly.
 */
export const extent = (dim: bigint, where: string): number => {
  if (dim < 0n || dim > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new FormatError(decoding, `${where} has an extent of ${dim}`, { expected: 'a number of elements' });
  }
  return Number(dim);
};

/** The fields that hold elements one by one, by element type. */
const typedFields = {
  float: 'floatData',
  double: 'doubleData',
  int32: 'int32Data',
  int64: 'int64Data',
  bool: 'int32Data',
} as const satisfies Record<ElementType, keyof TensorProto>;

const dataFields = [
  'rawData',
  'floatData',
  'doubleData',
  'int32Data',
  'int64Data',
  'uint64Data',
  'stringData',
] as const satisfies readonly (keyof TensorProto)[];

const requireFields = (proto: TensorProto, allowed: readonly string[], where: string): void => {
  const wrong = dataFields.find((field) => proto[field].length > 0 && !allowed.includes(field));
  if (wrong === undefined) return;
  throw new FormatError(decoding, `${where} has elements in ${wrong}`, {
    expected: allowed.length === 0 ? 'external data alone' : `them in ${allowed.join()} alone`,
  });
};

const requireCount = (given: number, expected: number, unit: string, dims: readonly number[], where: string): void => {
  if (given === expected) return;
  throw new FormatError(decoding, `${where} of shape ${shape(dims)} has ${given} ${unit} of data`, {
    expected: String(expected),
  });
};

/** A rank can be hostile too. */
const shape = (dims: readonly number[]): string =>
  dims.length > 8 ? `[${dims.slice(0, 8).join(', ')}, …]` : `[${dims.join(', ')}]`;

const fromTypedField = (elementType: ElementType, dims: readonly number[], proto: TensorProto): OnnxTensor => {
  switch (elementType) {
    case 'float':
      return { elementType, dims, data: Float32Array.from(proto.floatData) };
    case 'double':
      return { elementType, dims, data: Float64Array.from(proto.doubleData) };
    case 'int32':
      return { elementType, dims, data: Int32Array.from(proto.int32Data) };
    case 'int64':
      return { elementType, dims, data: BigInt64Array.from(proto.int64Data) };
    case 'bool':
      return { elementType, dims, data: Uint8Array.from(proto.int32Data, (value) => (value === 0 ? 0 : 1)) };
  }
};

const checked = (tensor: OnnxTensor, where: string): OnnxTensor => {
  if (tensor.elementType === 'bool' && tensor.data.some((byte) => byte > 1)) {
    throw new FormatError(decoding, `${where} has a bool that is neither 0 nor 1`);
  }
  return tensor;
};
