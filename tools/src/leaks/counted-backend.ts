/** An engine that is asked which of its arrays nobody has disposed of. */
import type { Backend, DeviceArray, Executable } from '@node-ode/core';

/** An engine, and its arrays. */
export interface CountedBackend {
  readonly backend: Backend;
  /** Arrays that were made and not disposed of. They are held on to: what is only forgotten is a leak. */
  live(): number;
}

/** Counts an engine's arrays: those that are uploaded, and those that come out of its runs. */
export function countedBackend(inner: Backend): CountedBackend {
  const living = new Set<DeviceArray>();
  const track = (array: DeviceArray): DeviceArray => {
    const { dispose } = array;
    const forget = (): void => {
      living.delete(array);
      dispose.call(array);
    };
    // The array itself, not another around it: an engine knows its own.
    Object.defineProperty(array, 'dispose', { value: forget });
    living.add(array);
    return array;
  };
  const counted = (executable: Executable): Executable => {
    const { runSync } = executable;
    return {
      run: async (inputs, options) => (await executable.run(inputs, options)).map(track),
      ...(runSync === undefined
        ? {}
        : { runSync: (inputs, options) => runSync.call(executable, inputs, options).map(track) }),
      counters: () => executable.counters?.(),
      dispose: () => executable.dispose(),
    };
  };
  const backend: Backend = {
    name: inner.name,
    capabilities: inner.capabilities,
    compile: async (graph) => counted(await inner.compile(graph)),
    upload: async (array) => track(await inner.upload(array)),
    download: (array) => inner.download(array),
    dispose: () => inner.dispose(),
  };
  return { backend, live: () => living.size };
}
