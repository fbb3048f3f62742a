/** The reference backend: a plain interpreter of lowered graphs, the meaning that other engines are held to. */
import { checkHostArray, ExecutionError, type Backend } from '@node-ode/core';
import { nativeComposites } from './composites.ts';
import { bufferArrays, copyToDevice } from './device-array.ts';
import { executable } from './executable.ts';
import { Memory } from './memory.ts';

/** Options of the reference engine. */
export interface ReferenceOptions {
  /**
   * Overwrites memory as soon as it is freed (floats with NaN), so that a mistake in the interpreter's or a test's
   * bookkeeping shows in the results. Default false.
   */
  readonly poison?: boolean;
}

const name = 'reference';

/**
 * The reference engine: f32, f64, i32 and bool, on one thread, with no dependencies. f32 operations are computed in double
 * precision and rounded once; sums are accumulated in double precision. Each executable counts calls, the largest number of
 * bytes alive (every distinct buffer once: inputs, intermediate values, tapes, results) and the longest tape.
 *
 * @example
 * import { array } from '@node-ode/core';
 * import { reference } from '@node-ode/backend-reference';
 *
 * const backend = reference();
 * const executable = await backend.compile(graph);
 * const [y] = await executable.run([await backend.upload(array([1, 2, 3]))]);
 * console.log(await y.read(), executable.counters()?.peakBytes);
 */
export function reference(options: ReferenceOptions = {}): Backend {
  const memory = new Memory(options.poison ?? false);
  const arrays = bufferArrays(name, memory);
  let disposed = false;
  const demandAlive = (operation: string): void => {
    if (disposed)
      throw new ExecutionError(operation, `the ${name} backend was disposed`, {
        advice: 'Make another with reference().',
      });
  };
  const settle = <T>(compute: () => T): Promise<T> => Promise.resolve().then(compute);
  return {
    name,
    capabilities: { dtypes: ['f32', 'f64', 'i32', 'bool'], composites: nativeComposites },
    compile: (graph) =>
      settle(() => {
        demandAlive('compile');
        return executable(graph, memory, arrays);
      }),
    upload: (array) =>
      settle(() => {
        demandAlive('upload');
        checkHostArray(array);
        return arrays.make(copyToDevice(memory, array), [...array.shape], array.dtype);
      }),
    download: (array) => settle(() => arrays.download('download', array)),
    dispose: () =>
      settle(() => {
        disposed = true;
        memory.clear();
      }),
  };
}
