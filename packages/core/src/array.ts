/** Host arrays: a shape, a dtype and a typed array in row-major order. What users pass in and get back. */
import { allocate, type DType, type TensorData } from './graph/dtype.ts';
import { sizeOf, type Shape } from './graph/graph.ts';
import { ShapeError } from './errors.ts';

/** A dense array on the host, row-major. */
export interface HostArray {
  readonly kind: 'array';
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TensorData;
}

/** Numbers or booleans nested as deep as the array has axes. */
export type NestedArray = number | boolean | readonly NestedArray[];

/**
 * A host array from nested JavaScript arrays, or from flat data with a shape.
 *
 * @throws ShapeError if rows differ in length, or if the data does not fill the shape.
 * @example
 * array([[1, 2], [3, 4]]).shape; // [2, 2]
 * array(new Float64Array(6), { shape: [2, 3], dtype: 'f64' });
 */
export function array(
  source: NestedArray | TensorData,
  options: { readonly shape?: Shape; readonly dtype?: DType } = {},
): HostArray {
  const nested = ArrayBuffer.isView(source) ? undefined : source;
  const inferred = nested === undefined ? [(source as TensorData).length] : shapeOfNested(nested);
  const shape = options.shape ?? inferred;
  const flat = nested === undefined ? (source as TensorData) : flatten(nested, inferred);
  const dtype = options.dtype ?? dtypeOf(source);
  if (sizeOf(shape) !== flat.length) {
    throw new ShapeError('array', `${flat.length} elements do not fill shape [${shape.join(', ')}]`, {
      expected: `${sizeOf(shape)} elements`,
      advice: 'Pass the shape that the data has.',
    });
  }
  const owned = allocate(dtype, flat.length);
  if (dtype === 'bool') for (let i = 0; i < flat.length; i++) owned[i] = Number(flat[i]) !== 0 ? 1 : 0;
  else for (let i = 0; i < flat.length; i++) owned[i] = Number(flat[i]);
  return { kind: 'array', shape: [...shape], dtype, data: owned };
}

/**
 * Wraps a typed array without copying it.
 *
 * @example
 * hostArray(new Float32Array(6), [2, 3], 'f32'); // no copy
 */
export const hostArray = (data: TensorData, shape: Shape, dtype: DType): HostArray => ({
  kind: 'array',
  shape,
  dtype,
  data,
});

/**
 * Whether a value is a host array.
 *
 * @example
 * isHostArray(array([1, 2])); // true
 */
export const isHostArray = (x: unknown): x is HostArray =>
  typeof x === 'object' && x !== null && (x as Partial<HostArray>).kind === 'array';

/**
 * The array as nested JavaScript arrays, a plain number for a scalar.
 *
 * @example
 * toNested(array([[1, 2], [3, 4]])); // [[1, 2], [3, 4]]
 */
export function toNested(a: HostArray): NestedArray {
  const walk = (axis: number, offset: number, stride: number): NestedArray => {
    if (axis === a.shape.length) return a.dtype === 'bool' ? a.data[offset] === 1 : (a.data[offset] ?? NaN);
    const extent = a.shape[axis] ?? 0;
    const inner = extent === 0 ? 0 : stride / extent;
    return Array.from({ length: extent }, (_, i) => walk(axis + 1, offset + i * inner, inner));
  };
  return walk(0, 0, a.data.length);
}

function dtypeOf(source: NestedArray | TensorData): DType {
  if (source instanceof Float64Array) return 'f64';
  if (source instanceof Int32Array) return 'i32';
  let first: unknown = source;
  while (Array.isArray(first)) first = first[0];
  return typeof first === 'boolean' ? 'bool' : 'f32';
}

function shapeOfNested(nested: NestedArray): number[] {
  const shape: number[] = [];
  let level: NestedArray | undefined = nested;
  while (Array.isArray(level)) {
    const row: readonly NestedArray[] = level;
    shape.push(row.length);
    level = row[0];
  }
  return shape;
}

function flatten(nested: NestedArray, shape: Shape): (number | boolean)[] {
  const flat: (number | boolean)[] = [];
  const walk = (level: NestedArray, axis: number): void => {
    const isRow = typeof level === 'object';
    if (isRow !== axis < shape.length || (isRow && level.length !== shape[axis])) {
      throw new ShapeError('array', 'nested rows differ in length or depth', {
        expected: `every row at depth ${axis} to have ${String(shape[axis] ?? 'no')} elements`,
        advice: 'Pad the rows, or keep them as separate arrays in a tree.',
      });
    }
    if (isRow) for (const item of level) walk(item, axis + 1);
    else flat.push(level);
  };
  walk(nested, 0);
  return flat;
}
