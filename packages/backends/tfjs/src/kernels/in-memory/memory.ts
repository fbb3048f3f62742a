/** The elements of tensors that are in this process's memory: on `cpu` as arrays, on `wasm` in its heap. */
import { ExecutionError, type HostArray } from '@node-ode/core';
import { isElements } from '../../runtime/value.ts';
import type { TfElements, TfKernelBackend, TfKernelInputs, TfTensorInfo } from '../../runtime/tf-module.ts';

/** What `cpu` has: an array is a tensor as it is. */
interface ArrayBackend {
  readSync(dataId: object): unknown;
  write(values: TfElements, shape: number[], dtype: string): object;
}

/** What `wasm` has: views of its heap, which a new tensor may move. */
interface HeapBackend {
  typedArrayFromHeap(info: TfTensorInfo): unknown;
  makeOutput(shape: number[], dtype: string): TfTensorInfo;
  disposeData(dataId: object): unknown;
}

const isHeap = (backend: object): backend is HeapBackend => 'typedArrayFromHeap' in backend && 'makeOutput' in backend;
const isArrays = (backend: object): backend is ArrayBackend => 'readSync' in backend && 'write' in backend;

/** The elements of a tensor on `cpu`, as they are stored. */
function elementsIn(backend: ArrayBackend, { dataId }: TfTensorInfo): TfElements {
  const values = backend.readSync(dataId);
  if (isElements(values)) return values;
  throw new ExecutionError('tfjs', 'the elements of an operand are no numbers');
}

/** A kernel's operands, and where its result is written. */
export interface Elements<R> {
  readonly operands: readonly Float32Array[];
  readonly result: R;
}

/**
 * The elements of a tensor, copied where the backend may write over them. `wasm`'s own copy makes a buffer, which costs a few times what
 * a number does.
 */
export function readNow(backend: object & Pick<ArrayBackend, 'readSync'>, info: TfTensorInfo): unknown {
  if (!isHeap(backend)) return backend.readSync(info.dataId);
  const view = backend.typedArrayFromHeap(info);
  return isElements(view) ? view.slice() : backend.readSync(info.dataId);
}

/**
 * The kernels of `wasm` for which XNNPACK packs weights: what it packed it keeps by the tensor's identity until that is disposed of, and
 * takes again, whatever the tensor's elements are by then.
 */
const packingKernels: ReadonlySet<string> = new Set([
  'BatchMatMul',
  '_FusedMatMul',
  'Conv2D',
  'FusedConv2D',
  'DepthwiseConv2dNative',
  'FusedDepthwiseConv2D',
  'Prelu',
]);

/** Elements that may be packed. */
const packed = new WeakSet();

/** Whether a kernel of a backend keeps more of its operands than their elements. */
export const packs = (backend: object, kernel: string): boolean => isHeap(backend) && packingKernels.has(kernel);

/** Says that elements were an operand of such a kernel: they have to stay as they are. */
export const notePacked = (dataId: object): void => void packed.add(dataId);

/**
 * Writes numbers over those of a tensor of the same type, in `wasm`'s heap: no memory is asked for, and none let go of. False, and
 * nothing is written, where that can't be: on other backends, for booleans, where another tensor shares the elements, and where they
 * may be packed.
 */
export function overwrite(backend: TfKernelBackend, info: TfTensorInfo, { data }: HostArray): boolean {
  if (!isHeap(backend) || packed.has(info.dataId) || backend.refCount(info.dataId) !== 1) return false;
  const view = backend.typedArrayFromHeap(info);
  const isSame = (isFloats(view) && isFloats(data)) || (isIntegers(view) && isIntegers(data));
  if (isSame) view.set(data);
  return isSame;
}

/** Computes a tensor of floats from a list of such. */
export const fill = (
  backend: object,
  inputs: TfKernelInputs,
  shape: readonly number[],
  compute: (elements: Elements<Float32Array>) => void,
): TfTensorInfo =>
  computed(backend, inputs, { shape, dtype: 'float32' }, (operands, result) => {
    compute({ operands: operands.map(floats), result: demand(result, isFloats) });
  });

/** Computes a tensor of booleans, 0 or 1, from a list of floats. */
export const fillBooleans = (
  backend: object,
  inputs: TfKernelInputs,
  shape: readonly number[],
  compute: (elements: Elements<Uint8Array>) => void,
): TfTensorInfo =>
  computed(backend, inputs, { shape, dtype: 'bool' }, (operands, result) => {
    compute({ operands: operands.map(floats), result: demand(result, isBooleans) });
  });

const isFloats = (values: unknown): values is Float32Array => values instanceof Float32Array;
const isIntegers = (values: unknown): values is Int32Array => values instanceof Int32Array;
const isBooleans = (values: unknown): values is Uint8Array => values instanceof Uint8Array;

/** Computes a tensor from the elements of a list of others, as they are stored. What throws leaves no tensor behind. */
export function computed(
  backend: object,
  inputs: TfKernelInputs,
  { shape, dtype }: { readonly shape: readonly number[]; readonly dtype: string },
  compute: (operands: readonly TfElements[], result: TfElements) => void,
): TfTensorInfo {
  if (!Array.isArray(inputs)) throw new ExecutionError('tfjs', 'a kernel was given names for a list of operands');
  const own = [...shape];
  if (isHeap(backend)) {
    const info = backend.makeOutput(own, dtype);
    try {
      // A new tensor may move the heap: views are taken after it.
      const operands = inputs.map((tensor) => demand(backend.typedArrayFromHeap(tensor), isElements));
      compute(operands, demand(backend.typedArrayFromHeap(info), isElements));
    } catch (error) {
      backend.disposeData(info.dataId);
      throw error;
    }
    return info;
  }
  if (!isArrays(backend)) throw new ExecutionError('tfjs', 'a backend does not have its tensors in memory');
  const result = emptyOf(
    dtype,
    own.reduce((size, extent) => size * extent, 1),
  );
  compute(
    inputs.map((tensor) => elementsIn(backend, tensor)),
    result,
  );
  return { dataId: backend.write(result, own, dtype), shape: own, dtype };
}

/** Elements as tensors of a dtype have them. */
function emptyOf(dtype: string, length: number): TfElements {
  if (dtype === 'float32') return new Float32Array(length);
  return dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length);
}

function demand<T>(values: unknown, is: (values: unknown) => values is T): T {
  if (is(values)) return values;
  throw new ExecutionError('tfjs', 'the elements of a tensor are of another dtype');
}

/** On `cpu` a tensor that was cast to floats keeps the integers that it was made of. */
const floats = (values: TfElements): Float32Array =>
  values instanceof Float32Array ? values : Float32Array.from(values);
