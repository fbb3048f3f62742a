/** Runs files that `exportOnnx` wrote. */
import {
  array,
  DTypeError,
  ExecutionError,
  failureOf,
  flattenTree,
  FormatError,
  hostArray,
  isHostArray,
  OptionError,
  tensorType,
  type DType,
  type HostArray,
  type MapLeaves,
  type Tensor,
  type TensorLike,
  type TreeStructure,
} from '@node-ode/core';
import type { Placement } from '@node-ode/host-driver';
import { decodeModel } from '../model/decode.ts';
import type { ElementType, OnnxModel, ValueInfo } from '../model/ir.ts';
import { show } from '../option-rules.ts';
import type { NamedValues } from '../runtime/contract.ts';
import type { OnnxOptions } from '../runtime/options.ts';
import { placementOf } from '../runtime/placement.ts';
import { prepare } from '../runtime/prepare.ts';
import { sessions as sessionsOf } from '../runtime/sessions.ts';
import { valuesOf } from '../runtime/values.ts';
import { checkNamedInputs, checkStructure, type ModelTensor } from './check-inputs.ts';
import type { ExportedParts } from './export-onnx.ts';
import { readInterface, type FileInterface } from './file-interface.ts';

/** What a loaded model takes where the exported function sees `A`. */
export type HostArgumentOf<A> = unknown extends A ? unknown : MapLeaves<A, Tensor, HostArray | number | boolean>;

/** What a loaded model gives where the exported function returned `R`. */
export type HostResultOf<R> = unknown extends R ? unknown : MapLeaves<R, TensorLike, HostArray>;

/** An exported function, ready to run. */
export interface LoadedModel<A extends readonly unknown[] = readonly unknown[], R = unknown> {
  readonly inputs: readonly ModelTensor[];
  /** All outputs of the file: the leaves of the result, then `nfe` and `status` where it has them. */
  readonly outputs: readonly ModelTensor[];
  /** What was given to `exportOnnx`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Which provider runs it: on webgpu, which has no loops, those run on the CPU, and what else ONNX Runtime leaves there. */
  readonly placement: readonly Placement[];
  /**
   * Runs the function on arguments like those it was exported for; numbers are scalars. `nfe` is there if it was exported.
   *
   * @throws SolveError if a solve failed; TreeError, ShapeError or DTypeError for arguments that are not like that.
   */
  run(
    ...args: { [I in keyof A]: HostArgumentOf<A[I]> }
  ): Promise<{ readonly result: HostResultOf<R>; readonly nfe?: number }>;
  /**
   * The same by the names of inputs and outputs.
   *
   * @throws OptionError for a name that is missing or unknown, and as `run` does.
   */
  runNamed(values: Readonly<Record<string, HostArray>>): Promise<Readonly<Record<string, HostArray>>>;
  /** Waits for the runs under way, then frees the session; nothing can be run from the call on. */
  dispose(): Promise<void>;
}

/**
 * Loads a file of `exportOnnx`: its bytes, or `{ model, data }` if it was exported with external data. Options are those of
 * `onnx()`: the runtime, the provider, its threads.
 *
 * @throws FormatError if the bytes are no such file: truncated, damaged, another program's, or of a newer version;
 * OptionError for options that are not known; UnsupportedError if the provider can't run it.
 * @example
 * const model = await loadOnnx<[Tensor, Tensor], Tensor>(await readFile('model.onnx'));
 * const { result, nfe } = await model.run(array([[1, 0]]), 1e-6);
 * await model.dispose();
 */
export async function loadOnnx<A extends readonly unknown[] = readonly unknown[], R = unknown>(
  file: Uint8Array | ExportedParts,
  options: OnnxOptions = {},
): Promise<LoadedModel<A, R>> {
  const model = readModel(file);
  const { described, metadata } = readInterface(model);
  const inputs = model.graph.inputs.map(tensorOf);
  const outputs = model.graph.outputs.map(tensorOf);
  const { args, result } = readTrees(described, inputs, outputs);
  const { module, settings, optimized } = await prepare(options);
  const sessions = sessionsOf(module, settings, optimized);
  const { toValue, toHost } = valuesOf(module, settings.provider, sessions);
  const session = await sessions.open(model, { hostOutputs: new Set(outputs.map(({ name }) => name)) });
  const underWay = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  const compute = async (values: Readonly<Record<string, HostArray>>): Promise<Readonly<Record<string, HostArray>>> => {
    checkNamedInputs(inputs, values, { mayBeEmpty: Object.keys(described.failures).length === 0 });
    const feeds: NamedValues = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, toValue(value)]),
    );
    const found = await session.run(feeds);
    const arrays: Record<string, HostArray> = {};
    try {
      for (const { name, dtype } of outputs) {
        const value = found[name];
        if (value === undefined) continue;
        const { dims } = value;
        arrays[name] = hostArray(await toHost(value, tensorType(dims, dtype)), [...dims], dtype);
      }
    } finally {
      for (const value of [...Object.values(feeds), ...Object.values(found)]) value.dispose();
    }
    const reported = Object.entries(described.failures).map(([name, report]) => [
      report,
      Array.from(arrays[name]?.data ?? []),
    ]);
    const failure = failureOf(Object.fromEntries(reported) as Record<string, readonly number[]>);
    if (failure !== undefined) throw failure;
    return arrays;
  };

  const runNamed: LoadedModel['runNamed'] = async (values) => {
    if (closing !== undefined) {
      throw new ExecutionError('loadOnnx', 'the model was disposed', {
        advice: 'Load it again, or dispose of it later.',
      });
    }
    const running = compute(values);
    underWay.add(running);
    try {
      return await running;
    } finally {
      underWay.delete(running);
    }
  };

  const close = async (): Promise<void> => {
    await Promise.allSettled(underWay);
    await session.release();
    await sessions.close();
  };

  return {
    inputs,
    outputs,
    metadata,
    placement: placementOf(model.graph, settings.provider),
    runNamed,
    run: async (...given) => {
      const { leaves, structure } = flattenTree('loadOnnx', given, isArgument, 'a host array, a number or a boolean');
      checkStructure(args.structure, structure, leaves);
      const named = args.positions.map((position, i) => {
        const input = inputs[position] as ModelTensor;
        const leaf = leaves[i] as HostArray | number | boolean;
        return [input.name, isHostArray(leaf) ? leaf : scalarFor(input, leaf)] as const;
      });
      const found = await runNamed(Object.fromEntries(named));
      const at = (position: number): HostArray => found[outputs[position]?.name ?? ''] as HostArray;
      const value = result.structure.rebuild(result.positions.map(at)) as HostResultOf<R>;
      const { nfe } = described;
      return nfe === undefined ? { result: value } : { result: value, nfe: found[nfe]?.data[0] ?? NaN };
    },
    dispose: () => (closing ??= close()),
  };
}

