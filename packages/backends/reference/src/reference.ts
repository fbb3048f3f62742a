/** The reference backend: a plain interpreter of lowered graphs, the meaning that other engines are held to. */
import {
  allocate,
  checkGraph,
  DTypeError,
  ExecutionError,
  formatType,
  ShapeError,
  sizeOf,
  UnsupportedError,
  type Backend,
  type Graph,
  type HostArray,
  type Value,
} from '@node-ode/core';
import { nativeComposites } from './composites.ts';
import { copyToDevice, deviceArrays } from './device-array.ts';
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
  const arrays = deviceArrays(name, memory);
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
        checkGraph(graph);
        checkInterface(graph);
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

function checkInterface(graph: Graph): void {
  const check = (role: string, { type }: Value, i: number): void => {
    if (type.kind === 'tensor') return;
    throw new UnsupportedError('compile', `${role} ${i + 1} of graph '${graph.name}' is ${formatType(type)}`, {
      expected: 'tensors: tapes live only inside a graph',
      advice: 'Read the tape with scan, and return what it gives.',
    });
  };
  graph.inputs.forEach((input, i) => {
    check('input', input, i);
  });
  graph.outputs.forEach((output, i) => {
    check('output', output, i);
  });
}

function checkHostArray({ shape, dtype, data }: HostArray): void {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError('upload', `${data.length} elements for shape [${shape.join(', ')}]`, {
      expected: `${sizeOf(shape)} elements`,
    });
  }
  const [given, expected] = [data[Symbol.toStringTag], allocate(dtype, 0)[Symbol.toStringTag]];
  if (given !== expected) throw new DTypeError('upload', `a ${given} for ${dtype}`, { expected });
}
