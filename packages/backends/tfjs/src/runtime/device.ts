/** The device behind the loops: tensors and kernels of one backend of tfjs. */
import { sizeOf } from '@node-ode/core';
import type { Device } from '@node-ode/host-driver';
import { overwrite } from '../kernels/in-memory/memory.ts';
import { listAttributesFor, loweringsFor } from '../kernels/lowerings.ts';
import { lowerSegment } from '../segment/lower-segment.ts';
import { loadSegment } from '../segment/load-segment.ts';
import type { Target } from '../segment/builder.ts';
import { constantPool } from './constants.ts';
import { readLater } from './read-later.ts';
import type { TfRuntime } from './runtime.ts';
import { tfDType } from '../dtypes.ts';
import { elementsOf, TfValue, write } from './value.ts';

/** A device on a backend of tfjs. */
export function tfDevice(runtime: TfRuntime): Device<TfValue> {
  const { name, backend, fetchesWait } = runtime;
  const pool = constantPool(backend);
  const lowerings = loweringsFor(name);
  const target: Target = {
    backendName: name,
    has: (kernel) => runtime.kernelOf(kernel) !== undefined,
    loweringOf: (op) => lowerings[op],
    listAttributeOf: listAttributesFor(name),
  };
  return {
    name,
    fetchesWait,
    load: (segment) => loadSegment(lowerSegment(segment, target), runtime, pool),
    toValue: (array) => {
      const info = write(backend, 'upload', array);
      return new TfValue(info.dataId, info, backend);
    },
    overwrite: (value, array) => overwrite(backend, value, array),
    toHost: ({ dataId }, { shape, dtype }) => {
      const type = tfDType('read', dtype);
      if (sizeOf(shape) === 0) return elementsOf(type, []);
      if (!fetchesWait) return elementsOf(type, backend.readSync(dataId)).slice();
      return readLater(runtime, dataId).then((read) => elementsOf(type, read).slice());
    },
  };
}