const isArgument = (x: unknown): x is HostArray | number | boolean =>
  typeof x === 'number' || typeof x === 'boolean' || isHostArray(x);

/** @throws DTypeError for a number that the input's dtype does not have. */
function scalarFor({ name, dtype }: ModelTensor, x: number | boolean): HostArray {
  const isRight = typeof x === 'boolean' ? dtype === 'bool' : dtype !== 'bool' && (dtype !== 'i32' || x === (x | 0));
  if (isRight) return array(x, { dtype });
  throw new DTypeError('loadOnnx', `input '${name}' is ${x}`, { expected: dtype });
}

function readModel(file: Uint8Array | ExportedParts): OnnxModel {
  const isBytes = (x: unknown): x is Uint8Array => x instanceof Uint8Array;
  if (isBytes(file)) return decodeModel(file);
  // A file that was read elsewhere is whatever it is.
  const { model, data }: { readonly model?: unknown; readonly data?: unknown } = Object(file) as object;
  if (isBytes(model) && isBytes(data)) return decodeModel(model, { externalData: () => data });
  throw new OptionError('loadOnnx', `the file is ${show(file)}`, {
    expected: 'a Uint8Array, or { model, data } of two',
    advice: 'Pass await readFile(path), or new Uint8Array(await response.arrayBuffer()).',
  });
}

const dtypes: Partial<Record<ElementType, DType>> = { float: 'f32', double: 'f64', int32: 'i32', bool: 'bool' };

function tensorOf({ name, elementType, dims }: ValueInfo): ModelTensor {
  const dtype = dtypes[elementType];
  if (dtype !== undefined && dims !== undefined) return { name, dtype, shape: dims };
  throw malformed(`'${name}' is ${dims === undefined ? 'of no rank' : elementType}`);
}

/** A tree with the positions of its leaves among a model's inputs or outputs. */
interface Layout {
  readonly structure: TreeStructure;
  readonly positions: readonly number[];
}

function readTrees(
  described: FileInterface,
  inputs: readonly ModelTensor[],
  outputs: readonly ModelTensor[],
): { readonly args: Layout; readonly result: Layout } {
  const layout = (tree: unknown, count: number): Layout => {
    requirePositions(tree);
    const isPosition = (x: unknown): x is number => typeof x === 'number';
    const { leaves, structure } = flattenTree('loadOnnx', tree, isPosition, 'a position');
    const wrong = leaves.find((position) => !(Number.isInteger(position) && position >= 0 && position < count));
    if (wrong !== undefined) throw malformed(`a tree refers to tensor ${wrong} of ${count}`);
    return { structure, positions: leaves };
  };
  const diagnostics = [...Object.keys(described.failures), ...(described.nfe === undefined ? [] : [described.nfe])];
  const missing = diagnostics.find((name) => !outputs.some((output) => output.name === name));
  if (missing !== undefined) throw malformed(`there is no output '${missing}'`);
  const args = layout(described.arguments, inputs.length);
  if (new Set(args.positions).size !== inputs.length) throw malformed('the arguments are not its inputs');
  return { args, result: layout(described.result, outputs.length) };
}

/** Trees nested in each other that a file may have. */
const maxTreeDepth = 100;

/** @throws FormatError for what is no tree of numbers, or a deeper one than anybody exports. */
function requirePositions(tree: unknown, depth = 0): void {
  if (typeof tree === 'number') return;
  if (typeof tree !== 'object' || tree === null) throw malformed(`a tree holds ${show(tree)}`);
  if (depth === maxTreeDepth) throw malformed(`a tree is nested more than ${maxTreeDepth} deep`);
  for (const branch of Object.values(tree)) requirePositions(branch, depth + 1);
}

const malformed = (problem: string): FormatError =>
  new FormatError('loadOnnx', `the file's interface does not fit its graph: ${problem}`, {
    advice: 'Export it again.',
  });
