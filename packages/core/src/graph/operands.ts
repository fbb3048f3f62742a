/** What the shape rules ask of operands: tensors, of certain dtypes, of one dtype, with extents that are counts. */
import { DTypeError, ShapeError } from '../errors.ts';
import { formatShape } from './broadcast.ts';
import type { DType } from './dtype.ts';
import { formatType, type Shape, type TensorType, type ValueType } from './graph.ts';

/** Dtypes that numbers have. */
export const numeric: readonly DType[] = ['f32', 'f64', 'i32'];
/** Dtypes that can carry a derivative. */
export const floats: readonly DType[] = ['f32', 'f64'];

/** The type of operand `index`, which is a tensor. */
export function tensor(op: string, types: readonly ValueType[], index: number): TensorType {
  const type = types[index];
  if (type?.kind !== 'tensor') {
    throw new ShapeError(op, `operand ${index + 1} is ${type === undefined ? 'missing' : formatType(type)}`, {
      expected: 'a tensor',
    });
  }
  return type;
}

/** The types of operands that are all tensors. */
export const tensors = (op: string, types: readonly ValueType[]): readonly TensorType[] =>
  types.map((_, index) => tensor(op, types, index));

/** Refuses a type whose dtype is not among these. */
export function demand(op: string, type: TensorType, dtypes: readonly DType[]): TensorType {
  if (dtypes.includes(type.dtype)) return type;
  throw new DTypeError(op, `an operand is ${formatType(type)}`, {
    expected: dtypes.join(' or '),
    advice: `Convert it with .cast('${dtypes[0] ?? ''}').`,
  });
}

/** The one dtype of several operands. */
export function sameDType(op: string, types: readonly TensorType[]): DType {
  const first = types[0]?.dtype ?? 'f32';
  const other = types.find((type) => type.dtype !== first);
  if (other !== undefined) {
    throw new DTypeError(op, `operands are ${types.map(formatType).join(' and ')}`, {
      expected: 'one dtype',
      advice: 'Convert one of them with .cast(dtype); only JavaScript numbers adapt by themselves.',
    });
  }
  return first;
}

/** A count of elements: what every extent, start and width is. */
export const isCount = (n: number): boolean => Number.isInteger(n) && n >= 0;

/** Refuses extents that are no counts. */
export function requireShape<S extends Shape>(op: string, shape: S): S {
  if (shape.every(isCount)) return shape;
  throw new ShapeError(op, `shape ${formatShape(shape)}`, {
    expected: 'extents that are integers, none of them negative',
  });
}
