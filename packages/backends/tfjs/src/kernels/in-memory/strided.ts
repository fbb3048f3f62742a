/** Elements read by steps, on `cpu`: axes that change places and elements that are repeated, for which tfjs looks each place up, in 100 ns. */
import { ExecutionError } from '@node-ode/core';
import type { TfElements, TfKernelConfig } from '../../runtime/tf-module.ts';
import { isNumbers } from './attributes.ts';
import { elementsIn, isArrays } from './memory.ts';
import { eachLine } from './strides.ts';

/** Takes a list of one tensor; attributes are the axes that it is gone through along, its steps along these, and the result's shape. */
export const stridedName = 'NodeOdeStrided';

export const stridedKernel: TfKernelConfig = {
  kernelName: stridedName,
  backendName: 'cpu',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { extents, steps, shape } = attrs ?? {};
    const [tensor] = Array.isArray(inputs) ? inputs : [];
    if (!isNumbers(extents) || !isNumbers(steps) || !isNumbers(shape) || tensor === undefined || !isArrays(backend)) {
      throw new ExecutionError(stridedName, 'operands of another kernel');
    }
    const elements = elementsIn(backend, tensor);
    const { dtype } = tensor;
    const own = [...shape];
    const result = emptyOf(
      dtype,
      own.reduce((size, extent) => size * extent, 1),
    );
    const last = extents.length - 1;
    const [step, length] = [steps[last] ?? 0, extents[last] ?? 1];
    let to = 0;
    eachLine(extents, steps, [], (at) => {
      copyLine(elements, at, step, result, to, length);
      to += length;
    });
    return { dataId: backend.write(result, own, dtype), shape: own, dtype };
  },
};

/** What was cast to floats may keep its integers: the result is of the dtype that the tensor says. */
function emptyOf(dtype: string, size: number): TfElements {
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}

function copyLine(from: TfElements, at: number, step: number, to: TfElements, first: number, length: number): void {
  for (let i = 0; i < length; i++) to[first + i] = from[at + i * step]!;
}
