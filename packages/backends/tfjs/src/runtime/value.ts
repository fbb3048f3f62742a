/** Tensors on a backend of tfjs. */
import { ExecutionError, type HostArray, type TensorData } from '@node-ode/core';
import type { DeviceValue } from '@node-ode/host-driver';
import { tfDType } from '../dtypes.ts';
import type { TfDType } from '../kernels/contract.ts';
import type { TfElements, TfKernelBackend, TfTensorInfo } from './tf-module.ts';

/** A tensor of tfjs that one owner holds. */
export class TfValue implements DeviceValue, TfTensorInfo {
  readonly dataId: object;
  readonly shape: number[];
  readonly dtype: string;
  readonly #backend: TfKernelBackend;

  constructor(dataId: object, { shape, dtype }: Pick<TfTensorInfo, 'shape' | 'dtype'>, backend: TfKernelBackend) {
    this.dataId = dataId;
    this.shape = shape;
    this.dtype = dtype;
    this.#backend = backend;
  }

  dispose(): void {
    this.#backend.disposeData(this.dataId);
  }
}

/** A tensor with these elements, copied: some backends keep what they are given. */
export function write(backend: TfKernelBackend, operation: string, { shape, dtype, data }: HostArray): TfTensorInfo {
  const own = [...shape];
  const type = tfDType(operation, dtype);
  const elements = copiesAtOnce(backend) && isStored(type, data) ? data : copyOf(type, data);
  return { dataId: backend.write(elements, own, type), shape: own, dtype: type };
}

/** Whether a backend writes elements into a heap of its own: `wasm`. */
const copiesAtOnce = (backend: object): boolean => 'typedArrayFromHeap' in backend;

/** Whether elements are as they are stored; booleans have to be looked at. */
const isStored = (dtype: TfDType, data: TensorData): data is Float32Array | Int32Array =>
  dtype === 'float32' ? data instanceof Float32Array : dtype === 'int32' && data instanceof Int32Array;

/** A copy of elements, as they are stored; a boolean is 0 or 1. */
function copyOf(dtype: TfDType, data: TensorData): TfElements {
  switch (dtype) {
    case 'float32':
      return filled(new Float32Array(data.length), data);
    case 'int32':
      return filled(new Int32Array(data.length), data);
    case 'bool':
      return Uint8Array.from(data, (x) => (x === 0 ? 0 : 1));
  }
}

/** Small arrays that are made empty need no buffer outside of JavaScript's heap; those that are made of others get one. */
function filled<A extends Float32Array | Int32Array>(own: A, data: TensorData): A {
  own.set(data);
  return own;
}

/**
 * What a backend read, in the typed array of its dtype: perhaps the backend's own. The JavaScript backend keeps the elements of an
 * integer that was converted to a float as they are, and some keep booleans as numbers.
 */
export function elementsOf(dtype: TfDType, read: unknown): TensorData {
  if (dtype === 'float32' && read instanceof Float32Array) return read;
  if (dtype === 'int32' && read instanceof Int32Array) return read;
  if (dtype === 'bool' && read instanceof Uint8Array) return read;
  if (isElements(read)) return copyOf(dtype, read);
  // A backend may keep an empty tensor as a plain list.
  if (Array.isArray(read) && read.length === 0) return copyOf(dtype, new Float32Array(0));
  throw new ExecutionError('read', `tfjs gave ${describe(read)} for ${dtype}`, {
    expected: 'a typed array',
    advice: 'Please report it with the name of the backend.',
  });
}

/** Whether something is an array of numbers as tfjs has them. */
export const isElements = (x: unknown): x is TfElements =>
  x instanceof Float32Array || x instanceof Int32Array || x instanceof Uint8Array;

const describe = (x: unknown): string => (typeof x === 'object' && x !== null ? x.constructor.name : typeof x);
