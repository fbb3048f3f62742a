/** dtypes by the names of graphs and of tfjs. */
import { UnsupportedError, type DType } from '@node-ode/core';
import type { TfDType } from './kernels/contract.ts';

const tfTypes = { f32: 'float32', i32: 'int32', bool: 'bool' } as const satisfies Partial<Record<DType, TfDType>>;

/** dtypes of graphs, by tfjs's names. */
export const graphDTypes = { float32: 'f32', int32: 'i32', bool: 'bool' } as const satisfies Record<TfDType, DType>;

/**
 * tfjs's name of a dtype.
 *
 * @throws UnsupportedError for f64, with the engines that have it.
 */
export function tfDType(operation: string, dtype: DType): TfDType {
  if (dtype !== 'f64') return tfTypes[dtype];
  throw new UnsupportedError(operation, "tfjs has no dtype 'f64'", {
    expected: 'f32, i32 or bool',
    advice: "Use f32, or an engine that has f64: wasm(), onnx({ provider: 'cpu' }) or reference().",
  });
}
