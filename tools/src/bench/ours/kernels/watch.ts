/** Writes down what an engine does with a backend of tfjs, by kernels and methods that tell when they are called. */
import {
  ownKernels,
  type TfElements,
  type TfKernelArguments,
  type TfKernelBackend,
  type TfKernelConfig,
  type TfModule,
  type TfTensorInfo,
} from '@node-ode/backend-tfjs';
import { UnsupportedError } from '@node-ode/core';
import * as tfjs from '@tensorflow/tfjs-core';
import { elementsIn } from './elements.ts';
import type { KernelEvent } from './events.ts';

/** Kernels and backends are those of every copy of tfjs in the process. */
const tf: TfModule = tfjs;

/** Events, between `start` and `stop`. */
export interface Watch {
  readonly backend: TfKernelBackend;
  start(): void;
  stop(): readonly KernelEvent[];
  /** Leaves tfjs as it was. Who found a kernel in the meantime keeps the one that tells, to nobody. */
  end(): void;
}

/** A backend, perhaps one whose tensors are in a heap that can be looked at. */
interface WatchedBackend extends TfKernelBackend {
  typedArrayFromHeap?(info: TfTensorInfo): unknown;
}

/** Watches a backend by tfjs's name for it. Kernels found from now on tell; those found before don't. */
export function watchBackend(tfjsName: string): Watch {
  const backend = tf.findBackend(tfjsName);
  if (backend === null) throw new UnsupportedError('bench', `tfjs has no backend '${tfjsName}' here`);
  let events: KernelEvent[] | undefined;
  /** Above 0 within a kernel: what that does with the backend is its own matter. */
  let depth = 0;
  const note = (event: () => KernelEvent): void => {
    if (depth === 0) events?.push(event());
  };
  const within = <T>(work: () => T): T => {
    depth++;
    try {
      return work();
    } finally {
      depth--;
    }
  };

  const telling =
    (kernel: TfKernelConfig['kernelFunc']): TfKernelConfig['kernelFunc'] =>
    (given) => {
      if (events === undefined || depth > 0) return kernel(given);
      // Before the call: an engine may fill the same objects again.
      const operands = operandsOf(given.inputs);
      const outputs = within(() => kernel(given));
      const results = (Array.isArray(outputs) ? outputs : [outputs]).map(({ dataId }) => dataId);
      const isList = Array.isArray(given.inputs);
      note(() => ({
        kind: 'call',
        kernel,
        operands,
        isList,
        attributes: given.attrs,
        backend: given.backend,
        results,
      }));
      return outputs;
    };
  const configs = [...tf.getKernelsForBackend(tfjsName), ...Object.values(ownKernels[tfjsName] ?? {})].map(
    (config) => ({
      config,
      kernel: config.kernelFunc,
    }),
  );
  for (const { config, kernel } of configs) config.kernelFunc = telling(kernel);

  const watched: WatchedBackend = backend;
  const { write, readSync, read, disposeData, typedArrayFromHeap } = watched;
  const methods: Partial<WatchedBackend> = {
    write: (values, shape, dtype) => {
      const id = within(() => write.call(backend, values, shape, dtype));
      note(() => ({ kind: 'upload', id, values: elementsIn(values).slice(), shape: [...shape], dtype }));
      return id;
    },
    readSync: (id) => {
      const values = within(() => readSync.call(backend, id));
      note(() => ({ kind: 'read', id, isSync: true, values: elementsIn(values).slice() }));
      return values;
    },
    ...(typedArrayFromHeap === undefined
      ? {}
      : {
          // How our engine reads and writes a number on `wasm`.
          typedArrayFromHeap: (info: TfTensorInfo): unknown => {
            const view = within(() => typedArrayFromHeap.call(backend, info));
            return events === undefined || depth > 0 ? view : tellingView(info, elementsIn(view), note);
          },
        }),
    read: async (id) => {
      const values = await within(() => read.call(backend, id));
      note(() => ({ kind: 'read', id, isSync: false, values: elementsIn(values).slice() }));
      return values;
    },
    disposeData: (id) => {
      note(() => ({ kind: 'dispose', id }));
      return within(() => disposeData.call(backend, id));
    },
  };
  Object.assign(backend, methods);

  return {
    backend,
    start: () => {
      events = [];
    },
    stop: () => {
      const written = events ?? [];
      events = undefined;
      return written;
    },
    end: () => {
      for (const { config, kernel } of configs) config.kernelFunc = kernel;
      Object.assign(backend, { write, readSync, read, disposeData }, typedArrayFromHeap && { typedArrayFromHeap });
    },
  };
}

/** A view of a tensor's elements that tells when it is copied, and when it is written to. */
function tellingView(
  { dataId: id, shape, dtype }: TfTensorInfo,
  view: TfElements,
  note: (event: () => KernelEvent) => void,
): TfElements {
  return Object.defineProperties(view, {
    slice: {
      value: (start?: number, end?: number): TfElements => {
        const values = view.subarray(start, end).slice();
        note(() => ({ kind: 'read', id, isSync: true, values }));
        return values;
      },
    },
    set: {
      value: (values: ArrayLike<number>, offset?: number): void => {
        view.subarray(0).set(values, offset);
        note(() => ({ kind: 'upload', id, values: view.subarray(0).slice(), shape: [...shape], dtype }));
      },
    },
  });
}

/** A kernel's operands, copied, without those that are left out. */
const operandsOf = (inputs: TfKernelArguments['inputs']): readonly (readonly [string, TfTensorInfo])[] =>
  Object.entries(inputs).flatMap(([name, x]) =>
    x === undefined || x === null ? [] : [[name, { dataId: x.dataId, shape: [...x.shape], dtype: x.dtype }] as const],
  );
