/** Writes down what an engine does with a backend of tfjs, by kernels and methods that tell when they are called. */
import {
  findBackend,
  getKernelsForBackend,
  type BackendValues,
  type KernelBackend,
  type KernelFunc,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { KernelArguments, KernelEvent } from './events.ts';

/** Events, between `start` and `stop`. */
export interface Watch {
  readonly backend: KernelBackend;
  start(): void;
  stop(): readonly KernelEvent[];
  /** Leaves tfjs as it was. Who found a kernel in the meantime keeps the one that tells, to nobody. */
  end(): void;
}

/** Watches a backend by tfjs's name for it. Kernels found from now on tell; those found before don't. */
export function watchBackend(tfjsName: string): Watch {
  const backend = findBackend(tfjsName);
  let events: KernelEvent[] | undefined;
  /** Above 0 within a kernel: what that does with the backend is its own matter. */
  let depth = 0;
  const note = (event: KernelEvent): void => {
    if (depth === 0) events?.push(event);
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
    (kernel: KernelFunc): KernelFunc =>
    (given) => {
      if (events === undefined || depth > 0) return kernel(given);
      // Before the call: an engine may fill the same objects again.
      const operands = operandsOf(given.inputs);
      const outputs = within(() => kernel(given));
      const results = (Array.isArray(outputs) ? outputs : [outputs]).map(({ dataId }) => dataId);
      const isList = Array.isArray(given.inputs);
      note({ kind: 'call', kernel, operands, isList, attributes: given.attrs, results });
      return outputs;
    };
  const configs = getKernelsForBackend(tfjsName).map((config) => ({ config, kernel: config.kernelFunc }));
  for (const { config, kernel } of configs) config.kernelFunc = telling(kernel);

  const { write, readSync, read, disposeData } = backend;
  const methods: Partial<KernelBackend> = {
    write: (values, shape, dtype) => {
      const id = within(() => write.call(backend, values, shape, dtype));
      note({ kind: 'upload', id, values: copyOf(values), shape: [...shape], dtype });
      return id;
    },
    readSync: (id) => {
      const values = within(() => readSync.call(backend, id));
      note({ kind: 'read', id, isSync: true, values: copyOf(values) });
      return values;
    },
    read: async (id) => {
      const values = await within(() => read.call(backend, id));
      note({ kind: 'read', id, isSync: false, values: copyOf(values) });
      return values;
    },
    disposeData: (id, force) => {
      note({ kind: 'dispose', id });
      return within(() => disposeData.call(backend, id, force));
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
      Object.assign(backend, { write, readSync, read, disposeData });
    },
  };
}

/** A kernel's operands, copied, without those that are left out. */
const operandsOf = (inputs: KernelArguments['inputs']): readonly (readonly [string, TensorInfo])[] =>
  Object.entries(inputs).flatMap(([name, x]) =>
    x === undefined || x === null ? [] : [[name, { dataId: x.dataId, shape: [...x.shape], dtype: x.dtype }] as const],
  );

/** Numbers as they are now: a backend may give its own memory away, and an engine use an array again. */
const copyOf = <T extends BackendValues | null>(values: T): T => (values === null ? values : (values.slice() as T));
