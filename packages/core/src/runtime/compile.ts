/**
 * Compilation: a function over trees is traced, lowered and optimised once for each set of argument types, and run by a
 * backend. Results stay on the device until they are read.
 */
import { array, isHostArray, type HostArray } from '../array.ts';
import { DTypeError, ExecutionError, OptionError } from '../errors.ts';
import type { DType } from '../graph/dtype.ts';
import { formatType, tensorType, type Graph, type TensorType } from '../graph/graph.ts';
import { failureOf, isFailureReport, reports as solveReports } from '../ode/status.ts';
import { requireKnownOptions, type OptionNames } from '../options.ts';
import type { Tensor, TensorLike } from '../tensor/tensor.ts';
import { flattenTree, type MapLeaves, type TreeStructure } from '../tree.ts';
import type { Backend, DeviceArray, Executable, RunCounters } from './backend.ts';
import { checkBackend } from './engine-checks.ts';
import { traceProgram, type TracedFunction } from './trace-function.ts';

/** What a compiled function takes for each tensor. */
export type ArgumentLeaf = number | boolean | HostArray | DeviceArray;

/** The argument that a compiled function takes where the traced function sees `A`. */
export type ArgumentOf<A> = MapLeaves<A, Tensor, ArgumentLeaf>;

/** What a compiled function gives where the traced function returned `R`. */
export type ResultOf<R> = MapLeaves<R, TensorLike, DeviceArray>;

/** Costs and diagnostics of a run, combined over the solves in it. */
export interface RunStats {
  /** Function evaluations of forward solves. */
  readonly nfe: number;
  /** Function evaluations of reverse passes. */
  readonly nfeBackward: number;
  /** Steps of forward solves. */
  readonly accepted: number;
  readonly rejected: number;
  /** Everything that was reported, by name. */
  readonly reports: Readonly<Record<string, readonly number[]>>;
  /** What the engine counted, if it counts. */
  readonly counters: RunCounters | undefined;
}

export interface CompileOptions {
  /** Dtype of JavaScript numbers among the arguments; f32 by default. */
  readonly dtype?: DType;
  /** Largest number of compiled versions kept, one for each set of argument types; 16 by default. */
  readonly cacheSize?: number;
  /** Positions of arguments whose memory a run may reuse: they must not be used afterwards, unless the run fails. */
  readonly donate?: readonly number[];
}

const compileOptions: OptionNames<CompileOptions> = { dtype: true, cacheSize: true, donate: true };

/** A function compiled for a backend. */
export interface Compiled<A extends readonly unknown[], R> {
  /**
   * Runs the function. Its results stay on the device.
   *
   * @throws SolveError if a solve in it failed; the arguments are as they were.
   */
  (...args: { [I in keyof A]: ArgumentOf<A[I]> }): Promise<ResultOf<R>>;
  /** Runs the function and tells what it cost. */
  run(
    ...args: { [I in keyof A]: ArgumentOf<A[I]> }
  ): Promise<{ readonly result: ResultOf<R>; readonly stats: RunStats }>;
  /** The optimised graph for these arguments, to print. */
  graph(...args: { [I in keyof A]: ArgumentOf<A[I]> }): Graph;
  /** Frees compiled code and what was captured on the device. */
  dispose(): void;
}

interface Loaded {
  readonly program: TracedFunction;
  /** Runs that are under way; a version that was dropped is freed after the last. */
  uses: number;
  isDropped: boolean;
  readonly ready: Promise<{ readonly executable: Executable; readonly constants: readonly DeviceArray[] }>;
}

const isArgument = (x: unknown): x is ArgumentLeaf =>
  typeof x === 'number' || typeof x === 'boolean' || isHostArray(x) || isDeviceArray(x);

/**
 * Whether a value is an array on a device.
 *
 * @example
 * isDeviceArray(await backend.upload(array([1]))); // true
 */
export const isDeviceArray = (x: unknown): x is DeviceArray =>
  typeof x === 'object' && x !== null && 'backend' in x && 'read' in x && 'shape' in x;

/**
 * Compiles a function of tensors for a backend. It is traced at its first call, and again when an argument's structure,
 * shape or dtype changes.
 *
 * @throws OptionError for a backend that is none, or a cache size that is no positive integer; when called, TraceError if the function uses a tensor
 * of another function being traced.
 * @example
 * const square = compile(await wasm(), (x: Tensor) => x.mul(x));
 * const y = await square(array([1, 2, 3]));
 * await y.read(); // data: 1, 4, 9
 */
