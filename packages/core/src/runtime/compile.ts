/**
 * Compilation: a function over trees is traced, lowered and optimised once for each set of argument types, and run by a
 * backend. Results stay on the device until they are read.
 */
import { DTypeError, OptionError } from '../errors.ts';
import type { DType } from '../graph/dtype.ts';
import { formatType, type Graph, type TensorType } from '../graph/graph.ts';
import { failureOf, isFailureReport, reports as solveReports } from '../ode/status.ts';
import type { TensorLike } from '../tensor/tensor.ts';
import { flattenTree, type MapLeaves, type TreeStructure } from '../tree.ts';
import {
  argumentType,
  isArgument,
  leavesAsIn,
  onDevice,
  signature,
  type ArgumentLeaf,
  type ArgumentOf,
} from './arguments.ts';
import type { Backend, DeviceArray, Executable, RunCounters } from './backend.ts';
import { checkBackend } from './engine-checks.ts';
import { traceProgram, type TracedFunction } from './trace-function.ts';

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

/** A version: the function for one set of argument types. */
interface Loaded {
  readonly program: TracedFunction;
  readonly types: readonly TensorType[];
  /** Which leaves of the arguments are given up, and which of them to the engine at once. */
  readonly isDonated: readonly boolean[];
  readonly donate: readonly number[];
  /** Runs that are under way; a version that was dropped is freed after the last. */
  uses: number;
  isDropped: boolean;
  readonly ready: Promise<{ readonly executable: Executable; readonly constants: readonly DeviceArray[] }>;
}

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
  const { dtype = 'f32', cacheSize = 16, donate = [] } = options;
  if (!(Number.isInteger(cacheSize) && cacheSize > 0)) {
    throw new OptionError('compile', `cacheSize = ${cacheSize}`, { expected: 'a positive integer' });
  }
  const cache = new Map<string, Loaded>();
  /** The version that was used last: arguments are most often as they were. */
  let last: Loaded | undefined;

  const load = (args: readonly unknown[]): { readonly loaded: Loaded; readonly leaves: readonly ArgumentLeaf[] } => {
    const same = last === undefined ? undefined : leavesAsIn(last.program.arguments, last.types, args, dtype);
    if (last !== undefined && same !== undefined) return { loaded: last, leaves: same };
    const { leaves, structure } = flattenTree('compile', args, isArgument, 'a number, a host array or a device array');
    const types = leaves.map((leaf) => argumentType(leaf, dtype));
    const key = signature(types, structure);
    const loaded = cache.get(key) ?? version(key, types, structure);
    cache.delete(key);
    cache.set(key, loaded);
    for (const [oldest, evicted] of cache) {
      if (cache.size <= cacheSize) break;
      cache.delete(oldest);
      drop(evicted);
    }
    last = loaded;
    return { loaded, leaves };
  };
  const version = (key: string, types: readonly TensorType[], structure: TreeStructure): Loaded => {
    const { composites } = backend.capabilities;
    const program = traceProgram('compile', fn, types, structure, { composites, dtype });
    requireDTypes(backend, program.graph);
    const isDonated = structure.paths.map((path) => donate.some((position) => path.startsWith(`[${position}]`)));
    // A failed solve must leave its arguments as they were: they are given up when it is known to have succeeded.
    const canFail = program.reports.some(isFailureReport);
    const given = isDonated.flatMap((is, i) => (is && !canFail ? [program.constants.length + i] : []));
    const ready = loadProgram(backend, program);
    const loaded: Loaded = { program, types, isDonated, donate: given, ready, uses: 0, isDropped: false };
    // A failed compilation is not kept: the next call tries again.
    ready.catch(() => {
      if (cache.get(key) === loaded) cache.delete(key);
      if (last === loaded) last = undefined;
    });
    return loaded;
  };
  const runLoaded = async ({ program, types, isDonated, donate, ready }: Loaded, leaves: readonly ArgumentLeaf[]) => {
    const { executable, constants } = await ready;
    const results = program.result.paths.length;
    const uploaded: DeviceArray[] = [];
    try {
      const inputs = await onDevice(backend, leaves, types, uploaded);
      const outputs = await executable.run([...constants, ...inputs], { donate });
      const stats = await readStats(program, outputs.slice(results), executable);
      const failure = failureOf(stats.reports);
      if (failure !== undefined) {
        for (const output of outputs.slice(0, results)) output.dispose();
        throw failure;
      }
      inputs.forEach((input, i) => {
        if (isDonated[i] === true) input.dispose();
      });
      return { result: program.result.rebuild(outputs) as ResultOf<R>, stats };
    } finally {
      for (const device of uploaded) device.dispose();
    }
  };
  const run = async (...args: readonly unknown[]) => {
    const { loaded, leaves } = load(args);
    loaded.uses++;
    try {
      return await runLoaded(loaded, leaves);
    } finally {
      loaded.uses--;
      if (loaded.isDropped) drop(loaded);
    }
  };
  const call = async (...args: readonly unknown[]): Promise<ResultOf<R>> => (await run(...args)).result;
  return Object.assign(call, {
    run,
    graph: (...args: readonly unknown[]) => load(args).loaded.program.graph,
    dispose: () => {
      for (const loaded of cache.values()) drop(loaded);
      cache.clear();
      last = undefined;
    },
  });
}

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
