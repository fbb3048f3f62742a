/** The elements of tensors that are in this process's memory: on `cpu` as arrays, on `wasm` in its heap. */
import { ExecutionError } from '@node-ode/core';
import type { TfElements, TfKernelInputs, TfTensorInfo } from '../../runtime/tf-module.ts';

/** What `cpu` has: an array is a tensor as it is. */
interface ArrayBackend {
  readSync(dataId: object): unknown;
  write(values: TfElements, shape: number[], dtype: string): object;
}

/** What `wasm` has: views of its heap, which a new tensor may move. */
interface HeapBackend {
  typedArrayFromHeap(info: TfTensorInfo): unknown;
  makeOutput(shape: number[], dtype: string): TfTensorInfo;
}

const isHeap = (backend: object): backend is HeapBackend => 'typedArrayFromHeap' in backend && 'makeOutput' in backend;
const isArrays = (backend: object): backend is ArrayBackend => 'readSync' in backend && 'write' in backend;

/** A kernel's operands, and where its result is written. */
export interface Elements {
  readonly operands: readonly Float32Array[];
  readonly result: Float32Array;
}

/** Computes a tensor of floats from a list of such. */
export function fill(
  backend: object,
  inputs: TfKernelInputs,
  shape: readonly number[],
  compute: (elements: Elements) => void,
): TfTensorInfo {
  if (!Array.isArray(inputs)) throw new ExecutionError('tfjs', 'a kernel was given names for a list of operands');
  const own = [...shape];
  if (isHeap(backend)) {
    const info = backend.makeOutput(own, 'float32');
    const view = (tensor: TfTensorInfo): Float32Array => floats(backend.typedArrayFromHeap(tensor));
    compute({ operands: inputs.map(view), result: view(info) });
    return info;
  }
  if (!isArrays(backend)) throw new ExecutionError('tfjs', 'a backend does not have its tensors in memory');
  const result = new Float32Array(own.reduce((size, extent) => size * extent, 1));
  compute({ operands: inputs.map(({ dataId }) => floats(backend.readSync(dataId))), result });
  return { dataId: backend.write(result, own, 'float32'), shape: own, dtype: 'float32' };
}

/** On `cpu` a tensor that was cast to floats keeps the integers that it was made of. */
function floats(values: unknown): Float32Array {
  if (values instanceof Float32Array) return values;
  if (values instanceof Int32Array || values instanceof Uint8Array) return Float32Array.from(values);
  throw new ExecutionError('tfjs', 'the elements of an operand are no floats');
}