export function compile<A extends readonly unknown[], R>(
  backend: Backend,
  fn: (...args: A) => R,
  options: CompileOptions = {},
): Compiled<A, R> {
  checkBackend('compile', backend);
  requireKnownOptions('compile', options, compileOptions);
  const { dtype = 'f32', cacheSize = 16, donate = [] } = options;
  if (!(Number.isInteger(cacheSize) && cacheSize > 0)) {
    throw new OptionError('compile', `cacheSize = ${cacheSize}`, { expected: 'a positive integer' });
  }
  const cache = new Map<string, Loaded>();

  const prepare = (args: readonly unknown[]) => {
    const { leaves, structure } = flattenTree('compile', args, isArgument, 'a number, a host array or a device array');
    const types = leaves.map((leaf) => argumentType(leaf, dtype));
    return { leaves, structure, types, key: signature(types, structure) };
  };
  const load = (prepared: ReturnType<typeof prepare>): Loaded => {
    const { key, types, structure } = prepared;
    const known = cache.get(key);
    if (known !== undefined) {
      cache.delete(key);
      cache.set(key, known);
      return known;
    }
    const { composites } = backend.capabilities;
    const program = traceProgram('compile', fn, types, structure, { composites, dtype });
    requireDTypes(backend, program.graph);
    const loaded: Loaded = { program, ready: loadProgram(backend, program), uses: 0, isDropped: false };
    // A failed compilation is not kept: the next call tries again.
    loaded.ready.catch(() => cache.get(key) === loaded && cache.delete(key));
    cache.set(key, loaded);
    for (const [oldest, evicted] of cache) {
      if (cache.size <= cacheSize) break;
      cache.delete(oldest);
      drop(evicted);
    }
    return loaded;
  };
  const runLoaded = async ({ program, ready }: Loaded, { leaves, structure, types }: ReturnType<typeof prepare>) => {
    const { executable, constants } = await ready;
    const results = program.result.paths.length;
    const uploaded: DeviceArray[] = [];
    const upload = async (
      leaf: Exclude<ArgumentLeaf, DeviceArray>,
      { dtype: of }: TensorType,
    ): Promise<DeviceArray> => {
      const device = await backend.upload(isHostArray(leaf) ? leaf : array(leaf, { dtype: of }));
      uploaded.push(device);
      return device;
    };
    try {
      for (const leaf of leaves) if (isDeviceArray(leaf)) requireBackend(backend, leaf);
      const inputs = await Promise.all(
        leaves.map(async (leaf, i) => (isDeviceArray(leaf) ? leaf : upload(leaf, types[i] as TensorType))),
      );
      const isDonated = structure.paths.map((path) => donate.some((position) => path.startsWith(`[${position}]`)));
      // A failed solve must leave its arguments as they were: they are given up when it is known to have succeeded.
      const canFail = program.reports.some(isFailureReport);
      const given = isDonated.flatMap((is, i) => (is && !canFail ? [constants.length + i] : []));
      const outputs = await executable.run([...constants, ...inputs], { donate: given });
      const stats = await readStats(program, outputs.slice(results), executable);
      const failure = failureOf(stats.reports);
      if (failure !== undefined) {
        for (const output of outputs.slice(0, results)) output.dispose();
        throw failure;
      }
      inputs.forEach((input, i) => {
        if (isDonated[i] === true) input.dispose();
      });
      return { result: program.result.rebuild(outputs.slice(0, results)) as ResultOf<R>, stats };
    } finally {
      for (const device of uploaded) device.dispose();
    }
  };
  const run = async (...args: readonly unknown[]) => {
    const prepared = prepare(args);
    const loaded = load(prepared);
    loaded.uses++;
    try {
      return await runLoaded(loaded, prepared);
    } finally {
      loaded.uses--;
      if (loaded.isDropped) drop(loaded);
    }
  };
  const call = async (...args: readonly unknown[]): Promise<ResultOf<R>> => (await run(...args)).result;
  return Object.assign(call, {
    run,
    graph: (...args: readonly unknown[]) => load(prepare(args)).program.graph,
    dispose: () => {
      for (const loaded of cache.values()) drop(loaded);
      cache.clear();
    },
  });
}

function argumentType(leaf: ArgumentLeaf, dtype: DType): TensorType {
  if (typeof leaf === 'number') return tensorType([], dtype);
  if (typeof leaf === 'boolean') return tensorType([], 'bool');
  return tensorType(leaf.shape, leaf.dtype);
}

/** One string for each structure with its types. */
const signature = (types: readonly TensorType[], structure: TreeStructure): string =>
  `${structure.key}: ${types.map(formatType).join()}`;

async function loadProgram(backend: Backend, program: TracedFunction) {
  const executable = await backend.compile(program.graph);
  const constants = await Promise.all(program.constants.map((constant) => backend.upload(constant)));
  return { executable, constants };
}

/** Frees a version when nothing runs on it any more. */
function drop(loaded: Loaded): void {
  loaded.isDropped = true;
  if (loaded.uses > 0) return;
  void loaded.ready.then(
    ({ executable, constants }) => {
      executable.dispose();
      for (const constant of constants) constant.dispose();
    },
    () => undefined,
  );
}

function requireBackend(backend: Backend, leaf: DeviceArray): void {
  if (leaf.backend === backend.name) return;
  throw new ExecutionError('compile', `an argument lives on backend '${leaf.backend}'`, {
    expected: `arrays of '${backend.name}'`,
    advice: 'Read it to the host with await x.read() and pass that.',
  });
}

/** @throws DTypeError if an input has a dtype that the backend lacks; operations are the backend's to refuse. */
function requireDTypes(backend: Backend, graph: Graph): void {
  for (const { type } of [...graph.inputs, ...graph.outputs]) {
    if (type.kind === 'tensor' && !backend.capabilities.dtypes.includes(type.dtype)) {
      throw new DTypeError('compile', `a tensor is ${formatType(type)}`, {
        expected: `${backend.capabilities.dtypes.join(', ')}: what backend '${backend.name}' has`,
        advice: 'Convert it, or use a backend with that dtype.',
      });
    }
  }
}

async function readStats(
  program: TracedFunction,
  outputs: readonly DeviceArray[],
  executable: Executable,
): Promise<RunStats> {
  const values: Record<string, readonly number[]> = {};
  await Promise.all(
    outputs.map(async (output, i) => {
      values[program.reports[i] as string] = Array.from((await output.read()).data);
      output.dispose();
    }),
  );
  const count = (name: string): number => values[name]?.[0] ?? 0;
  return {
    nfe: count(solveReports.nfe),
    nfeBackward: count(solveReports.nfeBackward),
    accepted: count(solveReports.accepted),
    rejected: count(solveReports.rejected),
    reports: values,
    counters: executable.counters?.(),
  };
}
