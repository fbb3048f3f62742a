/** What a safetensors file holds, and how its dtypes are called there. */
import type { DType, HostArray } from '@node-ode/core';

/** Named arrays, and free text beside them. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, HostArray>;
  /** The file's `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The key of a header that is no tensor. */
export const metadataKey = '__metadata__';

/** Bytes of the length that a file begins with. */
export const lengthBytes = 8;

/** Longest header that is read or written, as in the reference implementation: 100 MB. */
export const maxHeaderBytes = 100_000_000;

/** The format's names of dtypes; its others (`F16`, `I64`, …) have no counterpart here. */
export const dtypeNames: Readonly<Record<DType, string>> = { f32: 'F32', f64: 'F64', i32: 'I32', bool: 'BOOL' };

/** The dtype that a file calls by this name. */
export const dtypeNamed = (name: unknown): DType | undefined =>
  (Object.keys(dtypeNames) as DType[]).find((dtype) => dtypeNames[dtype] === name);
