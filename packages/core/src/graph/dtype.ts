/** Element types of tensors, and the host arrays that hold them. */

/** `f32` is the default; `i32` counts and indexes; `bool` is stored as one byte, 0 or 1. */
export type DType = 'f32' | 'f64' | 'i32' | 'bool';

/** The dtypes that carry derivatives. */
export type FloatDType = 'f32' | 'f64';

/** The typed array that holds elements of a dtype on the host. */
export interface DataOf {
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly bool: Uint8Array;
}

/** Any host buffer of tensor elements. */
export type TensorData = DataOf[DType];

const bytes: Record<DType, number> = { f32: 4, f64: 8, i32: 4, bool: 1 };

/**
 * Bytes of one element.
 *
 * @example
 * bytesPerElement('f64'); // 8
 */
export const bytesPerElement = (dtype: DType): number => bytes[dtype];

/**
 * Whether a dtype is differentiable.
 *
 * @example
 * isFloat('i32'); // false
 */
export const isFloat = (dtype: DType): dtype is FloatDType => dtype === 'f32' || dtype === 'f64';

/**
 * A zeroed host buffer of `length` elements.
 *
 * @example
 * allocate('f32', 3); // Float32Array [0, 0, 0]
 */
export function allocate(dtype: DType, length: number): TensorData {
  switch (dtype) {
    case 'f32':
      return new Float32Array(length);
    case 'f64':
      return new Float64Array(length);
    case 'i32':
      return new Int32Array(length);
    case 'bool':
      return new Uint8Array(length);
  }
}
