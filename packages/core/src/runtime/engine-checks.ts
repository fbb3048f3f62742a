/** What every engine refuses before it computes anything, in the same words. */
import type { HostArray } from '../array.ts';
import { DTypeError, ExecutionError, OptionError, ShapeError, UnsupportedError } from '../errors.ts';
import { checkGraph } from '../graph/check.ts';
import { allocate } from '../graph/dtype.ts';
import { formatType, sameShape, sizeOf, tensorType, type Graph, type TensorType, type Value } from '../graph/graph.ts';
import type { DeviceArray } from './backend.ts';

/**
 * Checks that a backend is one, and not the promise of one, its factory, or nothing.
 *
 * @throws OptionError if it is not.
 * @example
 * checkBackend('createOde', reference());
 */
export function checkBackend(operation: string, backend: unknown): void {
  const isObject = typeof backend === 'object' && backend !== null;
  if (isObject && 'name' in backend && !('then' in backend)) return;
  const kind =
    isObject && 'then' in backend ? 'a promise' : `no engine but ${isObject ? 'another object' : typeof backend}`;
  throw new OptionError(operation, `the backend is ${kind}`, {
    expected: 'an engine',
    advice: 'Pass { backend: await wasm() } or { backend: reference() }.',
  });
}

/** The types of a graph's inputs and outputs. */
export interface GraphInterface {
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
}

/**
 * Checks a graph and gives the types of its inputs and outputs.
 *
 * @throws TraceError or ShapeError for a graph that breaks the rules; UnsupportedError if a tape goes in or out.
 * @example
 * const { inputs, outputs } = interfaceOf(graph); // in an engine's compile(graph)
 */
export function interfaceOf(graph: Graph): GraphInterface {
  checkGraph(graph);
  const tensorOf =
    (role: string) =>
    ({ type }: Value, i: number): TensorType => {
      if (type.kind === 'tensor') return type;
      throw new UnsupportedError('compile', `${role} ${i + 1} of graph '${graph.name}' is ${formatType(type)}`, {
        expected: 'tensors: tapes live only inside a graph',
        advice: 'Read the tape with scan, and return what it gives.',
      });
    };
  return { inputs: graph.inputs.map(tensorOf('input')), outputs: graph.outputs.map(tensorOf('output')) };
}

/**
 * Checks an array before it is uploaded.
 *
 * @throws ShapeError or DTypeError if its data does not fit what it says it is.
 * @example
 * checkHostArray(array([1, 2, 3]));
 */
export function checkHostArray({ shape, dtype, data }: HostArray): void {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError('upload', `${data.length} elements for shape [${shape.join(', ')}]`, {
      expected: `${sizeOf(shape)} elements`,
    });
  }
  const [given, expected] = [data[Symbol.toStringTag], allocate(dtype, 0)[Symbol.toStringTag]];
  if (given !== expected) throw new DTypeError('upload', `a ${given} for ${dtype}`, { expected });
}

/**
 * Checks the inputs of a run, and which of them are donated.
 *
 * @throws ShapeError or DTypeError if the inputs are not what the graph takes; OptionError if a donated position is none.
 * @example
 * checkInputs(graph, interfaceOf(graph).inputs, inputs, donate);
 */
export function checkInputs(
  { name }: Graph,
  types: readonly TensorType[],
  inputs: readonly DeviceArray[],
  donate: readonly number[],
): void {
  if (inputs.length !== types.length) {
    throw new ShapeError('run', `${inputs.length} inputs for graph '${name}'`, { expected: `${types.length}` });
  }
  inputs.forEach((array, i) => {
    const type = types[i] as TensorType;
    if (array.dtype === type.dtype && sameShape(array.shape, type.shape)) return;
    const given = `input ${i + 1} of graph '${name}' is ${formatType(tensorType(array.shape, array.dtype))}`;
    const details = { expected: formatType(type), advice: 'Compile again for other types.' };
    throw array.dtype === type.dtype ? new ShapeError('run', given, details) : new DTypeError('run', given, details);
  });
  const wrong = donate.find((i) => inputs[i] === undefined);
  if (wrong === undefined) return;
  throw new OptionError('run', `input ${wrong} is donated`, { expected: `positions of the ${inputs.length} inputs` });
}

/**
 * The error for an array that an engine did not make.
 *
 * @example
 * if (!mine.has(x)) throw foreignArray('run', 'reference', x);
 */
export function foreignArray(operation: string, backend: string, array: DeviceArray | HostArray): ExecutionError {
  if (!('backend' in array)) {
    return new ExecutionError(operation, 'an array of the host was given', {
      expected: `an array that this ${backend} backend made`,
      advice: 'Upload it there: await backend.upload(x).',
    });
  }
  const owner = array.backend === backend ? `another ${backend} backend` : `backend '${array.backend}'`;
  return new ExecutionError(operation, `the array belongs to ${owner}`, {
    expected: `an array that this ${backend} backend made`,
    advice: 'Download it there and upload it here.',
  });
}

/**
 * The error for an array without elements any more.
 *
 * @example
 * if (buffer === undefined) throw disposedArray('read');
 */
export const disposedArray = (operation: string): ExecutionError =>
  new ExecutionError(operation, 'the array was disposed, or donated to a run', {
    expected: 'an array that is alive',
    advice: 'Upload it again, or dispose of it later.',
  });

/**
 * What engines throw that notice it: GPUs don't, and give what they give.
 *
 * @param operation The primitive: `div` or `rem`.
 * @example
 * if (divisor === 0) throw integerDividedByZero('div');
 */
export const integerDividedByZero = (operation: string): ExecutionError =>
  new ExecutionError(operation, 'an i32 was divided by zero', {
    expected: 'divisors that are not zero',
    advice: "Choose another divisor with select where it is zero, or convert to a float with .cast('f32').",
  });

/**
 * Checks indices along an axis, in engines that see them.
 *
 * @throws ExecutionError naming the first that is out of range.
 * @example
 * demandIndices('gather', [0, 2], 3);
 */
export function demandIndices(operation: string, indices: ArrayLike<number>, extent: number): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (index >= 0 && index < extent) continue;
    throw new ExecutionError(operation, `index ${index} along an axis of ${extent} elements`, {
      expected: extent === 0 ? 'no index at all: the axis is empty' : `0 … ${extent - 1}`,
      advice: 'Clamp the indices, or make the axis longer.',
    });
  }
}
